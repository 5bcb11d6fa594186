"""An installation's own questions: asked of its own documents, so that their answers are known without a judgement.

A sample of documents is drawn. The questions, and the documents that are related to them, are

* copies: a transformed copy of a document's image, or a part of it, and the document (`copy: crop`, ...);
* groups: a document, and the others of its smallest group (a facet, which may be a landmark, or its category);
* words: a few words of a document's linked text, or of the text read in its image, and the document;
* judgements: a judged question, and the documents graded 2 and more.

A document counts as unrelated to a question about another one only if they share no group (a facet, category or landmark that
holds at most half of the sample), their perceptual hashes differ by more than OMMA_DUPLICATE_BITS bits, it has none of the
words asked for, and nobody graded it above 0.
"""

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from opensearchpy import OpenSearch
from PIL import Image

from engine.connections import guard
from engine.errors import InputError, NotFoundError
from engine.settings import Settings
from engine.store import Store
from factors.confirmed import words_of
from factors.text import TextSnippet
from ingest.names import is_camera_name
from mappings.versions import alias
from query.page import as_list, first
from query.request import SearchRequest
from ranking.judgements.judgement import Topic, by_topic
from ranking.judgements.store import Judgements
from training import transforms

Tell = Callable[[str], None]
MAX_UNRELATED, MAX_RELATED = 250, 20  # documents per question
MAX_GROUP_SHARE = 0.5  # of the sample; larger groups relate nothing
WORDS_ASKED = 3  # per question
BITS = 64  # of a perceptual hash, kept as a signed number
RELATED_GRADE = 2
COPY, GROUP = "copy", "same "  # how relations of copies and of groups begin
SAVED, PART = "saved", "part"  # the copy that only loses a little (`saved_copy`), and the image asked by a part of it
PART_SIDE = (0.4, 0.7)  # of the image's width and height
LINKED = "linked words"  # relation of questions by text that is linked to the document
FIELDS = ["category", "facets", "texts", "ocr"]


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """A question, its related documents, and documents that are certainly unrelated.

    `same_thing`: the related documents show the same individual thing as the question's image.
    """

    relation: str
    request: SearchRequest
    related: frozenset[str]
    unrelated: frozenset[str]
    same_thing: bool = False


@dataclass(frozen=True, slots=True)
class Sampled:
    """A document of the sample: its groups (`name=value`), its words by origin, the bits of its perceptual hash."""

    id: str
    groups: frozenset[str]
    words: dict[str, tuple[str, ...]]
    phash: int | None = None


def draw_sample(client: OpenSearch, settings: Settings, number: int, seed: int) -> list[Sampled]:
    """Random documents, the same ones for a seed."""
    query: dict[str, Any] = {"function_score": {"random_score": {"seed": seed, "field": "_seq_no"}}}
    body = {"size": number, "_source": FIELDS, "query": query, "docvalue_fields": ["phash_bits"]}
    with guard():
        hits = client.search(index=alias(settings), body=body, params={"ignore_unavailable": "true"})["hits"]["hits"]
    return [_sampled(hit) for hit in hits]


