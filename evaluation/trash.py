"""Quality of the trash filter on labelled sites: precision and recall by site, kind and reason, and the gain of search."""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch

from engine.connections import connect, guard
from engine.errors import OmmaError
from engine.settings import Settings
from evaluation.labelled import UNKNOWN, LabelledSite, build, key_of, names
from factors.base import Factor, Question
from factors.registry import own_factors
from factors.text import Kind, Term, TextSnippet, Words
from ingest.item import Item
from ingest.sources import open_source
from mappings.template import index_body

Json = dict[str, Any]
SPLITS = {"tuned on": True, "held out": False}
MAX_RANK = 10  # later ranks have reciprocal rank 0


@dataclass(frozen=True, slots=True)
class Judged:
    """One snippet of one picture, with its label (`why` it is trash; empty: it is not) and the verdict of the filter."""

    site: str
    tuned: bool
    picture: str
    kind: str
    text: str
    why: str
    weight: float
    reason: str
    is_trash: bool


@dataclass
class Read:
    """A site that was read: snippets with label and verdict, snippets by picture; `unknown`: snippets without a label."""

    site: LabelledSite
    judged: list[Judged]
    snippets: dict[str, list[TextSnippet]]
    unknown: int


def measure(settings: Settings) -> Json:
    """All figures: the filter against the labels, and search with and without it. Needs running services."""
    with tempfile.TemporaryDirectory() as name:
        here = settings.model_copy(update={"store_url": f"file://{name}/store"})
        read = [read_site(site, Path(name), seed, here) for seed, site in enumerate(names(), start=1)]
    judged = [one for site in read for one in site.judged]
    return {
        "snippets": len(judged),
        "not_labelled": sum(site.unknown for site in read),
        "split": {name: _figures([one for one in judged if one.tuned is tuned]) for name, tuned in SPLITS.items()},
        "sites": {site.site.name: {"tuned": site.site.tuned} | _figures(site.judged) for site in read},
        "labels": _by(judged, lambda one: one.why or "about the picture"),
        "kinds": {kind: _figures([one for one in judged if one.kind == kind]) for kind in sorted({one.kind for one in judged})},
        "reasons": _by([one for one in judged if one.reason], lambda one: re.sub(r"\d+", "N", one.reason)),
        # Mistakes on held-out sites are not shown: rules made from them would no longer be held out.
        "wrong": [_shown(one) for one in judged if one.tuned and one.is_trash != bool(one.why)],
        "search": _search(read, settings),
    }


def read_site(name: str, folder: Path, seed: int, settings: Settings) -> Read:
    """Build a site, read it as `omma ingest site:` does, and put labels and verdicts side by side."""
    place = folder / name
    place.mkdir()
    site = build(name, place, seed)
    found = Read(site, [], {}, 0)
    for item in open_source(f"site:{place}", settings=settings).items():
        if not isinstance(item, Item):
            raise OmmaError(f"{name}: {item.reference}: {item.reason} ({item.message})")
        page, _, address = item.reference.partition(" > ")
        picture = key_of(address)
        found.snippets.setdefault(picture, []).extend(item.snippets)
        for snippet in item.snippets:
            if snippet.kind is not Kind.FILE_NAME:  # names of these files are the keys of the labels
                _judge(found, site, page, picture, snippet)
    return found


def _judge(found: Read, site: LabelledSite, page: str, picture: str, snippet: TextSnippet) -> None:
    why = site.labels[page].of(snippet.text, picture)
    if why == UNKNOWN:
        found.unknown += 1
        return
    verdict = (snippet.weight, snippet.reason, snippet.is_trash)
    found.judged.append(Judged(site.name, site.tuned, picture, snippet.kind.value, snippet.text, why, *verdict))


def _figures(judged: Sequence[Judged]) -> Json:
    """Precision and recall of trash, of kept snippets, and precision of snippets of full weight."""
    trash, found = [one for one in judged if one.why], [one for one in judged if one.is_trash]
    good, kept = [one for one in judged if not one.why], [one for one in judged if not one.is_trash]
    full = [one for one in judged if one.weight >= 1]
    return {
        "snippets": len(judged),
        "trash": len(trash),
        "trash_precision": _share(found, trash),
        "trash_recall": _share(trash, found),
        "kept_precision": _share(kept, good),
        "kept_recall": _share(good, kept),
        "full_weight_precision": _share(full, good),
    }


