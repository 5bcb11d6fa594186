"""A collection with an index of its own, made by the very code that workers run, without the queue."""

import contextlib
import shutil
from collections.abc import Collection as Names
from collections.abc import Iterable, Sequence
from pathlib import Path

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.broker import connect_redis
from engine.context import Context
from engine.settings import Settings
from engine.store import Store
from evaluation.datasets import Known
from evaluation.memory import Remembering
from factors.linked import Kind, TextSnippet
from factors.registry import FactorRegistry
from ingest.item import Item
from mappings.versions import alias, all_indices
from query.search import Searcher
from workers.runtime import Runtime


class Collection:
    """Pictures of data sets, indexed under a prefix of their own; nothing of it is looked at twice."""

    def __init__(self, name: str, settings: Settings, extractors: Names[str] | None = None) -> None:
        """`settings` tell the servers and the models; `extractors` those that look, by default all."""
        folder = settings.home / "evaluation" / name
        self.settings = settings.model_copy(
            update={
                "index_prefix": f"{settings.index_prefix}-evaluation-{name}",
                "store_url": f"file://{folder}",
                "more_columns": FactorRegistry.of(settings).every_feature_name,
            }
        )
        self.folder = folder
        self._feature_extractor = Remembering(settings, extractors)
        self._runtime = Runtime(Context(self.settings), self._feature_extractor)
        self.ids: dict[Path, str] = {}

    def add(self, pictures: Iterable[Known], texts: int = 0) -> None:
        """Index pictures, the first `texts` texts of each linked to it."""
        store = Store(self.settings)
        items = []
        for known in pictures:
            self.ids[known.path] = digest = store.put_original(known.path.read_bytes())
            snippets = tuple(TextSnippet(Kind.CAPTION, text, "en") for text in known.texts[:texts])
            items.append(Item(known.set, known.path.name, known.set, original=digest, snippets=snippets, category=known.fine))
        self.add_items(items)

    def add_items(self, items: Sequence[Item]) -> None:
        """Index items whose bytes are in the collection's store."""
        self._runtime.process_now(items, "evaluation", "evaluation")

    def original(self, document: str) -> bytes:
        """The bytes of a document's picture."""
        return Store(self.settings).original(document)

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> weights that look."""
        return self._feature_extractor.fingerprints()

    def count(self) -> int:
        """How many documents there are."""
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
        """Forget everything."""
        client, redis, prefix = self._runtime.client, connect_redis(self.settings), self.settings.index_prefix
        for index in [*all_indices(client, self.settings), f"{prefix}-quarantine"]:
            client.indices.delete(index=index, ignore_unavailable=True)
        with contextlib.suppress(MissingError):
            client.indices.delete_index_template(name=alias(self.settings))
        for key in redis.scan_iter(f"{prefix}:*"):
            redis.delete(key)
        shutil.rmtree(self.folder, ignore_errors=True)
