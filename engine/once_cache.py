"""A bounded cache for threads: a missing value is computed once, however many ask for it, and keeps nobody else waiting."""

import threading
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class OnceCache(Generic[K, V]):
    """Wraps a cache of `cachetools` (LRUCache, TTLCache), which says how many values are kept, and how long.

    The lock is held for looking up and inserting, never while a value is computed: whoever asks for a key that another thread
    computes waits for that thread, all others go on. An error goes to everyone who waited, and is not kept.
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
        """Forget all kept values."""
        with self._lock:
            self._values.clear()

    def get(self, key: K, compute: Callable[[], V], keep: Callable[[V], bool] = lambda _: True) -> V:
        """The value of a key; what `keep` refuses is returned, but computed again the next time."""
        return self.get_all([key], lambda _: [compute()], keep)[0]

    def get_all(
        self, keys: Sequence[K], compute: Callable[[list[K]], Iterable[V]], keep: Callable[[V], bool] = lambda _: True
    ) -> list[V]:
        """Values in the order of their keys; `compute` is called once, with those that nobody has or computes already.

        Raises whatever `compute` raises, here or in the thread waited for; ValueError where it gives another number of values.
        """
        promised, mine = self._claim(keys)
        if mine:
            self._fulfil(mine, compute, keep)
        try:
            return [promised[key].result() for key in keys]
        except CancelledError:  # the thread waited for was ended, which is no answer for this one
            return self.get_all(keys, compute, keep)

    def _claim(self, keys: Sequence[K]) -> tuple[dict[K, Future[V]], dict[K, Future[V]]]:
        """A future for every key, and those of them that this thread must fulfil."""
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
        """The kept value, as a future that is fulfilled already."""
        try:
            value = self._values[key]
        except KeyError:
            return None
        known: Future[V] = Future()
        known.set_result(value)
        return known

    def _fulfil(self, mine: dict[K, Future[V]], compute: Callable[[list[K]], Iterable[V]], keep: Callable[[V], bool]) -> None:
        """Compute what was claimed; whatever happens, nobody is left waiting."""
        try:
            values = dict(zip(mine, compute(list(mine)), strict=True))
            kept = {key: value for key, value in values.items() if keep(value)}
        except BaseException as error:
            self._give_up(mine, error)
            raise
        with self._lock:
            self._values.update(kept)
            self._forget(mine)
        for key, future in mine.items():
            future.set_result(values[key])

    def _give_up(self, mine: dict[K, Future[V]], error: BaseException) -> None:
        with self._lock:
            self._forget(mine)
        for future in mine.values():
            if isinstance(error, Exception):
                future.set_exception(error)
            else:
                future.cancel()

    def _forget(self, keys: dict[K, Future[V]]) -> None:
        """The keys are computed no more."""
        for key in keys:
            del self._computing[key]
