"""Fit the confidence of tags (answers/tags/confidence.py) on questions whose tags are known.

The weights are those of a logistic model with a quadratic penalty, and none is negative: every feature speaks for a tag or says
nothing. A model with more freedom (boosted trees, more features) is better on the sets that it is fitted on and worse on
others. The calibration is isotonic regression (Zadrozny, Elkan, KDD 2002) on scores of sets that the weights were fitted
without, so that it holds for a collection that nothing was learned from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from answers.tags.confidence import PACKAGED, Confidence
from answers.tags.features import FEATURES
from engine.settings import get_settings
from evaluation.tags.asking import Asked, ask_all
from evaluation.tags.sets import sets_in
from ranking.evidence import Curve

DATA = click.Path(exists=True, file_okay=False, path_type=Path)
PENALTY = 10.0  # of the squares of the weights of standardised features
MAX_RISK = 0.1  # of the first tags that are certain, that may be wrong
MIN_CERTAIN = 30  # first tags that a bound rests on
DIGITS = 4
BOUND = 1e-3  # of a calibrated probability, and of its distance from 1
RULE = f"of the first tags of pictures of collections that were left out, at most {MAX_RISK:.0%} of the certain ones are wrong"
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the candidates of several questions, whether each is right, and the weight of each."""

    scores: Array
    right: NDArray[np.bool_]
    weights: Array


@click.command()
@click.option("--data", type=DATA, required=True, help="Folder of data sets, indexed for this and removed again.")
def main(data: Path) -> None:
    """Fit the confidence of tags on pictures whose tags are known."""
    asked = ask_all(sets_in(data), data, get_settings(), click.echo)
    PACKAGED.write_text(fit(asked).model_dump_json(indent=1) + "\n", encoding="utf-8")
    click.echo(f"{PACKAGED.name} written")


def fit(asked: Sequence[Asked]) -> Confidence:
    """Weights on all questions; calibration and bound on each set by weights that were fitted on the others."""
    names = sorted({one.question.set for one in asked})
    left_out, firsts = list[Scores](), list[Scores]()
    for name in names:
        held = [one for one in asked if one.question.set == name]
        model = _weighed([one for one in asked if one.question.set != name] or held)
        left_out.append(_scored(model, held, first=False))
        firsts.append(_scored(model, held, first=True))
    calibration = _isotonic(_joined(left_out))
    calibrated = _weighed(asked).model_copy(update={"calibration": calibration, "data": ", ".join(names)})
    return calibrated.model_copy(update={"certain": _bound(calibration, _joined(firsts))})


def _weighed(asked: Sequence[Asked]) -> Confidence:
    """The weights alone."""
    found = [_candidates(one) for one in asked]
    rows = np.nan_to_num(np.array([[row[name] for name in FEATURES] for one in found for row, _ in one]))
    right = np.array([is_right for one in found for _, is_right in one], dtype=bool)
    means, scales = rows.mean(axis=0), rows.std(axis=0)
    scales[scales == 0] = 1.0
    bias, weights = _logistic((rows - means) / scales, right, _weights(asked))
    plain = weights / scales
    return Confidence(
        data="",
        rule=RULE,
        bias=round(float(bias - plain @ means), DIGITS),
        weights={name: round(float(weight), DIGITS) for name, weight in zip(FEATURES, plain, strict=True)},
        calibration=Curve(limits=[], log_odds=[0.0]),
        certain=1.0,
    )


def _logistic(rows: Array, right: NDArray[np.bool_], weights: Array) -> tuple[float, Array]:
    """Bias and weights [n] of the least penalised loss; the weights are not negative."""
    signs = np.where(right, 1.0, -1.0)

    def loss(values: Array) -> tuple[float, Array]:
        margins = signs * (values[0] + rows @ values[1:])
        slopes = -signs * weights / (1.0 + np.exp(np.clip(margins, -30.0, 30.0)))
        penalty = PENALTY * float(values[1:] @ values[1:])
        gradient = np.concatenate([[slopes.sum()], rows.T @ slopes + 2 * PENALTY * values[1:]])
        return float((weights * np.logaddexp(0.0, -margins)).sum()) + penalty, gradient

    bounds = [(None, None), *[(0.0, None)] * rows.shape[1]]
    found = minimize(loss, np.zeros(1 + rows.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return float(found[0]), np.asarray(found[1:], dtype=np.float64)


def _candidates(one: Asked) -> list[tuple[dict[str, float], bool]]:
    """The features of each candidate that may stand by itself, and whether it is right."""
    parts = zip(one.described.rows, one.described.candidates, one.right, strict=True)
    return [(row, right) for row, candidate, right in parts if candidate.keys not in one.described.general]


def _weights(asked: Sequence[Asked]) -> Array:
    """Of each candidate: a set counts as the square root of its number of questions."""
    numbers: dict[str, int] = {}
    for one in asked:
        numbers[one.question.set] = numbers.get(one.question.set, 0) + 1
    each = [(numbers[one.question.set] ** -0.5, len(_candidates(one))) for one in asked]
    weights = np.concatenate([np.full(number, weight) for weight, number in each])
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def _scored(model: Confidence, asked: Sequence[Asked], *, first: bool) -> Scores:
    """The scores of all candidates, or of the best of each question."""
    each = [[(model.score(row), right) for row, right in _candidates(one)] for one in asked]
    if first:
        each = [[max(one, key=lambda pair: pair[0])] for one in each if one]
        weights = np.ones(len(each))
    else:
        weights = _weights(asked)
    pairs = [pair for one in each for pair in one]
    return Scores(np.array([score for score, _ in pairs]), np.array([right for _, right in pairs], dtype=bool), weights)


def _joined(parts: Sequence[Scores]) -> Scores:
    return Scores(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("scores", "right", "weights")))


def _isotonic(found: Scores) -> Curve:
    """Score -> log-odds, as a step function that never falls."""
    fitted = IsotonicRegression(y_min=BOUND, y_max=1 - BOUND).fit(found.scores, found.right, sample_weight=found.weights)
    limits, shares = fitted.X_thresholds_, fitted.y_thresholds_
    steps = [at for at in range(1, len(shares)) if shares[at] > shares[at - 1]]
    odds = [round(math.log(share / (1 - share)), DIGITS) for share in (shares[0], *(shares[at] for at in steps))]
    return Curve(limits=[round(float(limits[at]), DIGITS) for at in steps], log_odds=odds)


def _bound(calibration: Curve, firsts: Scores) -> float:
    """The lowest confidence from which at most MAX_RISK of the first tags are wrong; 1 where none holds that."""
    confidences = np.array([1 / (1 + math.exp(-calibration.of(score))) for score in firsts.scores])
    for bound in np.unique(confidences):
        certain = firsts.right[confidences >= bound]
        if len(certain) >= MIN_CERTAIN and certain.mean() >= 1 - MAX_RISK:
            return float(math.floor(float(bound) * 10**DIGITS) / 10**DIGITS)
    return 1.0
