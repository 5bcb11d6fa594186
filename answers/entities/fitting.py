"""Fit the matcher to questions whose entities are known, and choose the bounds from which a card is shown.

A question with no right entity teaches "none of these". Bounds are chosen on predictions for sets that the model of that
prediction was fitted without (leave one set out), so that they hold for things of kinds that it has not seen.

Selective risk: Geifman, El-Yaniv, Selective Classification for Deep Neural Networks (NeurIPS 2017).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from answers.entities.features import FEATURES, Features
from answers.entities.matcher import ANY, NEVER, Bound, Matcher, MatcherCard, Matrix, checksum, matrix

MAX_RISK = 0.05  # of cards, that may be wrong
MAX_FALSE = 0.02  # of questions about unknown things, that may get a card
MIN_CONFIDENCE = 0.5  # a card is more likely right than not
MIN_ANSWERS = 40  # cards of a type from which it has a bound of its own
RULE = (
    f"the least confidence, {MIN_CONFIDENCE} or more, by which at most {MAX_RISK:.0%} of the cards are wrong, and at most "
    f"{MAX_FALSE:.0%} of the questions about unknown things get one, on sets that the matcher was fitted without; types with "
    f"{MIN_ANSWERS} cards or more have a bound of their own"
)
TREES, LEAVES, RATE, SEED = 120, 8, 0.06, 7
PARAMETERS = {
    "objective": "binary", "learning_rate": RATE, "num_leaves": LEAVES, "min_data_in_leaf": 20, "lambda_l2": 5.0,
    "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1, "seed": SEED, "deterministic": True,
    "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip


class JudgedCandidate(BaseModel):
    """A candidate of a question whose answer is known."""

    entity: str
    type: str
    right: bool
    features: Features


class JudgedQuestion(BaseModel):
    """A question whose answer is known. Sets of one `family` show the same things. `known`: there is a right entity."""

    set: str
    family: str
    name: str
    known: bool
    candidates: list[JudgedCandidate] = Field([], description="As proposed; the right one need not be among them")


class Outcome(BaseModel):
    """What a matcher answers to a question: its best candidate."""

    set: str
    family: str
    known: bool
    type: str = ""
    right: bool = False
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The candidates of all questions as rows: values [rows, features], whether each is right, and its question's place."""

    values: Matrix
    right: Matrix
    of: NDArray[np.intp]

    @classmethod
    def of_questions(cls, questions: Sequence[JudgedQuestion]) -> "_Rows":
        """In the order of the questions."""
        each = [(one, place) for place, question in enumerate(questions) for one in question.candidates]
        values = matrix([one.features for one, _ in each], list(FEATURES))
        return cls(
            values, np.array([float(one.right) for one, _ in each]), np.array([place for _, place in each], dtype=np.intp)
        )

    def some(self, which: NDArray[np.bool_]) -> "_Rows":
        """The rows of some of the questions."""
        kept = which[self.of]
        return _Rows(self.values[kept], self.right[kept], self.of[kept])


def fit(questions: Sequence[JudgedQuestion]) -> Matcher:
    """A matcher of these questions, without bounds; each set counts as the square root of its number of questions."""
    return _fitted(_Rows.of_questions(questions), _weights(questions))


def _fitted(rows: _Rows, weights: Matrix) -> Matcher:
    import lightgbm  # noqa: PLC0415  (takes a while to import)

    names = list(FEATURES)
    data = lightgbm.Dataset(rows.values, label=rows.right, weight=weights[rows.of], feature_name=names)
    booster = lightgbm.train(PARAMETERS | {"monotone_constraints": list(FEATURES.values())}, data, num_boost_round=TREES)
    return Matcher(booster, MatcherCard(features=names, bounds={}, rule=RULE))


def _weights(questions: Sequence[JudgedQuestion]) -> Matrix:
    """The weight of the rows of each question, 1 on average over sets."""
    sizes = Counter(question.set for question in questions)
    mean = np.mean([size**-0.5 for size in sizes.values()])
    return np.array([sizes[question.set] ** -0.5 / mean for question in questions])


