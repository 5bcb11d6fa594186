"""Progress of one batch: the current step, postponed items, and every outcome, counted exactly once."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.errors import FetchError
from ingest.item import Item
from ingest.jobs import Jobs, Outcome, failure_of
from ingest.quarantine import Entry, Quarantine, entry_id, entry_of

logger = logging.getLogger(__name__)
Numbered = tuple[int, Item]  # the number of an item in its run, and the item


class BatchProgress:
    """Sends the outcomes of one batch to the job's counters and to quarantine.

    `step`: name of the current step. `left`: number of items without an outcome. `postponed`: those of them that a temporary
    failure stopped, to be tried again.
    """

    def __init__(
        self, jobs: Jobs, quarantine: Quarantine, job: str, run: int, *, origin: Mapping[str, Any] | None, last: bool
    ) -> None:
        """`last`: temporary failures are final."""
        self._jobs, self._quarantine, self._origin, self._last = jobs, quarantine, dict(origin) if origin else None, last
        self.job, self.run = job, run
        self.step = ""
        self.left = 0
        self.postponed: list[Numbered] = []

    def without_outcome(self, items: Sequence[Numbered]) -> tuple[Numbered, ...]:
        """The items that no earlier delivery of the batch counted."""
        counted = self._jobs.counted(self.job, self.run, [number for number, _ in items])
        left = tuple(entry for entry, done in zip(items, counted, strict=True) if not done)
        self.left = len(left)
        return left

    def fetch_failed(self, number: int, item: Item, error: FetchError) -> None:
        """Postpone the item, or refuse it if another attempt would not help."""
        if error.passing and not self._last:
            self.postponed.append((number, item))
        else:
            self.refuse([(number, item)], error.reason, str(error))

    def refuse(self, items: Iterable[Numbered], reason: str, message: str) -> None:
        """Quarantine, then count: if this is interrupted in between, the next delivery writes the same entry."""
        for number, item in items:
            self._quarantine.add([entry_of(item, reason, message, job=self.job, origin=self._origin)])
            self._jobs.count(self.job, self.run, number, Outcome.QUARANTINED, failure_of(item, reason, message))
            self.left -= 1
            logger.info("quarantined %s: %s", item.reference, reason)

    def count(self, outcomes: Sequence[tuple[Numbered, Outcome]], notes: Mapping[str, Sequence[str]] | None = None) -> None:
        """Count items whose documents are written, and remove them from quarantine.

        `notes`: image -> what is wrong with its file.
        """
        self._quarantine.drop([entry_id(item.source, item.reference, item.collection) for (_, item), _ in outcomes])
        for (number, item), outcome in outcomes:
            said = "; ".join((notes or {}).get(item.original, ()))
            self._jobs.count(self.job, self.run, number, outcome, note=said and f"{item.reference}: {said}")
            self.left -= 1

    def count_extracted(self, images: int) -> None:
        """Count images that models ran on."""
        self._jobs.count_extracted(self.job, self.run, images)


def refuse_entry(jobs: Jobs, quarantine: Quarantine, entry: Entry, run: int, number: int) -> None:
    """Quarantine and count a part of a source that cannot become an item."""
    quarantine.add([entry])
    item = Item(entry.source, entry.reference, entry.collection)
    jobs.count(entry.job, run, number, Outcome.QUARANTINED, failure_of(item, entry.reason, entry.message))
