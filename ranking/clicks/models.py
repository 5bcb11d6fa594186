"""From clicks to what a document is worth, corrected for where it was shown.

People look at the first results more than at later ones, so that a plain click-through rate mostly says where a document
stood. Both models divide that out. See Chuklin, Markov, de Rijke: Click Models for Web Search (2015).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.clicks.filter import Session
from ranking.judgements.judgement import Judgement

Vector = NDArray[np.float64]
ROUNDS, CLOSE = 200, 1e-6  # of expectation and maximisation, and when it ends
PRIOR = 1.0  # imagined impressions of each pair with the average attractiveness, so that few clicks prove little
DEEPEST = 100  # positions beyond are taken together
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Clicks:
    """Impressions as columns of numbers: which pair of topic and document, where, and whether it was clicked."""

    pairs: list[Pair]
    pair: NDArray[np.int64]
    position: NDArray[np.int64]
    clicked: Vector

    @property
    def support(self) -> Vector:
        """Impressions of each pair."""
        return np.bincount(self.pair, minlength=len(self.pairs)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a model made of clicks: a value for each pair, and how often each position is looked at (1 at the best)."""

    values: dict[Pair, float]
    examined: list[float]


def as_clicks(sessions: Sequence[Session]) -> Clicks:
    """All impressions of all sessions; positions count from 0."""
    index: dict[Pair, int] = {}
    rows = [
        (index.setdefault((session.topic, document), len(index)), min(position - 1, DEEPEST - 1), document in session.clicked)
        for session in sessions
        for position, document in session.shown
    ]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    return Clicks(list(index), table[:, 0], table[:, 1], table[:, 2].astype(np.float64))


def click_through(clicks: Clicks) -> Estimate:
    """Clicks per impression, with nothing corrected: what the others are compared with."""
    rate = np.bincount(clicks.pair, clicks.clicked, len(clicks.pairs)) / np.maximum(clicks.support, 1)
    return Estimate(dict(zip(clicks.pairs, rate.tolist(), strict=True)), [])


def coec(clicks: Clicks) -> Estimate:
    """Clicks over expected clicks: those that an average document would have had in the same places.

    Zhang, Jones: Comparing click logs and editorial labels for training query rewriting (WWW 2007 workshop).
    """
    if not clicks.pairs:
        return Estimate({}, [])
    by_position = _means(clicks.position, clicks.clicked)
    expected = np.bincount(clicks.pair, by_position[clicks.position], len(clicks.pairs))
    had = np.bincount(clicks.pair, clicks.clicked, len(clicks.pairs))
    average = float(by_position.mean())
    values = (had + PRIOR * average) / (expected + PRIOR * average)
    return Estimate(dict(zip(clicks.pairs, values.tolist(), strict=True)), _scaled(by_position))


def pbm(clicks: Clicks) -> Estimate:
    """The position-based model by expectation maximisation: clicked = looked at (by position) and attractive (by pair).

    Craswell, Zoeter, Taylor, Ramsey: An experimental comparison of click position-bias models (WSDM 2008).
    """
    if not clicks.pairs:
        return Estimate({}, [])
    pairs, positions = len(clicks.pairs), int(clicks.position.max()) + 1
    attractive, examined = np.full(pairs, 0.5), 1.0 / (1.0 + np.arange(positions))
    mean = float(clicks.clicked.mean())
    for _ in range(ROUNDS):
        a, e = attractive[clicks.pair], examined[clicks.position]
        neither = np.maximum(1 - a * e, 1e-12)
        # What is not known of an impression without a click: it was attractive, or it was looked at.
        was_attractive = clicks.clicked + (1 - clicks.clicked) * a * (1 - e) / neither
        was_examined = clicks.clicked + (1 - clicks.clicked) * e * (1 - a) / neither
        told = np.bincount(clicks.pair, was_attractive, pairs)
        fresh = (told + PRIOR * mean) / (clicks.support + PRIOR)
        examined = np.maximum(_means(clicks.position, was_examined), 1e-6)
        moved, attractive = float(np.abs(fresh - attractive).max()), fresh
        if moved < CLOSE:
            break
    return Estimate(dict(zip(clicks.pairs, attractive.tolist(), strict=True)), _scaled(examined))


MODELS: Mapping[str, Callable[[Clicks], Estimate]] = {"coec": coec, "pbm": pbm}
# Grades by the share of the topic's best value: whoever is nearly as attractive as the best is as good.
STEPS = ((0.8, 4), (0.55, 3), (0.3, 2), (0.12, 1))


def judgements(clicks: Clicks, estimate: Estimate, name: str, least: int) -> list[Judgement]:
    """Grades 0..4 of pairs with at least so many impressions, by their share of the topic's best value."""
    support = dict(zip(clicks.pairs, clicks.support.tolist(), strict=True))
    kept = {pair: value for pair, value in estimate.values.items() if support[pair] >= least}
    clicked = {clicks.pairs[at][0] for at in clicks.pair[clicks.clicked > 0]}
    best: dict[str, float] = {}
    for (topic, _), value in kept.items():
        best[topic] = max(best.get(topic, 0.0), value)
    return [
        Judgement(topic=topic, document=document, grade=_grade(value / best[topic]), source="clicks", rater=name)
        for (topic, document), value in sorted(kept.items())
        if topic in clicked and best[topic] > 0  # of a question whose results nobody opened, nothing is known
    ]


def _grade(share: float) -> int:
    return next((grade for least, grade in STEPS if share >= least), 0)


def _means(groups: NDArray[np.int64], values: Vector) -> Vector:
    """Mean of the values of each group; 0 for a group without any."""
    found: Vector = np.bincount(groups, values) / np.maximum(np.bincount(groups), 1)
    return found


def _scaled(examined: Sequence[float] | NDArray[np.floating]) -> list[float]:
    best = float(max(examined)) or 1.0
    return [round(float(value) / best, 4) for value in examined]