def left_out(questions: Sequence[JudgedQuestion]) -> list[Outcome]:
    """The outcome of every question, by a matcher that was fitted without its family."""
    rows, weights = _Rows.of_questions(questions), _weights(questions)
    families = np.array([question.family for question in questions])
    found: list[Outcome] = []
    for family in sorted(set(families)):
        matcher, asked = _fitted(rows.some(families != family), weights), rows.some(families == family)
        likely = np.asarray(matcher.scores(asked.values)) if len(asked.of) else np.zeros(0)
        places = [place for place, question in enumerate(questions) if question.family == family]
        found += [outcome(questions[place], likely[asked.of == place].tolist()) for place in places]
    return found


def outcome(question: JudgedQuestion, likely: Sequence[float]) -> Outcome:
    """The best candidate, by the probabilities of the candidates."""
    found = Outcome(set=question.set, family=question.family, known=question.known)
    if not likely:
        return found
    at = max(range(len(likely)), key=lambda place: likely[place])
    best = question.candidates[at]
    return found.model_copy(update={"type": best.type, "right": best.right, "confidence": round(likely[at], 4)})


def bounds_of(outcomes: Sequence[Outcome]) -> dict[str, Bound]:
    """Bounds by type, and for all others."""
    kinds = {one.type for one in outcomes if one.confidence > 0}
    chosen = {kind: bound for kind in kinds if (bound := bound_of([one for one in outcomes if one.type == kind])).answers}
    own = {kind: bound for kind, bound in sorted(chosen.items()) if bound.answers >= MIN_ANSWERS}
    return {ANY: bound_of(outcomes), **own}


def bound_of(outcomes: Sequence[Outcome]) -> Bound:
    """The least confidence at which the risk is small enough; NEVER where it is nowhere."""
    ranked = sorted(outcomes, key=lambda one: -one.confidence)
    unknown = sum(not one.known for one in ranked)
    best, wrong, false = Bound(least=NEVER), 0, 0
    for count, one in enumerate(ranked, start=1):
        wrong, false = wrong + (not one.right), false + (not one.known)
        is_last_of_equals = count == len(ranked) or ranked[count].confidence < one.confidence
        if (
            is_last_of_equals
            and one.confidence >= MIN_CONFIDENCE
            and wrong <= MAX_RISK * count
            and false <= MAX_FALSE * max(unknown, 1)
        ):
            best = Bound(least=one.confidence, answers=count, risk=round(wrong / count, 4))
    return best


def package(matcher: Matcher, questions: Sequence[JudgedQuestion], bounds: Mapping[str, Bound], folder: Path) -> list[Path]:
    """Write a matcher with its card into a folder; the files."""
    text = matcher.text
    counts: dict[str, int] = {}
    for question in questions:
        counts[question.set] = counts.get(question.set, 0) + 1
    card = matcher.card.model_copy(update={
        "bounds": dict(bounds), "questions": counts, "checksum": checksum(text),
        "libraries": {name: version(name) for name in ("lightgbm", "numpy")},
    })  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model.txt": text, "card.json": card.model_dump_json(indent=2) + "\n", "README.md": in_words(card)}
    for name, content in files.items():
        (folder / name).write_text(content)
    return [folder / name for name in files]


def in_words(card: MatcherCard) -> str:
    """The card for people, in Markdown."""
    sets = ", ".join(f"{name} {number}" for name, number in card.questions.items())
    rows = "\n".join(f"| {kind or 'all others'} | {bound.least:.3f} | {bound.answers} | {bound.risk:.1%} |"
                     for kind, bound in card.bounds.items())  # fmt: skip
    return f"""# The matcher of entities

*Written by `omma train entities`.*

Boosted trees (LightGBM {card.libraries["lightgbm"]}, {TREES} trees of {LEAVES} leaves) over {len(card.features)} features of
a candidate entity (answers/entities/features.py); what speaks for an entity can only help. Only trees over these values are
kept: no picture, text or vector of any set. How good it is: [entities.md](../../../docs/measurements/entities.md).

Fitted to {sum(card.questions.values())} questions: {sets}.

A card is shown from this confidence on: {card.rule}.

| type of the entity | least confidence | cards | wrong |
| --- | --- | --- | --- |
{rows}
"""
