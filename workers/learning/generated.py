"""Judgements generated from the indexed images: transformed copies ask, and the images that they were made from are right.

The image itself has grade 4, others with its facets and category 2, others of its category 1. From these judgements a model
learns which features survive which transform.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from PIL import Image

from engine.connections import connect, guard
from engine.errors import NotFoundError
from engine.settings import Settings
from engine.store import Store
from mappings.versions import alias
from query.page import as_list, first
from ranking.judgements import files
from ranking.judgements.judgement import Judgement, Topic
from ranking.judgements.store import Judgements
from training import transforms

SEED = 7  # of the random choice of images
ITSELF, ALIKE, RELATED = 4, 2, 1  # grades
MAX_RELATED = 60  # documents of a category that are judged for one copy
FIELDS = ["category", "facets"]
MIN_SIDE = 48  # px; a copy of a smaller image shows nothing


@dataclass(frozen=True, slots=True)
class Original:
    """A document that copies are made of, with its category and facets."""

    id: str
    category: str
    facets: tuple[str, ...]


def generate(folder: Path, number: int, seed: int, settings: Settings) -> tuple[int, int]:
    """Write a folder of topics and judgements; return the number of each. NotFoundError if nothing is indexed."""
    return files.write_folder(folder, *make(number, seed, settings))


def judge(number: int, seed: int, settings: Settings) -> int:
    """Add the judgements to the installation's store; return their number. NotFoundError if nothing is indexed."""
    topics, judgements = make(number, seed, settings)
    return Judgements(connect(settings), settings).take(topics, judgements)


def make(number: int, seed: int, settings: Settings) -> tuple[list[files.Asked], list[Judgement]]:
    """Topics that ask by transformed copies of `number` indexed images, and their judgements."""
    documents = _some(connect(settings), settings, number, seed)
    if not documents:
        raise NotFoundError("there is nothing to make copies of; begin with `omma demo` or `omma ingest`")
    store, kinds = Store(settings), list(transforms.TRANSFORMS)
    topics: list[files.Asked] = []
    judgements: list[Judgement] = []
    for place, document in enumerate(documents):
        data = store.original(document.id)
        if min(Image.open(io.BytesIO(data)).size) < MIN_SIDE:
            continue
        picture = transforms.copy(data, kinds[place % len(kinds)], seed + place)
        name = f"{files.PICTURES}/{hashlib.sha256(picture).hexdigest()[:16]}.jpg"
        topic = Topic(picture=name, set=f"copy: {kinds[place % len(kinds)]}").named()
        topics.append((topic, picture))
        judgements += list(_judged(topic, document, documents))
    return topics, judgements


def _judged(topic: Topic, document: Original, documents: list[Original]) -> Iterator[Judgement]:
    """Judgements of the image itself, then of others with its category or facets."""
    related = [other for other in documents if other.category == document.category != "" and other is not document]
    grades = {other.id: ALIKE if other.facets == document.facets != () else RELATED for other in related[:MAX_RELATED]}
    for name, grade in ({document.id: ITSELF} | grades).items():
        yield Judgement(topic=topic.id, document=name, grade=grade, source="generated", rater="transformed copies")


def _some(client: OpenSearch, settings: Settings, number: int, seed: int) -> list[Original]:
    """Random documents in the order of their ids, so that a seed makes the same copies however they were indexed."""
    query: dict[str, Any] = {"function_score": {"random_score": {"seed": seed, "field": "_seq_no"}}}
    body = {"size": number, "_source": FIELDS, "query": query}
    with guard():
        hits = client.search(index=alias(settings), body=body, params={"ignore_unavailable": "true"})["hits"]["hits"]
    return [_original(hit["_id"], hit["_source"]) for hit in sorted(hits, key=lambda hit: hit["_id"])]


def _original(document: str, source: dict[str, Any]) -> Original:
    return Original(document, first(source.get("category", "")), tuple(sorted(as_list(source.get("facets") or []))))
