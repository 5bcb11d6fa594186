"""The whole answer: parts from the first results, in the order of the goal; slow ones afterwards, from the same search."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from opensearchpy import OpenSearch

from answers.answering import Answering, Asking
from answers.intent.goals import GOALS, chosen
from answers.intent.rules import guessed
from answers.part import Found, Part, in_order, parts_of
from engine.connections import Context
from engine.settings import Settings
from query.answer import AnswerPart, Goal
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.scenes import Live
from tests.query.query_scenes import BOX, StubExtractor, document, png, seen, towards
from vision.image_features import ImageFeatures, Object

pytestmark = pytest.mark.engine


@pytest.fixture()
def answering(client: OpenSearch, live_settings: Settings, searcher: Searcher) -> Answering:
    return Answering(Context(live_settings, client), searcher)


def ask(answering: Answering, **changes: object) -> dict[str, AnswerPart]:
    answer = answering.ask(SearchRequest.model_validate({"image": png(), "no_cutoff": True} | changes))
    return {part.name: part for part in answer.parts}


def test_offers_have_prices_text_its_lines_and_copies_their_sizes(
    full: Live, answering: Answering, stub: StubExtractor
) -> None:  # fmt: skip
    stub.whole = seen("asked", "car", 2)
    parts = ask(answering)
    assert [item.price for item in parts["products"].items][:1] == [20.0] and "from 0 to 30" in parts["products"].reason
    assert [item.text for item in parts["text"].items] == ["PLATE 772"]
    (copy,) = parts["copies"].items
    assert (copy.document, copy.note) == ("car2", "1200 × 500 · holiday")
    assert "person" not in parts and not any(part.pending or part.failed for part in parts.values())


def test_people_are_parts_to_search_by(full: Live, answering: Answering, stub: StubExtractor) -> None:
    stub.whole = ImageFeatures("", 64, 48, embedding=towards(1), objects=(Object("person", 0.8, BOX, towards(3)),))
    parts = ask(answering)
    assert [(item.box, item.confidence) for item in parts["people"].items] == [(BOX.as_list(), 0.8)]


def test_places_are_those_of_the_results(live: Live, answering: Answering, stub: StubExtractor) -> None:
    live.put({"dog0": document(seen("dog0", "dog", 0), place=(51.75, -1.26)), "dog1": document(seen("dog1", "dog", 1))})
    assert [item.place for item in ask(answering)["places"].items] == [[51.75, -1.26]]


def test_the_goal_puts_parts_in_order_and_never_changes_the_results(
    full: Live, answering: Answering, stub: StubExtractor
) -> None:  # fmt: skip
    stub.whole = seen("asked", "car", 2)
    answers = {
        goal: answering.begin(SearchRequest(image=png(), no_cutoff=True), Asking(goal=goal))
        for goal in ("read", "shop", "copy", "similar")
    }
    assert {goal: answer.parts[0].name for goal, answer in answers.items()} == {
        "read": "text", "shop": "products", "copy": "copies", "similar": "similar",
    }  # fmt: skip
    assert len({tuple(result.id for result in answer.results) for answer in answers.values()}) == 1
    assert all(answer.intent and answer.intent.by == "chosen" for answer in answers.values())


def test_offers_of_what_is_merely_alike_do_not_lead(full: Live, answering: Answering, stub: StubExtractor) -> None:
    stub.whole = seen("asked", "dog", 0)
    answer = answering.begin(SearchRequest(image=png(), no_cutoff=True), Asking(goal="shop"))
    (offers,) = [part for part in answer.parts if part.name == "products"]
    assert offers.perhaps and "the closest have none" in offers.reason and answer.parts[-1] == offers


def test_the_goal_is_guessed_from_words_and_the_session(full: Live, answering: Answering) -> None:
    by_words = answering.begin(SearchRequest(image=png(), text="how much does it cost", no_cutoff=True)).intent
    assert by_words and by_words.goal == "shop"
    plain, after = (
        answering.begin(SearchRequest(image=png(), no_cutoff=True), Asking(last=last)).intent for last in (None, "place")
    )
    assert plain and after and after.probabilities["place"] > plain.probabilities["place"]


def test_slow_parts_are_made_of_the_same_search(full: Live, answering: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    request = SearchRequest(image=png(), no_cutoff=True)
    answer = answering.begin(request)
    pending = {part.name for part in answer.parts if part.pending}
    assert pending == {part.name for part in parts_of(Settings()).values() if part.waits}
    searched = Searcher.find
    asked: list[SearchRequest] = []
    monkeypatch.setattr(Searcher, "find", lambda self, one: asked.append(one) or searched(self, one))  # type: ignore[func-returns-value]
    made = {part.name: part for part in answering.waiting(answer.query_id, request)}
    assert not asked and made["tags"].reason
    assert {part.name for part in answering.waiting("of another process", request)} == set(made) and len(asked) == 1


class Broken(Part):
    """Fails."""

    name: ClassVar[str] = "broken"
    title: ClassVar[str] = "Broken"
    goals: ClassVar[Mapping[Goal, float]] = {"read": 1.0}

    def make(self, found: Found) -> AnswerPart | None:
        raise RuntimeError("out of order")


def test_a_part_that_fails_says_so_and_takes_nothing_with_it(full: Live, answering: Answering) -> None:
    answering._parts.append(Broken())
    answer = answering.begin(SearchRequest(image=png(), no_cutoff=True))
    assert [part.reason for part in answer.parts if part.failed] == ["This part failed: RuntimeError."]
    assert answer.results and len(answer.parts) > 1


def test_a_question_without_picture_or_index_has_no_parts(live: Live, answering: Answering, full: Live) -> None:
    answer = answering.ask(SearchRequest(text="dog"))
    assert answer.intent is None and not answer.parts and answer.results
    assert answering.ask(SearchRequest(image=png(), page=2, no_cutoff=True)).intent is None


def test_nothing_alike_is_a_clear_answer(full: Live, answering: Answering) -> None:
    parts = ask(answering, filters={"category": ["nothing has it"]}, text="")
    assert "nothing similar was found" in parts["tags"].reason and "products" not in parts


def test_a_part_of_a_plugin_is_a_file(settings: Settings, tmp_path: object) -> None:
    folder = settings.home / "plugins"
    folder.mkdir(parents=True)
    (folder / "loudness.py").write_text(
        '"""Loudness."""\n'
        "from answers.part import Found, Part\n"
        "from query.answer import AnswerPart\n\n"
        "class Loudness(Part):\n"
        '    """How loud it is."""\n\n'
        '    name, title, goals = "loudness", "Loudness", {"identify": 0.1}\n\n'
        "    def make(self, found: Found) -> AnswerPart | None:\n"
        '        """Silent."""\n'
        "        return None\n"
    )
    assert "loudness" in parts_of(settings.model_copy(update={"plugin_path": [folder]}))
    assert "loudness" not in parts_of(settings)


def test_every_goal_has_a_part_that_answers_it_best() -> None:
    parts = parts_of(Settings()).values()
    leads = {goal: in_order(parts, chosen(goal, guessed({})))[0].name for goal in GOALS}
    assert len(set(leads.values())) == len(GOALS), leads
