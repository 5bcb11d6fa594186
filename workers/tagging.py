"""Tags of documents: found after an ingest from the text of their neighbours, and again where these may have changed.

Celery's beat asks every minute whether a document is due (`omma.tag`). One is due if it has no tags yet, if text was added to
it since, or if it is a neighbour of one that was tagged for the first time: it has a new neighbour. Tagging takes at most
OMMA_TAG_MINUTES at a time, gives way to an ingest, and goes on where it stopped.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from answers.neighbours import neighbours_of
from answers.tag import Tag
from answers.tags import tags_of
from engine.connections import Context
from engine.errors import EngineUnavailable, InputError, NotFoundError
from factors.tags import TAG_FIELDS
from ingest.backfill import Remade, in_place
from mappings import versions
from query.engine_calls import Index
from query.request import SearchRequest
from query.search import Searcher
from workers.learning.adapting import Extractor, is_ingesting

Json = dict[str, Any]
FACTOR = "tags"
NONE = "-"  # in `tagged_by`, of a document without neighbours: it is tagged, and has none
MAX_KEPT_NEIGHBOURS = 10  # of a document: those that decide most, and that look at it in turn
MAX_TAGS = 5  # of a document
LOCK_SECONDS = 600.0  # after the minutes that tagging may take, when the lock of a lost process expires
DUE: Json = {"bool": {"must_not": [{"exists": {"field": "tagged_by"}}]}}
logger = logging.getLogger(__name__)


def tag(context: Context, extractor: Extractor = None) -> str:
    """Tag the documents that are due, unless another process does; returns the outcome in words."""
    settings = context.settings
    if not settings.tags:
        return "switched off (OMMA_TAGS)"
    if is_ingesting(context.redis, settings):
        return "an ingest runs"
    if not Index(context.client, settings).has_factor(FACTOR):
        return "the index has no tags; run `omma reindex`"
    lock = context.redis.lock(f"{settings.index_prefix}:tagging", timeout=60 * settings.tag_minutes + LOCK_SECONDS)
    if not lock.acquire(blocking=False):
        return "another process is tagging"
    try:
        return _tagged(context, Searcher(context, extractor))
    except EngineUnavailable as error:
        return f"waiting for the engine: {error}"
    finally:
        lock.release()


def _tagged(context: Context, searcher: Searcher) -> str:
    """Tag new documents, then the neighbours that they have got."""
    end = time.monotonic() + 60 * context.settings.tag_minutes

    def proceed() -> bool:
        return time.monotonic() < end and not is_ingesting(context.redis, context.settings)

    tagger = Tagger(searcher)
    number = sum(1 for _ in _written(context, tagger, DUE, proceed))
    around = sorted(tagger.neighbours - tagger.tagged)
    again = sum(1 for _ in _written(context, tagger, {"ids": {"values": around}}, proceed)) if around else 0
    return f"{number} documents tagged, {again} neighbours again" if number else "nothing is due"


def _written(context: Context, tagger: "Tagger", query: Json, proceed: Callable[[], bool]) -> Iterator[str]:
    """The documents that match a query, each once it is written, as long as `proceed` allows."""
    if not proceed():
        return
    index = versions.current_index(context.client, context.settings)
    for image, remade in in_place(context.client, context.settings, index, query, tagger):
        if remade is not None:
            yield image
        if not proceed():
            return


class Tagger:
    """Finds the tags of documents; `tagged` are those that it did, `neighbours` those that speak for them."""

    def __init__(self, searcher: Searcher) -> None:
        """Documents are asked with as they are, so that no model of images runs."""
        self._searcher = searcher
        self.tagged: set[str] = set()
        self.neighbours: set[str] = set()

    def remake(self, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Remade]:
        """The documents with their tags."""
        return {image: Remade(self._remade(image, document)) for image, document in documents.items()}

    def _remade(self, image: str, document: Mapping[str, Any]) -> Json:
        kept = {name: value for name, value in document.items() if name not in TAG_FIELDS}
        self.tagged.add(image)
        try:
            values = self._searcher.run(SearchRequest(like=image), until="group")
        except (InputError, NotFoundError) as error:  # deleted meanwhile, or made by other weights
            logger.info("%s is not tagged: %s", image, error)
            return kept | {"tagged_by": [NONE]}
        found = neighbours_of(values)
        by = [one.id for one in found[:MAX_KEPT_NEIGHBOURS]]
        self.neighbours.update(by)
        certain = [one for one in tags_of(self._searcher, values, neighbours=found).tags if one.is_certain]
        return kept | fields_of(certain[:MAX_TAGS]) | {"tagged_by": by or [NONE]}


def fields_of(tags: Sequence[Tag]) -> Json:
    """The fields of a document that has these tags."""
    if not tags:
        return {}
    names = list(dict.fromkeys(name for one in tags for name in (one.name, *one.broader)))
    stored = [
        {"name": one.name, "confidence": one.confidence, "language": one.language, "broader": one.broader} for one in tags
    ]
    words = list(dict.fromkeys((*names, *(name for one in tags for name in one.also))))
    return {"tag": names, "tag_words": words, "tags": {"list": stored}}
