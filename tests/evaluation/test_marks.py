"""What marks are worth is measured on the rest: marked documents are taken out of the answers and of what is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import feedback
from evaluation.datasets import SAME, Known
from evaluation.evaluation_set import Posed
from evaluation.feedback import User, measured, named
from query.ordering import Ranking
from query.pipeline import Values
from query.request import SearchRequest
from ranking.candidate_set import CandidateSet, Ranked
from ranking.judgements.judgement import Topic

RIGHT = dict.fromkeys(("r1", "r2", "r3"), SAME)
BEFORE = ("r1", "w1", "w2", "r2", "w3", "r3")


@dataclass
class Obedient:
    """A searcher that puts r2 and r3 first once r1 is marked, and remembers what it was asked."""

    orders: Mapping[bool, Sequence[str]]
    settings: Settings = field(default_factory=Settings)
    asked: list[SearchRequest] = field(default_factory=list)

    def run(self, request: SearchRequest, until: str) -> Values:
        self.asked.append(request)
        ranked = [Ranked(document, 0.0, {}) for document in self.orders[bool(request.more)]]
        return Values(Ranking(CandidateSet(table={}), ranked, "fusion", {}, {}))


def posed(name: str = "q", **grades: int) -> Posed:
    return Posed("mugs: more like this", Topic(id=name, text=name), grades or RIGHT, name)


def test_the_rest_is_compared_before_and_after() -> None:
    searcher = Obedient({False: BEFORE, True: ("r1", "r2", "r3", "w2", "w3")})
    (row,) = measured(searcher, [posed()], [User("1 more, 1 less", 1, 1)])  # type: ignore[arg-type]
    assert (searcher.asked[-1].more, searcher.asked[-1].less) == (["r1"], ["w1"]), "the first right and the first wrong"
    found = row.measures["P@5"]
    assert (found.questions, found.before, found.after) == (1, 0.4, 0.4)
    assert row.measures["NDCG@10"].before < row.measures["NDCG@10"].after == pytest.approx(1.0)


def test_an_order_that_only_keeps_the_marked_ones_gains_nothing() -> None:
    searcher = Obedient({False: BEFORE, True: ("r1", "w2", "r2", "w3", "r3")})
    (row,) = measured(searcher, [posed()], [User("1 more, 1 less", 1, 1)])  # type: ignore[arg-type]
    assert row.measures["NDCG@10"].before == row.measures["NDCG@10"].after


def test_questions_of_which_nothing_right_is_left_are_not_counted() -> None:
    searcher = Obedient({False: ("r1", "w1"), True: ("r1",)})
    assert not measured(searcher, [posed(r1=SAME)], [User("1 more", 1, 0)])  # type: ignore[arg-type]
    nothing = Obedient({False: ("w1",), True: ()})
    assert not measured(nothing, [posed()], [User("1 more", 1, 0)]), "nothing right to mark"  # type: ignore[arg-type]


def test_names_ask_where_no_document_has_text() -> None:
    bare = [Known(Path(f"{n}.jpg"), "pets", f"pets37/British_{'Shorthair' if n else 'x'}") for n in range(3)]
    assert {question.text: len(question.right) for question in named(bare)} == {"British x": 1, "British Shorthair": 2}
    assert not list(named([Known(Path("a.jpg"), "pets", "cat", texts=("a cat",))]))


def test_collections_that_are_not_there_are_an_error(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="no such unseen collection"):
        feedback.run(tmp_path, settings, print, ["nothing"])
    assert "name the folder of data sets by --data" in CliRunner().invoke(main, ["evaluate", "--feedback"]).output
