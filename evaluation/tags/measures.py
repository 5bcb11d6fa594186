"""Measures of tags: of ordered lists, each entry with a confidence and whether it is right.

P@1, P@3 and recall@5; MiAP and MAP (Li et al.: Socializing the semantic gap, 2016, arXiv 1503.08248); precision at coverage
and AURC, the area under the curve of risk over coverage (Geifman, El-Yaniv, NeurIPS 2017), by the confidence of the first tag;
ECE, the expected calibration error over ten bins of equal size (Naeini et al., AAAI 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

COVERAGES = (0.25, 0.5, 0.75, 1.0)
BINS = 10
MIN_PICTURES = 3  # that a tag is right for, from which it is one of those that MAP is the mean of
Measures = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Listed:
    """A tag of a picture: its words as one text, its confidence, and whether it is right."""

    tag: str
    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The tags of a picture, best first, and the things that its hidden texts name."""

    tags: Sequence[Listed]
    named: frozenset[str]


def measures(answers: Sequence[Answered]) -> Measures:
    """All measures of one method on one set in one language."""
    first = [one.tags[0] for one in answers if one.tags]
    return {
        "P@1": _mean([float(one.tags[0].right) if one.tags else 0.0 for one in answers]),
        "P@3": _mean([_precision(one.tags[:3]) for one in answers]),
        "R@5": _mean([_recall(one) for one in answers if one.named]),
        "MiAP": _mean([average_precision([tag.right for tag in one.tags]) for one in answers]),
        "MAP": mean_average_precision(answers),
        **{f"P at {coverage:.0%}": precision_at(answers, coverage) for coverage in COVERAGES},
        "AURC": area_under_risk(answers),
        "ECE": calibration_error([one.confidence for one in first], [one.right for one in first]),
    }


def average_precision(right: Sequence[bool]) -> float:
    """The mean of the precisions at the right entries; 0 where none is right."""
    hits = np.cumsum(right)
    precisions = [hits[at] / (at + 1) for at, one in enumerate(right) if one]
    return float(np.mean(precisions)) if precisions else 0.0


def mean_average_precision(answers: Sequence[Answered]) -> float | None:
    """The mean over tags: each orders the pictures that have it by confidence; None where no tag is right often enough."""
    by_tag: dict[str, list[Listed]] = {}
    for one in answers:
        for tag in one.tags:
            by_tag.setdefault(tag.tag, []).append(tag)
    ordered = (sorted(tags, key=lambda tag: -tag.confidence) for tags in by_tag.values())
    frequent = [tags for tags in ordered if sum(tag.right for tag in tags) >= MIN_PICTURES]
    return float(np.mean([average_precision([tag.right for tag in tags]) for tags in frequent])) if frequent else None


def precision_at(answers: Sequence[Answered], coverage: float) -> float | None:
    """The precision of the first tag, of the share of pictures whose first tag is most confident; without tags: wrong."""
    if not answers:
        return None
    right = _by_confidence(answers)
    return float(np.mean(right[: max(1, round(coverage * len(right)))]))


def area_under_risk(answers: Sequence[Answered]) -> float | None:
    """The mean over coverages of the share of wrong first tags; smaller is better."""
    right = _by_confidence(answers)
    return float(np.mean(1.0 - np.cumsum(right) / np.arange(1, len(right) + 1))) if len(right) else None


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """The mean distance between confidence and the share of right ones, over bins of equal size."""
    if not confidences:
        return None
    order = np.argsort(confidences)
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    confident, correct = np.asarray(confidences), np.asarray(right, dtype=float)
    return float(sum(len(part) * abs(confident[part].mean() - correct[part].mean()) for part in bins) / len(order))


def _by_confidence(answers: Sequence[Answered]) -> np.ndarray:
    """Whether the first tags are right, the most confident first."""
    pairs = [(one.tags[0].confidence, one.tags[0].right) if one.tags else (-np.inf, False) for one in answers]
    return np.array([right for _, right in sorted(pairs, key=lambda pair: -pair[0])], dtype=float)


def _precision(tags: Sequence[Listed]) -> float:
    return sum(tag.right for tag in tags) / len(tags) if tags else 0.0


def _recall(one: Answered) -> float:
    """The share of the named things that the first five tags have among their words."""
    said = {word for tag in one.tags[:5] for word in tag.tag.split()}
    return len(said & one.named) / len(one.named)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
