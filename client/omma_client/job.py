"""A job: an ingest that runs on the server."""

import time
from collections.abc import Callable

from omma_client.errors import JobFailed, JobTimeout
from omma_client.models import Progress


class Job:
    """An ingest, by its id."""

    def __init__(self, job_id: str, progress: Callable[[str], Progress]) -> None:
        """`progress` asks the server for the job of that id."""
        self.id = job_id
        self._progress = progress

    def progress(self) -> Progress:
        """How far the job is; NotFound."""
        return self._progress(self.id)

    def wait(self, timeout: float | None = None, *, interval: float = 0.5) -> Progress:
        """Wait until the job ends, at most `timeout` seconds, and ask every `interval` seconds; JobFailed, JobTimeout.

        Pictures that could not be used do not fail the job: they are in `failures`, and in the quarantine.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while (progress := self.progress()).ended is None:
            if end is not None and time.monotonic() >= end:
                raise JobTimeout(f"job {self.id} did not end within {timeout} s; it is {progress.state}")
            time.sleep(interval)
        if progress.state == "failed":
            raise JobFailed(progress.message or f"job {self.id} failed")
        return progress

    def __repr__(self) -> str:
        return f"Job({self.id!r})"
