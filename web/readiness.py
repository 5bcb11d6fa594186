"""Models load in the background, so that the first request does not wait for them."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class WarmUp:
    """Runs the warm-up once, in a thread; `problem` says why it is not warm yet, or is empty."""

    def __init__(self, warm_up: Callable[[], None]) -> None:
        """`warm_up` blocks until everything is loaded, and may raise."""
        self._warm_up = warm_up
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.problem = "models are loading"

    def start(self) -> None:
        """Begin, unless it has begun; after a failure, begin again."""
        with self._lock:
            if not self.problem or (self._thread and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="warm-up", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the running warm-up; whether it is warm."""
        if self._thread:
            self._thread.join(seconds)
        return not self.problem

    def _run(self) -> None:
        try:
            self._warm_up()
        except Exception as error:  # whatever it is, /readyz tells it and the next check tries again
            logger.exception("warm-up failed")
            self.problem = f"warm-up failed: {error}"
        else:
            self.problem = ""
