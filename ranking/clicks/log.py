"""The log of searches and events: a bounded queue, and a thread that writes it in bulk.

If the engine is away or the queue is full, records are dropped and counted; a search never fails or waits for its log.
"""

import atexit
import logging
import queue
import threading
import time
from dataclasses import dataclass

from mappings.records import Json, Records
from ranking.clicks.ubi import Behaviour

logger = logging.getLogger(__name__)
MAX_WAITING = 10_000  # records in the queue
MAX_BATCH = 500  # records of one request
GATHER_SECONDS = 1.0  # from the first record of a batch to its request


@dataclass(frozen=True, slots=True)
class _Waiting:
    records: Records
    id: str
    record: Json


class Log:
    """Starts its thread with the first record, so that it lives in whatever process serves."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Sends no request yet."""
        self._behaviour = behaviour
        self._queue: queue.Queue[_Waiting] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def search(self, query_id: str, record: Json) -> None:
        """Log a search; a later page of it, or a repetition, replaces it."""
        self._add(self._behaviour.queries, query_id, record | {"query_id": query_id, "query_response_id": query_id})

    def event(self, name: str, record: Json) -> None:
        """Log an event; one of the same name replaces it, so that sending it twice is harmless."""
        self._add(self._behaviour.events, name, record)

    def flush(self, seconds: float = 5.0) -> None:
        """Wait until the queue is written or dropped, at most so many seconds."""
        end = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)

    def _add(self, records: Records, name: str, record: Json) -> None:
        try:
            self._queue.put_nowait(_Waiting(records, name, record))
        except queue.Full:
            self.dropped += 1
            return
        if self._thread is None or not self._thread.is_alive():  # a forked process has no thread of its own
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            end = time.monotonic() + GATHER_SECONDS
            while len(batch) < MAX_BATCH:
                try:
                    batch.append(self._queue.get(timeout=max(0.0, end - time.monotonic())))
                except queue.Empty:
                    break
            self._write(batch)

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            for records in {id(entry.records): entry.records for entry in batch}.values():
                own = {entry.id: entry.record for entry in batch if entry.records is records}
                records.put(own, refresh=False)
        except Exception as error:  # whatever it is, it must not end the thread
            self.dropped += len(batch)
            logger.warning("%d events are lost: %s", len(batch), error)
        finally:
            for _ in batch:
                self._queue.task_done()