def _share(all_of: Sequence[Judged], that_are: Sequence[Judged]) -> float | None:
    """The share of the first that is among the second; None if the first is empty."""
    among = {id(one) for one in that_are}
    return sum(id(one) in among for one in all_of) / len(all_of) if all_of else None


def _by(judged: Iterable[Judged], group: Callable[[Judged], str]) -> dict[str, Json]:
    """Group -> number of snippets, of trash by label, and of snippets that are kept apart; the largest group first."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(group(one), []).append(one)
    return {
        key: {
            "snippets": len(found),
            "trash": sum(bool(one.why) for one in found),
            "kept_apart": sum(one.is_trash for one in found),
        }
        for key, found in sorted(groups.items(), key=lambda entry: -len(entry[1]))
    }


def _shown(one: Judged) -> Json:
    return {name: getattr(one, name) for name in ("site", "picture", "kind", "text", "why", "weight", "reason")}


def _search(read: Sequence[Read], settings: Settings) -> Json:
    """The query of each picture, asked of all sites: BM25 over weighted snippets, and over the same without weights."""
    client = connect(settings)
    found: Json = {"questions": sum(len(site.site.queries) for site in read)}
    ranks = {}
    for way in ("unweighted", "weighted"):
        with _index(client, settings, way, read) as index:
            ranks[way] = [rank for site in read for rank in _ranks(client, index, site)]
        for split, tuned in SPLITS.items():
            mine = [rank for site_tuned, rank in ranks[way] if site_tuned is tuned]
            found.setdefault(split, {"questions": len(mine)})[way] = _success(mine)
    pairs = [(a or 1000, b or 1000) for (_, a), (_, b) in zip(ranks["unweighted"], ranks["weighted"], strict=True)]
    return found | {"better": sum(b < a for a, b in pairs), "worse": sum(b > a for a, b in pairs)}


def _success(ranks: Sequence[int]) -> Json:
    """The share of questions with the right picture first, and the mean reciprocal rank."""
    first, reciprocal = sum(rank == 1 for rank in ranks), sum(1 / rank for rank in ranks if 0 < rank <= MAX_RANK)
    return {"first": first / len(ranks), "mrr": reciprocal / len(ranks)}


def _linked_text() -> Factor:
    return next(factor for factor in own_factors() if factor.name == "linked_text")


@contextmanager
def _index(client: OpenSearch, settings: Settings, way: str, read: Sequence[Read]) -> Iterator[str]:
    """The name of an index of linked text alone, deleted at the end."""
    name = f"{settings.index_prefix}-trash-{way}"
    with guard():
        client.indices.delete(index=name, ignore_unavailable=True)
        client.indices.create(index=name, body=index_body({"linked_text": _linked_text().fields({})}, {}, settings))
        client.bulk(body=list(_documents(name, way, read)), refresh=True)
    try:
        yield name
    finally:
        client.indices.delete(index=name, ignore_unavailable=True)


def _documents(index: str, way: str, read: Sequence[Read]) -> Iterator[Json]:
    """Action and document of every picture, for a bulk request."""
    for site in read:
        for picture, snippets in site.snippets.items():
            named = [snippet for snippet in snippets if snippet.kind is not Kind.FILE_NAME]
            plain = [TextSnippet(snippet.kind, snippet.text, snippet.language) for snippet in named]
            yield {"index": {"_index": index, "_id": f"{site.site.name}/{picture}"}}
            yield _linked_text().snippet_fields_of(named if way == "weighted" else plain, {})


def _ranks(client: OpenSearch, index: str, site: Read) -> Iterator[tuple[bool, int]]:
    """For each query: whether its site was tuned on, and the rank of the right picture (0: not found)."""
    for picture, query in site.site.queries.items():
        words = Words(tuple(Term(word) for word in query.split()))
        clause = _linked_text().clauses(Question(words=words))[0]
        with guard():
            answer = client.search(index=index, body={"size": 100, "_source": False, "query": clause.retrieve})
        ids = [hit["_id"] for hit in answer["hits"]["hits"]]
        right = f"{site.site.name}/{picture}"
        yield site.site.tuned, ids.index(right) + 1 if right in ids else 0
