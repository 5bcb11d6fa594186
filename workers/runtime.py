"""The runtime of one process that processes batches: connections, models, and the checks before a batch."""

import logging
import os
from collections.abc import Sequence

from engine.connections import Context
from engine.errors import WeightsMismatchError
from engine.settings import Settings
from factors.registry import FactorRegistry
from ingest.batches import Batch, BatchProcessor
from ingest.item import Item
from ingest.jobs import Jobs, Progress
from ingest.snippet_encoder import SnippetEncoder
from ingest.writing import Writer
from mappings import versions
from vision.feature_extractor import FeatureExtractor, get_feature_extractor
from workers.dispatch import Dispatcher
from workers.ledger import Ledger

logger = logging.getLogger(__name__)


class Runtime:
    """Connections and models of one process."""

    def __init__(self, context: Context, feature_extractor: FeatureExtractor) -> None:
        """Loads no model; connections are opened when they are first used."""
        self.context, self.settings, self.feature_extractor = context, context.settings, feature_extractor
        self.client, self.factors = context.client, FactorRegistry.of(self.settings)
        self.jobs = Jobs(context.redis, self.settings.index_prefix)
        self.ledger, encoder = Ledger(context.redis, self.settings), SnippetEncoder(feature_extractor)
        self.dispatcher = Dispatcher(context, encoder)
        self.quarantine = self.dispatcher.quarantine
        writer = Writer(self.client, self.settings, encoder)
        self.processor = BatchProcessor(self.settings, self.jobs, self.quarantine, writer, feature_extractor)

    def warm_up(self) -> None:
        """Load the models now; otherwise they load with the first batch."""
        self.feature_extractor.warm_up()

    def check_index(self) -> None:
        """Create the index if there is none.

        WeightsMismatchError where other weights made its vectors, or it lacks fields of an active factor.
        """
        fingerprints = self.feature_extractor.fingerprints()
        dimensions = self.feature_extractor.dimensions
        versions.ensure(self.client, self.settings, lambda: self.factors.index_body(fingerprints, dimensions(), self.settings))
        meta = versions.meta(self.client, self.settings)
        if without := self.factors.made_without(meta):
            raise WeightsMismatchError(
                f"the index was made without {', '.join(without)} (new, or switched off then); run `omma reindex`"
            )
        for factor in meta.get("factors", {}):
            versions.check_weights(meta, fingerprints, factor)

    def try_process(self, batch: Batch) -> Batch | None:
        """Process a batch once, outside the queue; returns the items that the queue should try again, if any."""
        try:
            self.check_index()
            return self.processor.process(batch)
        except Exception:  # the queue tries again, and reports an error that stays
            logger.exception("a batch of job %s goes back to the queue", batch.job)
            return batch

    def process_now(self, items: Sequence[Item], source: str, collection: str) -> Progress:
        """Process items in this process, without the queue, as a job of its own; returns the job's counts."""
        self.check_index()
        job = self.jobs.create(source, collection)
        run, size = self.jobs.begin(job), self.settings.batch_size
        for start in range(0, len(items), size):
            numbered = tuple(enumerate(items[start : start + size], start=start + 1))
            self.processor.process(Batch(job, run, numbered), last=True)
        self.jobs.read(job, discovered=len(items), skipped=0)
        return self.jobs.progress(job)


def make_runtime(settings: Settings) -> Runtime:
    """The runtime of a worker's process: its models use its share of the cores, since the processes of a worker share them."""
    threads = settings.process_threads
    os.environ["OMP_THREAD_LIMIT"] = str(threads)
    settings = settings.model_copy(update={"threads": threads})
    return Runtime(Context(settings), get_feature_extractor(settings))
