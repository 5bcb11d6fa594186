"""Measure guesses of goals on collections that the classifier was not fitted on: `omma evaluate --task intent --data DIR`."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from answers.intent.classifier import guess, packaged
from answers.intent.goals import GOALS, TITLES, chosen
from answers.intent.rules import guessed
from answers.part import in_order, parts_of
from engine.settings import Settings
from evaluation import pages
from evaluation.intent.asking import Asked, Row, ask
from evaluation.intent.scores import Guess, macro_f1, scores
from query.answer import Goal
from ranking.candidate_set import CandidateSet, Ranked
from ranking.learning.examples import Example
from ranking.learning.measures import NDCG, interval
from ranking.learning.measures import measure as measured

Json = dict[str, Any]
Orders = Mapping[str, Mapping[str, float]]  # question -> part -> NDCG@10


def measure(data: Path, settings: Settings, tell: Callable[[str], None]) -> Json:
    """All figures of docs/measurements/intent.md. Needs running services."""
    return figures(ask(data, settings, tell), settings)


def figures(asked: Asked, settings: Settings) -> Json:
    """What the guesses of asked questions are worth."""
    test = [row for row in asked.rows if row.side == "test"]
    ways: dict[str, Guess] = {
        "classifier": lambda row: guess(row.features, asked.weights).goal,
        "rules": lambda row: guessed(row.features).goal,
        "always similar": lambda row: "similar",
    }
    classifier = packaged()
    return {
        "surroundings": pages.surroundings(settings), "documents": asked.documents,
        "questions": {side: sum(row.side == side for row in asked.rows) for side in ("train", "test")},
        "with_words": sum(row.words for row in test), "goals": {goal: TITLES[goal][1] for goal in GOALS},
        "collections": _collections(asked.rows), "card": classifier.card.model_dump() if classifier else None,
        "macro_f1": {name: round(macro_f1(test, way), 3) for name, way in ways.items()},
        "by_words": {name: _by_words(test, way) for name, way in ways.items()},
        "by_goal": {name: {g: asdict(s) for g, s in scores(test, way).items()} for name, way in ways.items()},
        "by_collection": _right_by_collection(test, ways["classifier"]),
        "confusion": _confusion(test, ways["classifier"]), "regret": _regret(test, ways, settings),
    }  # fmt: skip


def _collections(rows: Sequence[Row]) -> list[Json]:
    """Side, right goals and number of questions without words of each collection."""
    counted = Counter(row.collection for row in rows)
    plain = {row.collection: row for row in rows if not row.words}
    return [
        {"name": name, "side": row.side, "goals": list(row.goals), "questions": counted[name]} for name, row in plain.items()
    ]


def _by_words(rows: Sequence[Row], way: Guess) -> dict[str, float]:
    """Macro-F1 of questions with words of a goal, and of pictures alone."""
    parts = {"with words": [row for row in rows if row.words], "picture alone": [row for row in rows if not row.words]}
    return {name: round(macro_f1(part, way), 3) for name, part in parts.items()}


def _right_by_collection(rows: Sequence[Row], way: Guess) -> dict[str, float]:
    """The share of pictures alone whose goal is right."""
    plain = [row for row in rows if not row.words]
    names = dict.fromkeys(row.collection for row in plain)
    return {name: _share([way(row) in row.goals for row in plain if row.collection == name]) for name in names}


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / max(len(right), 1), 3)


def _confusion(rows: Sequence[Row], way: Guess) -> dict[str, dict[str, int]]:
    """Right goal -> guessed goal -> questions; a guess among several right goals counts as right."""
    found: dict[str, Counter[str]] = {goal: Counter() for goal in GOALS}
    for row in rows:
        guessed_goal = way(row)
        found[guessed_goal if guessed_goal in row.goals else row.goals[0]][guessed_goal] += 1
    return {goal: {other: row[other] for other in GOALS} for goal, row in found.items()}


def _regret(rows: Sequence[Row], ways: Mapping[str, Guess], settings: Settings) -> Json:
    """NDCG@10 of what each way of guessing leads with, and what is lost against the best part of each question."""
    graded = [row for row in rows if row.grades]
    found = _ndcg(graded)
    leads = {goal: _leads(goal, settings) for goal in GOALS}
    best = {row.name: max(found[row.name].values(), default=0.0) for row in graded}
    rows_of: Json = {}
    for name, way in ways.items():
        led = {row.name: _led(row, leads[way(row)], found) for row in graded}
        lost = [best[one] - led[one] for one in led]
        low, high = interval(lost)
        rows_of[name] = {"ndcg": _mean(list(led.values())), "regret": _mean(lost), "low": round(low, 4), "high": round(high, 4)}
    parts = sorted({part for row in graded for part, order in row.orders.items() if order})
    alone = {part: _mean([found[row.name].get(part, 0.0) for row in graded]) for part in parts}
    return {"questions": len(graded), "best": _mean(list(best.values())), "ways": rows_of, "parts": alone}


def _leads(goal: Goal, settings: Settings) -> list[str]:
    """The parts in the order of a goal."""
    return [part.name for part in in_order(parts_of(settings).values(), chosen(goal, guessed({})))]


def _led(row: Row, order: Sequence[str], found: Orders) -> float:
    """The NDCG of the first part that leads to any result, as the page shows it."""
    lead = next((name for name in order if row.orders.get(name)), None)
    return found[row.name][lead] if lead else 0.0


def _ndcg(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Question -> part -> NDCG@10 of the results that the part leads to."""
    examples = [
        Example(
            topic=f"{at} {part}",
            set=row.collection,
            grades=dict(row.grades),
            candidate_set=CandidateSet(table={i: {} for i in order}),
        )
        for at, row in enumerate(rows)
        for part, order in row.orders.items()
        if order
    ]
    values = measured(examples, _as_ordered, [NDCG])["NDCG@10"] if examples else {}
    found: dict[str, dict[str, float]] = {row.name: {} for row in rows}
    for topic, value in values.items():
        at, _, part = topic.partition(" ")
        found[rows[int(at)].name][part] = value
    return found


def _as_ordered(example: Example) -> list[Ranked]:
    return [Ranked(document, 0.0, {}) for document in example.candidate_set.table]


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
