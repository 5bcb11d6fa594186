"""Names of what a live camera sees: from cards and similar pictures, steadied by votes."""

from types import SimpleNamespace

import pytest

from answers.camera import naming
from answers.camera.naming import Name, Votes
from answers.entities import EntityCard, Identification
from answers.neighbours import Neighbour
from query.answer import Cutoff
from query.grouping import Cut
from query.request import SearchRequest
from ranking.candidate_set import Ranked

FOX, OWL = Name("A fox.", 0.9, "a" * 64, True), Name("An owl.", 0.8, "b" * 64, True)


def test_a_name_changes_after_two_of_three_votes() -> None:
    votes = Votes()
    shown = []
    for vote in (None, FOX, OWL, FOX, OWL, None, OWL, OWL):
        votes.add(vote)
        shown.append(votes.name.text if votes.name else "")
    assert shown == ["", "A fox.", "A fox.", "A fox.", "An owl.", "An owl.", "An owl.", "An owl."]


def test_a_name_is_settled_once_three_votes_agree_and_its_confidence_is_the_latest() -> None:
    votes = Votes()
    for text, confidence in (("A fox.", 0.7), ("fox", 0.8), ("the FOX", 0.9)):
        assert not votes.settled
        votes.add(Name(text, confidence))
    assert votes.settled and votes.name == Name("the FOX", 0.9)
    votes.add(None)
    assert not votes.settled and votes.name


def a_neighbour(probability: float | None, **document: object) -> Neighbour:
    return Neighbour(1, 1.0, probability, {"c" * 64: document})


@pytest.mark.parametrize(
    ("card", "best", "expected"),
    [
        (EntityCard(id="e", name="fox", confidence=0.957, pictures=["d" * 64]), None, Name("fox", 0.96, "d" * 64, True)),
        (None, a_neighbour(0.9, title="A fox."), Name("A fox.", 0.9, "c" * 64, True)),
        (None, a_neighbour(0.9, title="IMG 1", facets=["landmark=A tower"]), Name("A tower", 0.9, "c" * 64, True)),
        (None, a_neighbour(0.9, category=["animals"]), Name("animals", 0.9, "c" * 64, True)),
        (None, a_neighbour(0.6, title="A fox."), Name("A fox.", 0.6, "c" * 64, False)),
        (None, a_neighbour(None, title="A fox."), Name("A fox.", None, "c" * 64, False)),
        (None, a_neighbour(0.9), None),
        (None, None, None),
    ],
)
def test_the_name_is_that_of_the_card_or_of_the_most_similar_picture(
    card: EntityCard | None, best: Neighbour | None, expected: Name | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "identify", lambda searcher, values, neighbours: Identification(card=card))
    monkeypatch.setattr(naming, "neighbours_of", lambda values: [best] if best else [])
    asked: list[tuple[bytes | None, str]] = []

    def run(request: SearchRequest, until: str) -> object:
        asked.append((request.image, until))
        return {Cut: Cut((), Cutoff(sure=0.5))}

    assert naming.name_of(SimpleNamespace(run=run), b"a crop") == expected  # type: ignore[arg-type]
    assert asked == [(b"a crop", "group")]


def test_what_is_not_surely_similar_gives_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "identify", lambda searcher, values, neighbours: Identification())
    monkeypatch.setattr(naming, "neighbours_of", lambda values: [a_neighbour(0.4, title="A fox.")])
    cut = Cut((Ranked("c" * 64, 1.0, {}),), Cutoff(sure=0.5), {"c" * 64: 0.4})
    assert naming.name_of(SimpleNamespace(run=lambda request, until: {Cut: cut}), b"a crop") is None  # type: ignore[arg-type]
