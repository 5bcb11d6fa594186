"""A pipeline can be read, checked, cut, extended and run to any point."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from engine.errors import ConfigurationError
from query.pipeline import Pipeline, Stage, Values
from query.search import BROWSED, RANKED, TABLE, WIDE


@dataclass(frozen=True)
class Words:
    """The input of the stages below."""

    text: str


@dataclass(frozen=True)
class Parts:
    """What the first stage adds."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """What the second stage adds."""

    number: int


def split(words: Words) -> Parts:
    return Parts(tuple(words.text.split()))


def count(parts: Parts) -> Count:
    return Count(len(parts.words))


def halve(parts: Parts) -> Parts:
    return Parts(parts.words[: len(parts.words) // 2])


SPLIT, COUNT, HALVE = Stage("split", split), Stage("count", count), Stage("halve", halve)


def test_each_stage_gets_what_it_needs_and_adds_what_it_returns() -> None:
    values = Pipeline((SPLIT, COUNT), (Words,)).run(Values(Words("a b c d")))
    assert values[Parts].words == ("a", "b", "c", "d") and values[Count].number == 4


def test_a_pipeline_can_be_cut_and_extended() -> None:
    whole = Pipeline((SPLIT, COUNT), (Words,))
    head = whole.until("split").run(Values(Words("a b c d")))
    assert head[Parts].words == ("a", "b", "c", "d") and head.get(Count) is None
    assert whole.since("count", Parts).run(Values(Parts(("a",))))[Count].number == 1
    assert whole.until("split").then(HALVE, COUNT).run(Values(Words("a b c d")))[Count].number == 2


def test_a_value_replaces_the_earlier_one_of_its_type() -> None:
    values = Values(Parts(("a",)), Words("x")).plus(Parts(("b", "c")))
    assert values[Parts].words == ("b", "c") and values[Words].text == "x"


def test_a_need_that_nothing_meets_is_an_error_that_lists_what_there_is() -> None:
    with pytest.raises(ConfigurationError, match="stage 'count' needs Parts; before it there are Words"):
        Pipeline((COUNT, SPLIT), (Words,))
    with pytest.raises(KeyError, match="no Count among Parts, Words"):
        Values(Words("a"), Parts(()))[Count]
    with pytest.raises(ConfigurationError, match="no stage is named 'sort'; there are split, count"):
        Pipeline((SPLIT, COUNT), (Words,)).until("sort")


def test_every_stage_is_timed_by_its_name() -> None:
    timed: list[str] = []

    @contextmanager
    def timer(name: str) -> Iterator[None]:
        yield
        timed.append(name)

    Pipeline((SPLIT, HALVE, COUNT), (Words,)).run(Values(Words("a b")), timer)
    assert timed == ["split", "halve", "count"]


def test_a_search_can_be_read() -> None:
    lines = str(RANKED).splitlines()
    assert lines[0] == "candidates: Calls, Understood -> Proposals"
    assert lines[1] == "table: Calls, Proposals -> FactorTable"
    assert RANKED.names == ["candidates", "table", "rescore", "order", "cutoff", "group", "diversify", "page", "landmarks"]
    assert (BROWSED.names, TABLE.names) == (["browse"], ["table", "rescore"])
    assert WIDE.names == ["candidates", "table", "widen", "rescore"]
