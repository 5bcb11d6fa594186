"""The collection itself: products of feeds, landmarks, people who are named, things that have a category and a short title."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from answers.entities.entity import MAX_NAME, MAX_REFERENCES, Entity, Json
from answers.entities.kinds import kind_of
from answers.entities.loading import EntityLoader
from answers.entities.names import ARTICLES, folded
from engine.errors import NotFoundError
from factors.text import Kind, TextSnippet
from ingest.documents import several
from ingest.item import Refusal
from ingest.landmarks import LANDMARK
from mappings import versions
from mappings.bulk import read_all

READ_SIZE = 200
READ_FIELDS = ("category", "facets", "texts", "price", "sources")
NAMED_FACETS = {LANDMARK: "landmark", "person": "person"}  # facets that say what a picture shows -> type of the entity
BRANDS = ("brand", "vendor", "manufacturer")
TITLES = (Kind.PRODUCT, Kind.TITLE, Kind.CAPTION)  # snippets that may name what a picture shows, the surest first
MAX_TITLE_WORDS = 6  # a longer title describes a scene, and names nothing
NAME_ENDS = re.compile(r"\s*(?:[.!?,;:(—–]|\s-\s).*", re.DOTALL)
ENGLISH = "en"


@dataclass(slots=True)
class _Thing:
    """What documents of one thing say."""

    type: str
    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    page: str = ""
    surroundings: set[str] = field(default_factory=set)


class CollectionLoader(EntityLoader):
    """Groups documents by the facets `landmark` and `person`, by product, and by category and title."""

    name: ClassVar[str] = "collection"
    accepts: ClassVar[str] = "`collection`"
    about: ClassVar[str] = (
        "The documents that are indexed: a product of a feed, a landmark, a person named by the facet `person`, and a short "
        "title with a category are entities, with these documents as reference pictures. Made anew after each ingest."
    )

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Only the name of the loader."""
        return address == cls.name

    def entities(self) -> Iterator[Entity | Refusal]:
        """By key; groups are held in memory, with at most sixteen documents each."""
        things: dict[str, _Thing] = {}
        try:
            index = versions.current_index(self.context.client, self.context.settings)
        except NotFoundError:
            return
        for batch in read_all(self.context.client, index, {"match_all": {}}, READ_SIZE, source=READ_FIELDS):
            for document in batch:
                _add(things, document.id, document.source)
        yield from (_entity(key, things[key]) for key in sorted(things))


def _add(things: dict[str, _Thing], document: str, source: Json) -> None:
    """Add a document to every thing that it shows."""
    texts = [one for entry in source.get("texts", ()) if not (one := TextSnippet.from_json(entry)).is_trash]
    facets = dict(token.partition("=")[::2] for token in several(source.get("facets", [])))
    for key, kind, names in _keys(source, texts, facets):
        thing = things.setdefault(key, _Thing(kind))
        for language, name in names.items():
            thing.names.setdefault(language, name)
        if len(thing.references) < MAX_REFERENCES:
            thing.references.append(document)
        thing.surroundings |= {str(one) for one in several(source.get("category", []))} | set(facets.values())
        thing.page = thing.page or next((one["page"] for one in source.get("sources", ()) if one.get("page")), "")
        thing.facts |= {name: facets[name] for name in BRANDS if name in facets}
        _describe(thing, texts)


def _keys(source: Json, texts: list[TextSnippet], facets: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Keys of the things that a document shows, with their types and names by language."""
    named = [(facet, kind, facets[facet]) for facet, kind in NAMED_FACETS.items() if facets.get(facet)]
    yield from ((f"{facet}:{folded(name)}", kind, {"": name}) for facet, kind, name in named)
    if named:
        return
    product = next((one for one in texts if one.kind is Kind.PRODUCT), None)
    title = product or next((one for one in texts if one.kind is Kind.TITLE), None)
    if title and (product or source.get("price") is not None):
        brand = next((facets[name] for name in BRANDS if name in facets), "")
        if name := folded(title.text):
            yield f"product:{folded(brand)}:{name}", "product", {title.language: title.text[:MAX_NAME]}
    elif (category := next(iter(several(source.get("category", []))), "")) and (names := names_of(texts)):
        first = names.get(ENGLISH) or next(iter(names.values()))
        yield f"category:{folded(str(category))}:{folded(first)}", "", names


def names_of(texts: list[TextSnippet]) -> dict[str, str]:
    """The names that short titles give, by language; none where the first title is a sentence that names nothing."""
    for kind in TITLES:
        named: dict[str, str] = {}
        for snippet in (one for one in texts if one.kind is kind):
            name = name_of(snippet.text)
            if name and snippet.language not in named:
                named[snippet.language] = name
            elif not named:
                break
        if named:
            return named
    return {}


def name_of(title: str) -> str:
    """The name in a title, without an article and what follows it: `An inukshuk (or inuksuk), a landmark` names an inukshuk."""
    words = NAME_ENDS.sub("", title.strip()).split()
    if words and words[0].casefold() in ARTICLES:
        words = words[1:]
    name = " ".join(words)
    return name if 0 < len(words) <= MAX_TITLE_WORDS and len(name) <= MAX_NAME and folded(name) else ""


def _describe(thing: _Thing, texts: list[TextSnippet]) -> None:
    """The longest text of each language that says more than the name."""
    for snippet in texts:
        name, known = thing.names.get(snippet.language, ""), thing.descriptions.get(snippet.language, "")
        if snippet.kind in TITLES and len(snippet.text.split()) > len(name.split()) + 2 and len(snippet.text) > len(known):
            thing.descriptions[snippet.language] = snippet.text


def _entity(key: str, thing: _Thing) -> Entity:
    """The entity of a group, with the gloss of what it is where nobody describes it."""
    language, name = (ENGLISH, thing.names[ENGLISH]) if ENGLISH in thing.names else next(iter(thing.names.items()))
    kind = kind_of(name, thing.surroundings) if language in ("", ENGLISH) else None
    facts = dict(thing.facts) | ({"kind": kind.names[0]} if kind else {})
    described = dict(thing.descriptions)
    if kind and not described.get(ENGLISH) and not described.get(language):
        described[ENGLISH] = f"{kind.names[0].capitalize()}: {kind.gloss}"
    return Entity(
        id=f"collection:{key}"[:200], names=thing.names, descriptions=described, facts=facts, references=thing.references,
        type=thing.type or (kind.type if kind else "thing"), synset=kind.synset if kind else "", source="this collection",
        page=thing.page if thing.page.startswith(("http://", "https://")) else "",
    )  # fmt: skip
