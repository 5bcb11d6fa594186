"""Marking documents "more like this" and "less like this" moves a question, and nothing else."""

from typing import Any

import numpy as np
import pytest

from engine.connections import Context
from engine.errors import BadQuestion, NotFoundError
from engine.settings import Settings
from factors.base import Marked
from query.answer import Answer
from query.feedback import Rocchio
from query.request import MAX_MARKED, SearchRequest
from query.search import Searcher
from ranking.evidence import Evidences
from tests.factors.scenes import Live, image_features, label
from tests.present import present
from tests.query.evidence_by_hand import proves
from tests.query.query_scenes import StubExtractor, png, towards
from vision.image_features import ImageFeatures, Label, unit

MOVES = Rocchio(more=0.75, less=0.25)
X, Y, Z = (towards(axis) for axis in range(3))


def test_a_vector_moves_towards_the_mean_of_more_and_away_from_that_of_less() -> None:
    moved = present(MOVES.vector(X, [Y, Z], [-X]))
    assert np.allclose(moved, unit(X + MOVES.more * (Y + Z) / 2 + MOVES.less * X), atol=1e-6)
    assert MOVES.vector(X, [], []) is not None and np.allclose(present(MOVES.vector(X, [], [])), X)
    assert np.allclose(present(MOVES.vector(None, [Y], [])), Y)
    assert MOVES.vector(None, [], [Y]) is None, "nothing is looked for by what is unwanted alone"


def test_every_embedding_moves_and_labels_do_and_nothing_else() -> None:
    asked = image_features(embedding=X, custom=X, phash=7, labels=(label("n02088364", 0.6),))
    cars = image_features(embedding=Y, custom=Y, joint=Z, phash=9, labels=(label("n04285008", 1.0),))
    moved = present(MOVES.image(asked, Marked({"a": cars})))
    for name in ("embedding", "custom"):
        assert np.allclose(moved.of(name), unit(X + MOVES.more * Y), atol=1e-6)
    assert np.allclose(present(moved.joint), Z), "also one that only the documents have"
    assert moved.phash == 7
    labels: tuple[Label, ...] = present(moved.labels)
    assert [one.synset for one in labels] == sorted(
        ("n02088364", "n04285008"), key=lambda synset: 0.6 if synset == "n02088364" else MOVES.more, reverse=True
    )
    assert sum(one.confidence for one in labels) == pytest.approx(1.0)
    assert MOVES.image(asked, Marked()) is asked


def test_less_alone_moves_nothing() -> None:
    asked, marked = image_features(embedding=X, joint=X), Marked(less={"a": image_features(embedding=Y, joint=Y)})
    assert MOVES.image(asked, marked) is asked and MOVES.text(X, marked) is X and MOVES.image(None, marked) is None


def test_words_move_in_the_space_that_they_share_with_images() -> None:
    marked = Marked({"a": image_features(joint=Y, embedding=Z)})
    assert np.allclose(present(MOVES.text(X, marked)), unit(X + MOVES.more * Y), atol=1e-6)
    assert MOVES.text(None, marked) is None


def ask(searcher: Searcher, **request: Any) -> Answer:
    return searcher.search(SearchRequest.model_validate({"number": 50, "no_cutoff": True} | request))


def ids(answer: Answer) -> list[str]:
    return [result.id for result in answer.results]


@pytest.fixture()
def between(stub: StubExtractor) -> StubExtractor:
    """The image asked with is as far from cats as from cars."""
    stub.whole = ImageFeatures("", 64, 48, embedding=unit(towards(0) + 0.3 * towards(1) + 0.3 * towards(2)))
    return stub


@pytest.mark.engine
def test_results_like_those_marked_more_come_first(full: Live, searcher: Searcher, between: StubExtractor) -> None:
    def cats_above_cars(**marks: Any) -> int:
        order = [name for name in ids(ask(searcher, image=png(), **marks)) if name != "dog0"]
        return sum(order.index(f"cat{n}") < order.index(f"car{n}") for n in (1, 2, 3))

    assert cats_above_cars(more=["cat0"]) == 3
    assert cats_above_cars(more=["car0"]) == 0
    answer = ask(searcher, image=png(), more=["cat0"], less=["car0"], dsl=True)
    assert "cat0" in ids(answer) and "car0" not in ids(answer)
    assert (answer.question.more, answer.question.less) == (["cat0"], ["car0"])
    paths = [sent["path"].rpartition("/")[2] for sent in present(answer.dsl)]
    assert paths == ["_mget", "_msearch", "_search", "_msearch"], "one request more, for all that was marked"


@pytest.mark.engine
def test_examples_alone_are_a_question(full: Live, searcher: Searcher) -> None:
    first = ids(ask(searcher, more=["dog0", "cat0"]))[:8]
    assert {name[:3] for name in first} == {"dog", "cat"} and {"dog0", "cat0"} <= set(first)
    assert len(ids(ask(searcher, less=["dog0"]))) == 11, "without anything to search by, all others"


@pytest.mark.engine
def test_marks_also_hold_for_words(full: Live, searcher: Searcher) -> None:
    answer = ids(ask(searcher, text="dog", more=["cat1"], less=["dog1"]))
    assert "cat1" in answer and "dog1" not in answer and {"dog0", "dog2", "dog3"} <= set(answer)
    assert "cat1" not in ids(ask(searcher, text="dog -cat", more=["cat1"])), "what is excluded does not stay"


@pytest.mark.engine
def test_what_is_marked_more_stays_whatever_the_cutoff_says(full: Live, searcher: Searcher, evidences: Evidences) -> None:
    proves(evidences, similar=0.9)
    assert "cat3" not in ids(ask(searcher, image=png(), no_cutoff=False))
    assert "cat3" in ids(ask(searcher, image=png(), no_cutoff=False, more=["cat3"]))


@pytest.mark.engine
@pytest.mark.parametrize("name", ["more", "less"])
def test_unknown_pictures_are_an_error(full: Live, searcher: Searcher, name: str) -> None:
    for unknown in ("nobody", "", "x" * 600):
        with pytest.raises(NotFoundError, match="there is no picture"):
            ask(searcher, text="dog", **{name: ["dog0", unknown]})


def test_marks_that_make_no_sense_are_an_error() -> None:
    with pytest.raises(BadQuestion, match="'a' is marked both `more` and `less`"):
        SearchRequest(text="dog", more=["a"], less=["b", "a"])
    with pytest.raises(BadQuestion, match="at most 50 documents"):
        SearchRequest(text="dog", more=[str(n) for n in range(MAX_MARKED + 1)])


@pytest.mark.engine
def test_what_cannot_move_is_a_feature_of_its_own(full: Live, searcher: Searcher, live_settings: Settings) -> None:
    names = ("feedback.words", "feedback.objects", "feedback.colours")
    assert not any(name in result.factors for result in ask(searcher, text="dog", more=["dog0"]).results for name in names)
    every = live_settings.model_copy(update={"ranker": "fusion", "more_columns": names})
    with_all = Searcher(Context(every, full.client), StubExtractor)
    found = {result.id: result for result in ask(with_all, text="dog car", more=["dog0"]).results}
    assert found["dog1"].factors["feedback.objects"] == 1.0 and "feedback.objects" not in found["car1"].factors
    assert found["car0"].factors["feedback.colours"] > found["car1"].factors["feedback.colours"], "both are red"
    assert found["dog2"].factors["feedback.words"] > found["dog1"].factors["feedback.words"], "in the old town, both"
    assert all(name not in ask(with_all, text="dog").results[0].factors for name in names)