class Pairing:
    """Which documents of a sample are related and unrelated to one of them."""

    def __init__(self, sample: Sequence[Sampled], duplicate_bits: int, seed: int) -> None:
        """`duplicate_bits`: Hamming distance of perceptual hashes up to which two images are duplicates."""
        self.sample, self._bits = sample, duplicate_bits
        counts = Counter(group for document in sample for group in document.groups)
        self._sizes = {group: size for group, size in counts.items() if 1 < size <= MAX_GROUP_SHARE * len(sample)}
        self._random = random.Random(seed)  # noqa: S311  (a repeatable choice, no secret)

    def smallest_group(self, document: Sampled) -> tuple[str, frozenset[str]]:
        """The name of the smallest group that it shares, and the other members; empty if it shares none."""
        shared = sorted((self._sizes[group], group) for group in document.groups if group in self._sizes)
        if not shared:
            return "", frozenset()
        group = shared[0][1]
        others = sorted(other.id for other in self.sample if group in other.groups and other.id != document.id)
        return group.partition("=")[0], frozenset(others[:MAX_RELATED])

    def unrelated(
        self, documents: Sequence[Sampled], words: Sequence[str] = (), related: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Documents that share nothing with these, have none of the words, and are not in `related`."""
        found = [
            other.id
            for other in self.sample
            if other.id not in related and not _has_any(other, words) and not any(self._share(one, other) for one in documents)
        ]
        return frozenset(self._random.sample(found, min(len(found), MAX_UNRELATED)))

    def _share(self, one: Sampled, other: Sampled) -> bool:
        if one.id == other.id or any(group in self._sizes for group in one.groups & other.groups):
            return True
        if one.phash is None or other.phash is None:
            return False
        return (one.phash ^ other.phash).bit_count() <= self._bits


def own_questions(pairing: Pairing, settings: Settings, client: OpenSearch, number: int, tell: Tell) -> Iterator[OwnQuestion]:
    """At most `number` questions of each kind, the kinds in turn, so that any beginning of them has all kinds."""
    kinds = [
        _copies(pairing, Store(settings), number, tell), _groups(pairing, number), _words(pairing, number),
        _judged(pairing, Judgements(client, settings), tell),
    ]  # fmt: skip
    for asked in zip_longest(*kinds):
        yield from filter(None, asked)


def _copies(pairing: Pairing, store: Store, number: int, tell: Tell) -> Iterator[OwnQuestion]:
    """A transformed copy of each image, the transforms in turn; an image that cannot be copied is left out and reported."""
    kinds = [SAVED, PART, *transforms.TRANSFORMS]
    for place, document in enumerate(pairing.sample[:number]):
        kind = kinds[place % len(kinds)]
        try:
            request = _copy(store.original(document.id), kind, place)
        except (NotFoundError, InputError, OSError, ValueError) as error:
            tell(f"no copy of {document.id[:12]}: {error}")
            continue
        related = frozenset({document.id})
        yield OwnQuestion(f"{COPY}: {kind}", request, related, pairing.unrelated([document]), same_thing=kind != PART)


def _copy(data: bytes, kind: str, seed: int) -> SearchRequest:
    if kind == PART:
        return SearchRequest(image=data, box=_part(seed))
    return SearchRequest(image=saved_copy(data) if kind == SAVED else transforms.copy(data, kind, seed))


def _part(seed: int) -> list[float]:
    """A rectangle x, y, w, h anywhere in the image, as fractions."""
    chosen = random.Random(seed)  # noqa: S311  (a repeatable choice, no secret)
    w, h = chosen.uniform(*PART_SIDE), chosen.uniform(*PART_SIDE)
    return [chosen.uniform(0, 1 - w), chosen.uniform(0, 1 - h), w, h]


def _groups(pairing: Pairing, number: int) -> Iterator[OwnQuestion]:
    """A document asks for the others of its smallest group."""
    for document in pairing.sample[:number]:
        name, others = pairing.smallest_group(document)
        if others:
            yield OwnQuestion(f"{GROUP}{name}", SearchRequest(like=document.id), others, pairing.unrelated([document]))


def _words(pairing: Pairing, number: int) -> Iterator[OwnQuestion]:
    """The longest words of a document's text ask for it."""
    for document in pairing.sample[:number]:
        for origin, words in document.words.items():
            asked = sorted(dict.fromkeys(words), key=lambda word: (-len(word), word))[:WORDS_ASKED]
            request, related = SearchRequest(text=" ".join(asked)), frozenset({document.id})
            yield OwnQuestion(origin, request, related, pairing.unrelated([document], asked))


def _judged(pairing: Pairing, store: Judgements, tell: Tell) -> Iterator[OwnQuestion]:
    """Judged questions; documents graded 0 are unrelated, too."""
    by_id, grades = {document.id: document for document in pairing.sample}, by_topic(store.all())
    for topic in (topic for topic in map(Topic.named, store.topics()) if topic.id in grades):
        judged = grades[topic.id]
        related = frozenset(document for document, grade in judged.items() if grade >= RELATED_GRADE)
        graded = frozenset(document for document, grade in judged.items() if grade > 0) | {topic.like}
        known = [by_id[document] for document in graded if document in by_id]
        refused = frozenset(document for document, grade in judged.items() if grade == 0)
        sampled = pairing.unrelated(known, words_of(topic.text), graded) if known else frozenset()
        try:
            request = SearchRequest.of_topic(topic, store.picture(topic))
        except (InputError, NotFoundError) as error:
            tell(f"question {topic.id} is left out: {error}")
            continue
        yield OwnQuestion("judged", request, related, refused | sampled)


def _sampled(hit: dict[str, Any]) -> Sampled:
    source = hit["_source"]
    category = first(source.get("category", ""))
    groups = [*as_list(source.get("facets") or []), *([f"category={category}"] if category else [])]
    snippets = map(TextSnippet.from_json, source.get("texts") or [])
    linked = next((snippet.text for snippet in snippets if not snippet.is_trash and not is_camera_name(snippet)), "")
    words = {LINKED: words_of(linked), "words in the image": words_of(_read_text(source))}
    bits = hit.get("fields", {}).get("phash_bits")
    phash = int(bits[0]) % (1 << BITS) if bits else None
    return Sampled(hit["_id"], frozenset(groups), {name: tuple(found) for name, found in words.items() if found}, phash)


def _read_text(source: dict[str, Any]) -> str:
    return " ".join(str(text) for text in as_list(source.get("ocr") or []))


def _has_any(document: Sampled, words: Sequence[str]) -> bool:
    return any(word in found for found in document.words.values() for word in words)


def saved_copy(data: bytes) -> bytes:
    """The image without 2 % at each edge, at two thirds of its size, as a poor JPEG."""
    pixels = transforms.opened(data)
    image = Image.fromarray(transforms.over(pixels, np.full_like(pixels[..., :3], transforms.OPAQUE)))
    w, h = image.size
    cut = image.crop((w // 50, h // 50, w - w // 50, h - h // 50)).resize((max(1, 2 * w // 3), max(1, 2 * h // 3)))
    out = io.BytesIO()
    cut.save(out, "JPEG", quality=40)
    return out.getvalue()
