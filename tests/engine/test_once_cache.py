"""A missing value is computed once for all threads that ask, and a slow one keeps nobody else waiting."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from cachetools import LRUCache, TTLCache

from engine.once_cache import OnceCache

SECONDS = 30  # a test that hangs fails by this


class Slow:
    """A computation that begins, and then waits until the test lets it end."""

    def __init__(self, answer: Callable[[], str]) -> None:
        self.answer, self.begun, self.end, self.times = answer, threading.Event(), threading.Event(), 0

    def __call__(self) -> str:
        self.times += 1
        self.begun.set()
        assert self.end.wait(SECONDS)
        return self.answer()


class Watched(Future[str]):
    """Counts the threads that wait for a value."""

    waiting = threading.Semaphore(0)

    def result(self, timeout: float | None = None) -> str:
        self.waiting.release()
        return super().result(timeout)


@pytest.fixture()
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """Threads, and futures of the cache that report when somebody waits for them."""
    with ThreadPoolExecutor(8) as threads:
        monkeypatch.setattr("engine.once_cache.Future", Watched)
        monkeypatch.setattr(Watched, "waiting", threading.Semaphore(0))
        yield threads


def all_wait(number: int) -> None:
    """Return once so many threads wait for a value."""
    for _ in range(number):
        assert Watched.waiting.acquire(timeout=SECONDS)


def cache(size: int = 8) -> OnceCache[str, str]:
    return OnceCache(LRUCache(size))


def test_many_who_ask_at_once_make_one_computation(pool: ThreadPoolExecutor) -> None:
    values, slow = cache(), Slow(lambda: "seen")
    asked = [pool.submit(values.get, "a", slow) for _ in range(6)]
    assert slow.begun.wait(SECONDS)
    all_wait(5)
    slow.end.set()
    assert [one.result(SECONDS) for one in asked] == ["seen"] * 6 and slow.times == 1
    assert values.get("a", lambda: "again") == "seen"


def test_a_slow_miss_blocks_neither_hits_nor_misses_of_other_keys(pool: ThreadPoolExecutor) -> None:
    values, slow = cache(), Slow(lambda: "late")
    values.get("known", lambda: "here")
    waiting = pool.submit(values.get, "slow", slow)
    assert slow.begun.wait(SECONDS)
    assert values.get("known", lambda: "never") == "here" and values.get("new", lambda: "fresh") == "fresh"
    assert "known" in values and "slow" not in values
    slow.end.set()
    assert waiting.result(SECONDS) == "late"


def test_an_error_goes_to_all_who_waited_and_is_not_kept(pool: ThreadPoolExecutor) -> None:
    values, slow = cache(), Slow(lambda: str(1 / 0))
    asked = [pool.submit(values.get, "a", slow) for _ in range(3)]
    all_wait(2)
    slow.end.set()
    assert all(isinstance(one.exception(SECONDS), ZeroDivisionError) for one in asked) and slow.times == 1
    assert values.get("a", lambda: "well") == "well"


def test_a_thread_that_waited_for_one_that_was_ended_computes_itself(pool: ThreadPoolExecutor) -> None:
    def ended() -> str:
        raise SystemExit

    values, slow = cache(), Slow(ended)
    first = pool.submit(values.get, "a", slow)
    assert slow.begun.wait(SECONDS)
    second = pool.submit(values.get, "a", lambda: "own")
    all_wait(1)
    slow.end.set()
    assert isinstance(first.exception(SECONDS), SystemExit) and second.result(SECONDS) == "own"


def test_a_value_that_is_not_kept_is_computed_again() -> None:
    values, answers = cache(), iter(["partial", "whole"])
    assert values.get("a", lambda: next(answers), keep=lambda value: value == "whole") == "partial"
    assert values.get("a", lambda: next(answers), keep=lambda value: value == "whole") == "whole"
    assert values.get("a", lambda: "third") == "whole"


def test_many_keys_are_computed_in_one_call_each_once(pool: ThreadPoolExecutor) -> None:
    values, calls = cache(), []

    def upper(keys: list[str]) -> list[str]:
        calls.append(keys)
        return [key.upper() for key in keys]

    values.get("b", lambda: "known")
    assert values.get_all(["a", "b", "a", "c"], upper) == ["A", "known", "A", "C"] and calls == [["a", "c"]]
    slow = Slow(lambda: "D")
    other = pool.submit(values.get, "d", slow)
    assert slow.begun.wait(SECONDS)
    both = pool.submit(values.get_all, ["d", "e"], upper)
    all_wait(1)
    slow.end.set()
    assert (other.result(SECONDS), both.result(SECONDS)) == ("D", ["D", "E"]) and calls[1:] == [["e"]]
    with pytest.raises(ValueError):
        values.get_all(["f", "g"], lambda _: ["one"])
    assert values.get("f", lambda: "F") == "F"


def test_the_least_used_go_first_and_the_old_go_by_time() -> None:
    values = cache(2)
    for key in "aba":
        values.get(key, lambda: "kept")
    values.get("c", lambda: "kept")
    assert "a" in values and "b" not in values
    now = [0.0]
    timed: OnceCache[str, str | None] = OnceCache(TTLCache(1, 5.0, timer=lambda: now[0]))
    assert timed.get("a", lambda: None) is None and timed.get("a", lambda: "later") is None
    now[0] = 6.0
    assert timed.get("a", lambda: "later") == "later"
