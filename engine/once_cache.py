"""A bounded cache for threads: a missing value is computed once, and only threads that ask for that value wait for it."""

import threading
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class OnceCache(Generic[K, V]):
    """Wraps a cache of `cachetools` (LRUCache, TTLCache), which limits the number of values or their age.

    The lock is held to look up and to insert, never while a value is computed. A thread that asks for a key that another thread
    computes waits for that thread; all others go on. An error is raised in every thread that waited, and is not kept.
    """

    def __init__(self, values: MutableMapping[K, V]) -> None:
        """`values` must be used by nothing else: it has no lock of its own."""
        self._values = values
        self._computing: dict[K, Future[V]] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: K) -> bool:
        """Whether there is a value now."""
        with self._lock:
            return key in self._values

    def clear(self) -> None:
        """Delete all kept values."""
        with self._lock:
            self._values.clear()

    def get(self, key: K, compute: Callable[[], V], keep: Callable[[V], bool] = lambda _: True) -> V:
        """The value of a key; a value that `keep` refuses is returned, but computed again the next time."""
        return self.get_all([key], lambda _: [compute()], keep)[0]

    def get_all(
        self, keys: Sequence[K], compute: Callable[[list[K]], Iterable[V]], keep: Callable[[V], bool] = lambda _: True
    ) -> list[V]:
        """Values in the order of their keys; `compute` is called once, with the keys that are neither kept nor being computed.

        Raises the error of `compute`, here or in the thread waited for; ValueError where it returns another number of values.
        """
        promised, mine = self._claim(keys)
        if mine:
            self._fulfil(mine, compute, keep)
        try:
            return [promised[key].result() for key in keys]
        except CancelledError:  # the thread waited for was ended: compute here
            return self.get_all(keys, compute, keep)

    def _claim(self, keys: Sequence[K]) -> tuple[dict[K, Future[V]], dict[K, Future[V]]]:
        """A future for every key, and those that this thread must fulfil."""
        promised: dict[K, Future[V]] = {}
        mine: dict[K, Future[V]] = {}
        with self._lock:
            for key in dict.fromkeys(keys):
                found = self._known(key) or self._computing.get(key)
                if found is None:
                    found = mine[key] = self._computing[key] = Future()
                promised[key] = found
        return promised, mine

    def _known(self, key: K) -> Future[V] | None:
        """The kept value as a finished future; None where there is none."""
        try:
            value = self._values[key]
        except KeyError:
            return None
        known: Future[V] = Future()
        known.set_result(value)
        return known

    def _fulfil(self, mine: dict[K, Future[V]], compute: Callable[[list[K]], Iterable[V]], keep: Callable[[V], bool]) -> None:
        """Compute the claimed values; every future is fulfilled or cancelled, whatever happens."""
        try:
            values = dict(zip(mine, compute(list(mine)), strict=True))
            kept = {key: value for key, value in values.items() if keep(value)}
        except BaseException as error:
            self._fail(mine, error)
            raise
        with self._lock:
            self._values.update(kept)
            self._release(mine)
        for key, future in mine.items():
            future.set_result(values[key])

    def _fail(self, mine: dict[K, Future[V]], error: BaseException) -> None:
        with self._lock:
            self._release(mine)
        for future in mine.values():
            if isinstance(error, Exception):
                future.set_exception(error)
            else:
                future.cancel()

    def _release(self, keys: dict[K, Future[V]]) -> None:
        """Mark the keys as no longer being computed."""
        for key in keys:
            del self._computing[key]
