"""What one worker process works with: connections, and the models, which load once."""

import logging
import os
from collections.abc import Sequence
from functools import lru_cache

from engine.broker import connect_redis
from engine.client import connect
from engine.errors import WeightsMismatchError
from engine.settings import Settings, get_settings
from factors.registry import all_factors, index_body, made_without
from ingest.batches import Batch, BatchProcessor
from ingest.item import Item
from ingest.jobs import Jobs, Progress
from ingest.quarantine import Quarantine
from ingest.snippet_encoder import SnippetEncoder
from ingest.writing import Writer
from mappings import versions, weights
from vision.feature_extractor import FeatureExtractor, get_feature_extractor
from workers.ledger import Ledger

logger = logging.getLogger(__name__)


class Runtime:
    """Connections and models of one process."""

    def __init__(self, settings: Settings, feature_extractor: FeatureExtractor) -> None:
        """Nothing is loaded or connected to before it is used."""
        self.settings, self.feature_extractor = settings, feature_extractor
        self.client = connect(settings)
        redis = connect_redis(settings)
        self.jobs, self.ledger = Jobs(redis, settings.index_prefix), Ledger(redis, settings)
        self.quarantine = Quarantine(self.client, settings)
        self.processor = BatchProcessor(
            settings,
            self.jobs,
            self.quarantine,
            Writer(self.client, settings, SnippetEncoder(feature_extractor)),
            feature_extractor,
        )

    def warm_up(self) -> None:
        """Load the models."""
        self.feature_extractor.warm_up()

    def check_index(self) -> None:
        """Make the index where there is none.

        WeightsMismatchError where other weights made its vectors, or it has no fields for what is seen now.
        """
        fingerprints = self.feature_extractor.fingerprints()
        versions.ensure(self.client, self.settings, lambda: index_body(fingerprints, self.feature_extractor.dimensions()))
        meta = versions.meta(self.client, self.settings)
        if without := made_without(meta, all_factors()):
            raise WeightsMismatchError(
                f"the index was made without {', '.join(without)} (new, or switched off then); run `omma reindex`"
            )
        for factor in meta.get("factors", {}):
            weights.check(meta, fingerprints, factor)

    def try_process(self, batch: Batch) -> Batch | None:
        """Look once, outside the queue: what must be tried again; the queue's tries have their own rules."""
        try:
            self.check_index()
            return self.processor.process(batch)
        except Exception:  # whatever it is, the queue tries again and tells
            logger.exception("a batch of job %s goes back to the queue", batch.job)
            return batch

    def process_now(self, items: Sequence[Item], source: str, collection: str) -> Progress:
        """Look at items here and now, without the queue, as a job of its own; what can be searched afterwards is told."""
        self.check_index()
        job = self.jobs.create(source, collection)
        run, size = self.jobs.begin(job), self.settings.batch_size
        for start in range(0, len(items), size):
            numbered = tuple(enumerate(items[start : start + size], start=start + 1))
            self.processor.process(Batch(job, run, numbered), last=True)
        self.jobs.read(job, discovered=len(items), skipped=0)
        return self.jobs.progress(job)


@lru_cache(maxsize=1)
def get_runtime() -> Runtime:
    """The runtime of this process; processes of one worker share the cores between them."""
    settings = get_settings()
    threads = settings.process_threads
    os.environ["OMP_THREAD_LIMIT"] = str(threads)
    settings = settings.model_copy(update={"threads": threads})
    return Runtime(settings, get_feature_extractor(settings))
