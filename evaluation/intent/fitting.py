"""Fit the classifier of goals: `omma train intent --data ../shared/data`.

Multinomial logistic regression on the questions of the collections of `train` alone. The regularisation is chosen by
leaving each collection out of the fit in turn, as a question of a user is about a collection that was not fitted on. A question
with several right goals counts for each of them in equal parts, and every goal has the same weight in all. Writes
`answers/classifier-packaged.json`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from answers.intent.classifier import MAX_SPREAD, PACKAGED, IntentCard, IntentClassifier, dumped, with_rules
from answers.intent.features import READS
from answers.intent.goals import GOALS
from engine.settings import get_settings
from evaluation.intent.asking import Asked, Row, ask
from evaluation.intent.scores import macro_f1
from query.answer import Goal

Array = NDArray[np.float64]
CHOICES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # inverse of the regularisation
MIN_SPREAD = 0.02  # by which a feature that hardly varies is divided
ROUNDS = 2000  # of the solver, at most


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights over standardised features, before they are rounded and described by a card."""

    features: list[str]
    means: Array
    spreads: Array
    bias: Array
    weights: Array

    def guess(self, row: Row) -> Goal:
        """The most likely goal."""
        values = _standard(_matrix([row], self.features), self.means, self.spreads)[0]
        return GOALS[int(np.argmax(self.weights @ values + self.bias))]


def fitted(rows: Sequence[Row], regularisation: float) -> Fitted:
    """Fit to these questions; features that never vary are left out."""
    names = sorted({name for row in rows for name in with_rules(row.features)})
    matrix = _matrix(rows, names)
    kept = np.flatnonzero(np.ptp(matrix, axis=0) > 0)
    features, matrix = [names[at] for at in kept], matrix[:, kept]
    means, spreads = matrix.mean(axis=0), np.maximum(matrix.std(axis=0), MIN_SPREAD)
    places, goals, shares = (np.array(part) for part in zip(*_labels(rows), strict=True))
    totals = np.bincount(goals, shares, minlength=len(GOALS))
    balanced = shares / totals[goals] * len(rows) / len(GOALS)
    model = LogisticRegression(C=regularisation, max_iter=ROUNDS)
    model.fit(_standard(matrix, means, spreads)[places], goals, sample_weight=balanced)
    bias, weights = np.full(len(GOALS), -10.0), np.zeros((len(GOALS), len(features)))
    bias[model.classes_], weights[model.classes_] = model.intercept_, model.coef_
    return Fitted(features, means, spreads, bias, weights)


def _labels(rows: Sequence[Row]) -> Iterator[tuple[int, int, float]]:
    """Place of the question, number of the goal, and the share that the question counts for it."""
    for place, row in enumerate(rows):
        for goal in row.goals:
            yield place, GOALS.index(goal), 1 / len(row.goals)


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> Array:
    known = [with_rules(row.features) for row in rows]
    return np.array([[found.get(name, 0.0) for name in names] for found in known])


def _standard(matrix: Array, means: Array, spreads: Array) -> Array:
    return np.asarray(np.clip((matrix - means) / spreads, -MAX_SPREAD, MAX_SPREAD))


def cross_validated(rows: Sequence[Row], regularisation: float) -> float:
    """Macro-F1 where each collection is guessed by what was fitted to the others."""
    guesses: dict[str, Goal] = {}
    for name in {row.collection for row in rows}:
        model = fitted([row for row in rows if row.collection != name], regularisation)
        guesses |= {row.name: model.guess(row) for row in rows if row.collection == name}
    return macro_f1(rows, lambda row: guesses[row.name])


def fit(asked: Asked) -> IntentClassifier:
    """The classifier of the training side, with the regularisation that generalises best from collection to collection."""
    rows = [row for row in asked.rows if row.side == "train"]
    found = {choice: cross_validated(rows, choice) for choice in CHOICES}
    best = max(CHOICES, key=lambda choice: found[choice])
    model = fitted(rows, best)
    card = IntentCard(
        made=datetime.now(UTC).date().isoformat(), questions=len(rows), collections=sorted({row.collection for row in rows}),
        weights={name: mark for name, mark in asked.weights.items() if name in READS}, regularisation=best,
        cross_validated=round(found[best], 3),
    )  # fmt: skip
    return IntentClassifier(
        card=card, features=model.features, means=model.means.tolist(), spreads=model.spreads.tolist(),
        bias=model.bias.tolist(), weights=model.weights.tolist(),
    )  # fmt: skip


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit the classifier of what a picture is asked for; services must run, as the questions are asked."""
    classifier = fit(ask(data, get_settings(), click.echo, with_orders=False))
    PACKAGED.write_text(dumped(classifier))
    click.echo(f"{PACKAGED.name}: {classifier.card.model_dump_json(indent=2)}")
