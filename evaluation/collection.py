"""A collection with an index of its own, made by the code that workers run, without the queue.

Its extractors keep their outputs from one evaluation to the next: images are extracted from once per weights.
"""

import contextlib
import hashlib
import pickle
import shutil
import sqlite3
from collections.abc import Collection as Names
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import Context, connect_redis
from engine.installation import make_folder, paths_of
from engine.settings import Settings
from engine.store import Store
from evaluation.datasets import Known
from factors.registry import FactorRegistry
from factors.text import Kind, TextSnippet
from ingest.item import Item
from mappings.versions import ENTITIES, PICTURES, alias, all_indices
from query.search import Searcher
from vision.extractor import Extractor, Outcome, Value
from vision.feature_extractor import FeatureExtractor
from vision.image_features import ImageFeatures
from vision.picture import Picture
from vision.registry import extractors_of
from workers.runtime import Runtime

OUTPUTS = "observations.sqlite"  # in the cache folder
KINDS = (PICTURES, ENTITIES)  # of indices
Row = tuple[str, str, bytes]


class Collection:
    """Pictures of data sets, indexed under a prefix of their own."""

    def __init__(self, name: str, settings: Settings, extractors: Names[str] | None = None) -> None:
        """`settings`: servers and models; `extractors`: names of those that run, by default all."""
        folder = settings.home / "evaluation" / name
        self.settings = settings.model_copy(
            update={
                "index_prefix": f"{settings.index_prefix}-evaluation-{name}",
                "store_url": f"file://{folder}",
                "more_columns": FactorRegistry.of(settings).every_feature_name,
            }
        )
        self.folder = folder
        self._feature_extractor = CachedFeatureExtractor(settings, extractors)
        self._runtime = Runtime(Context(self.settings), self._feature_extractor)
        self.ids: dict[Path, str] = {}

    def add(self, pictures: Iterable[Known], texts: int = 0) -> None:
        """Index pictures, with the first `texts` texts of each linked to it."""
        store = Store(self.settings)
        items = []
        for known in pictures:
            self.ids[known.path] = digest = store.put_original(known.path.read_bytes())
            snippets = tuple(TextSnippet(Kind.CAPTION, text, "en") for text in known.texts[:texts])
            facts: dict[str, Any] = {"category": known.fine, "has_metadata": True}  # text inside the file is not asked for
            items.append(Item(known.set, known.path.name, known.set, original=digest, snippets=snippets, **facts))
        self.add_items(items)

    def add_items(self, items: Sequence[Item]) -> None:
        """Index items whose bytes are in the collection's store."""
        self._runtime.process_now(items, "evaluation", "evaluation")

    def original(self, document: str) -> bytes:
        """The bytes of a document's picture."""
        return Store(self.settings).original(document)

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> fingerprint of its weights."""
        return self._feature_extractor.fingerprints()

    def count(self) -> int:
        """Number of documents."""
        return int(self.client.count(index=alias(self.settings))["count"])

    def searcher(self, **changes: object) -> Searcher:
        """A searcher over the collection with some settings changed."""
        context = self._runtime.context.with_settings(self.settings.model_copy(update=changes))
        return Searcher(context, lambda: self._feature_extractor)

    @property
    def context(self) -> Context:
        """Settings and connections of the collection."""
        return self._runtime.context

    @property
    def client(self) -> OpenSearch:
        """The connection to the engine."""
        return self._runtime.client

    def remove(self) -> None:
        """Delete indices, Redis keys and files of the collection."""
        client, redis, prefix = self._runtime.client, connect_redis(self.settings), self.settings.index_prefix
        for index in [*(one for kind in KINDS for one in all_indices(client, self.settings, kind)), f"{prefix}-quarantine"]:
            client.indices.delete(index=index, ignore_unavailable=True)
        for kind in KINDS:
            with contextlib.suppress(MissingError):
                client.indices.delete_index_template(name=alias(self.settings, kind))
        for key in redis.scan_iter(f"{prefix}:*"):
            redis.delete(key)
        shutil.rmtree(self.folder, ignore_errors=True)


class CachedFeatureExtractor(FeatureExtractor):
    """A feature extractor that keeps the outputs of its extractors in a file of the cache folder.

    Outputs are kept by fingerprint: after a change of weights only that extractor runs again.
    """

    def __init__(self, settings: Settings, extractors: Names[str] | None = None) -> None:
        """Open the file; `extractors`: names of those that run, by default those that `extract` is asked for."""
        super().__init__(extractors_of(settings))
        self._names, self._marks = extractors, self.fingerprints()
        self._kept = sqlite3.connect(make_folder(paths_of(settings).cache) / OUTPUTS, timeout=60, check_same_thread=False)
        self._kept.execute(
            "create table if not exists seen (extractor text, key text, seen blob, primary key (extractor, key))"
        )

    def extract(self, pictures: Sequence[Picture], extractors: Names[str] | None = None) -> list[ImageFeatures]:
        """The features of each picture."""
        return super().extract(pictures, extractors if self._names is None else self._names)

    def _observe(
        self, extractor: Extractor[Any], pictures: Sequence[Picture], found: Sequence[ImageFeatures]
    ) -> list[Outcome[Any]]:
        """Outputs that were kept, or are extracted now; failures are not kept."""
        mark, keys = f"{extractor.name} {self._marks[extractor.name]}", [_key(picture) for picture in pictures]
        known = {key: kept for key in dict.fromkeys(keys) if (kept := self._cached(mark, key))}
        fresh = {key: place for place, key in enumerate(keys) if key not in known}
        places = list(fresh.values())
        outcomes = super()._observe(extractor, [pictures[at] for at in places], [found[at] for at in places]) if places else []
        made = dict(zip(fresh, outcomes, strict=True))
        self._keep([(mark, key, pickle.dumps(one.value)) for key, one in made.items() if isinstance(one, Value)])
        return [(known | made)[key] for key in keys]

    def _cached(self, mark: str, key: str) -> Value[Any] | None:
        """The output that was kept, if any."""
        with self._lock:
            row = self._kept.execute("select seen from seen where extractor = ? and key = ?", (mark, key)).fetchone()
        return Value(pickle.loads(row[0])) if row else None  # noqa: S301  (written below, on this machine)

    def _keep(self, rows: Sequence[Row]) -> None:
        with self._lock, self._kept:
            self._kept.executemany("insert or replace into seen values (?, ?, ?)", rows)


def _key(picture: Picture) -> str:
    """Id and hash of the pixels: a crop has the id of its whole image."""
    pixels = hashlib.sha256(picture.pixels.tobytes())
    if picture.alpha is not None:
        pixels.update(picture.alpha.tobytes())
    return f"{picture.id} {pixels.hexdigest()}"
