"""From what simulated people click to what is really better, whatever stood where."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from scipy.stats import kendalltau

from ranking.candidate_set import CandidateSet, QueryFeatures
from ranking.clicks import interleaving
from ranking.clicks import models as clean
from ranking.clicks.interleaving import TEAMS, team_draft
from ranking.clicks.models import Clicks, Estimate, Session, as_clicks, click_through, coec, is_robot, judgements, pbm, sessions
from ranking.clicks.ubi import Done, Served, packed, unpacked
from ranking.judgements.judgement import Topic

DOCUMENTS = [f"d{n}" for n in range(10)]
TRUE = {document: 0.25 + 0.06 * n for n, document in enumerate(DOCUMENTS)}  # d9 is the best
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def looks(position: int) -> float:
    """How often a simulated person looks at a position, from 0."""
    return float(1 / (1 + position) ** 1.2)


def people(count: int, order: Callable[[random.Random], Sequence[str]]) -> list[Session]:
    """Searches in which people look by position and click by what a document is worth."""
    chance, made = random.Random(3), []
    for number in range(count):
        shown = order(chance)
        clicked = [d for at, d in enumerate(shown) if chance.random() < looks(at) and chance.random() < TRUE[d]]
        made.append(Session(str(number), "someone", "t", tuple(enumerate(shown, start=1)), frozenset(clicked)))
    return made


def mostly_wrong(chance: random.Random) -> list[str]:
    """The worst first, but for a little of change that shows every document in other places, too."""
    shown = list(DOCUMENTS)
    one, other = chance.sample(range(len(shown)), 2)
    shown[one], shown[other] = shown[other], shown[one]
    return shown


def tau(estimate: Estimate) -> float:
    values = [estimate.values["t", document] for document in DOCUMENTS]
    return float(kendalltau(values, [TRUE[document] for document in DOCUMENTS]).statistic)


CLICKS: Clicks = as_clicks(people(6000, mostly_wrong))


def test_raw_click_through_believes_the_order_and_the_corrected_ones_find_the_truth() -> None:
    assert tau(click_through(CLICKS)) < 0.2
    assert tau(coec(CLICKS)) > 0.8
    assert tau(pbm(CLICKS)) > 0.9


def test_pbm_learns_how_often_a_position_is_looked_at() -> None:
    examined = pbm(CLICKS).examined
    assert examined[:5] == pytest.approx([looks(at) for at in range(5)], abs=0.08)


def test_few_impressions_make_no_judgement_and_grades_follow_the_truth() -> None:
    rare = [*people(4000, mostly_wrong), Session("r", "someone", "t", ((1, "rare"),), frozenset({"rare"}))]
    clicks = as_clicks(rare)
    grades = {j.document: j.grade for j in judgements(clicks, pbm(clicks), "pbm", least=5)}
    assert "rare" not in grades and grades["d9"] == 4 and grades["d0"] < grades["d5"] < 4
    assert all(j.source == "clicks" and j.rater == "pbm" for j in judgements(clicks, pbm(clicks), "pbm", least=5))


def test_a_question_without_clicks_says_nothing() -> None:
    quiet = as_clicks([Session(str(n), "c", "t", ((1, "a"), (2, "b")), frozenset()) for n in range(50)])
    assert judgements(quiet, pbm(quiet), "pbm", least=1) == []
    nothing = as_clicks([])
    assert pbm(nothing).values == coec(nothing).values == {}


def served(name: str, client: str = "c", at: int = 0, **changes: object) -> Served:
    told = {"query_id": name, "client": client, "topic": Topic(text="red").named(), "ranker": "fusion", "shown": DOCUMENTS}
    rest = {"teams": {}, "candidate_set": CandidateSet(table={}), "time": NOW + timedelta(seconds=at)}
    return Served(**(told | rest | changes))  # type: ignore[arg-type]


def done(query: str, action: str, place: int, client: str = "c", at: int = 0) -> Done:
    return Done(query, client, action, DOCUMENTS[place], place + 1, NOW + timedelta(seconds=at))  # type: ignore[arg-type]


def test_what_counts_is_what_was_seen_and_clicked_once() -> None:
    events = [done("q", "impression", 0), done("q", "impression", 1), done("q", "click", 1), done("q", "click", 1, at=2)]
    events += [done("q", "click", 5), done("q", "click", 0, client="other"), done("unknown", "click", 0)]
    (session,) = sessions([served("q")], events)
    assert session.shown == ((1, "d0"), (2, "d1")) and session.clicked == {"d1"}


def test_floods_robots_and_those_who_open_everything_are_left_out() -> None:
    everything = [done("e", action, place, "eager") for place in range(10) for action in ("impression", "click")]
    assert sessions([served("e", "eager")], everything) == []
    many = [served(f"m{n}", "many", at=n) for n in range(clean.MAX_SEARCHES_PER_HOUR + 1)]
    assert clean.floods(many, []) == {"many"}
    fast = [done(f"f{n}", "click", 0, "fast", at=n // 2) for n in range(2 * clean.MAX_CLICKS_PER_MINUTE)]
    assert clean.floods([], fast) == {"fast"}
    assert is_robot("Mozilla/5.0 (compatible; Googlebot/2.1)") and is_robot("")
    assert not is_robot("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")


def test_a_served_table_survives_its_log() -> None:
    candidate_set = CandidateSet(
        table={"a": {"similar": 0.5}, "b": {}},
        query_features=QueryFeatures(intent="picture", category="food"),
        duplicate_pairs=[("a", "b")],
    )
    assert unpacked(packed(candidate_set)) == candidate_set


def drafted(number: int, chance: random.Random, first: list[str], second: list[str]) -> int:
    draft = team_draft(first, second, number)
    clicked = [d for at, (d, _) in enumerate(draft) if chance.random() < looks(at) and chance.random() < TRUE[d]]
    session = Session(str(number), "c", "t", (), frozenset(clicked))
    return interleaving.score(dict(draft), session)


def test_interleaving_finds_the_better_ranker_and_no_difference_where_there_is_none() -> None:
    chance = random.Random(5)
    best, worst = sorted(DOCUMENTS, key=lambda d: -TRUE[d]), sorted(DOCUMENTS, key=lambda d: TRUE[d])
    better = interleaving.outcome("new|old", [drafted(n, chance, best, worst) for n in range(400)])
    assert (better.first, better.second) == ("new", "old")
    assert better.wins > better.losses and better.p < 0.001 and better.low > 0
    same = interleaving.outcome("a|b", [drafted(n, chance, best, best) for n in range(400)])
    assert same.p > 0.01 and same.low < 0 < same.high
    assert interleaving.outcome("a|b", []).p == 1.0


def test_a_search_without_clicks_prefers_neither_ranker_and_is_not_counted() -> None:
    searches = [served(f"s{n}", ranker="new|old", teams={"a": TEAMS[0], "b": TEAMS[1]}) for n in range(4)]
    clicked = [frozenset({"a"}), frozenset({"a"}), frozenset({"a", "b"}), frozenset[str]()]
    seen = [Session(s.query_id, "c", "t", (), documents) for s, documents in zip(searches, clicked, strict=True)]
    [counted] = interleaving.outcomes(searches, seen)
    assert (counted.searches, counted.wins, counted.losses, counted.ties) == (3, 2, 0, 1)
    assert counted.preference == round(2 / 3, 4)
