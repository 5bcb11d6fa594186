"""How well entities are identified: by a matcher that was fitted without the set that it is measured on.

Measures: accuracy of the best candidate; coverage at a precision of 95 % and at the bound in use; false cards on things that no
entity is of; and micro-average precision with distractors, where questions about unknown things share the list with the others
(Weyand, Araujo, Cao, Sim: Google Landmarks Dataset v2, CVPR 2020).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from answers.entities import fitting
from answers.entities.fitting import JudgedQuestion, Outcome
from answers.entities.matcher import ANY, Bound
from engine.settings import Settings
from evaluation import pages
from evaluation.entities.asking import Tell, asked_and_kept

Json = dict[str, Any]
Bounds = Mapping[str, Mapping[str, Bound]]  # left-out family -> type -> bound
PRECISION = 0.95


def measure(data: Path, settings: Settings, tell: Tell) -> Json:
    """All figures of the page; ConfigurationError if data sets are missing."""
    return {"surroundings": pages.surroundings(settings)} | figures(asked_and_kept(data, settings, tell))


def figures(questions: Sequence[JudgedQuestion]) -> Json:
    """The figures of questions that were asked."""
    outcomes = fitting.left_out(questions)
    bounds = {family: fitting.bounds_of([one for one in outcomes if one.family != family])
              for family in {one.family for one in outcomes}}  # fmt: skip
    known, unknown = [one for one in outcomes if one.known], [one for one in outcomes if not one.known]
    sets = {name: [one for one in known if one.set == name] for name in sorted({one.set for one in known})}
    rows = {name: row(found, unknown, questions, bounds) for name, found in {**sets, "all": known}.items()}
    strangers = sorted({one.set for one in unknown})
    return {
        "questions": len(questions), "precision": PRECISION, "rows": rows, "rule": fitting.RULE,
        "unknown": {name: false_cards([one for one in unknown if one.set == name], bounds) for name in strangers},
        "all_unknown": false_cards(unknown, bounds),
        "bounds": {kind or "all others": bound.model_dump() for kind, bound in fitting.bounds_of(outcomes).items()},
    }  # fmt: skip


def row(known: Sequence[Outcome], unknown: Sequence[Outcome], questions: Sequence[JudgedQuestion], bounds: Bounds) -> Json:
    """The figures of one set, with all questions about unknown things as distractors."""
    sets = {one.set for one in known}
    asked = [question for question in questions if question.known and question.set in sets]
    cards = [one for one in known if shown(one, bounds)]
    return {
        "questions": len(known),
        "proposed": sum(any(one.right for one in question.candidates) for question in asked) / len(asked),
        "accuracy": sum(one.right for one in known) / len(known),
        "coverage": coverage([*known, *unknown], len(known)),
        "cards": len(cards) / len(known),
        "right_cards": sum(one.right for one in cards) / len(cards) if cards else None,
        "micro_ap": micro_ap([*known, *unknown], len(known)),
    }


def shown(one: Outcome, bounds: Bounds) -> bool:
    """Whether the answer is a card, by bounds that were chosen without its family."""
    own = bounds[one.family]
    return bool(one.confidence) and one.confidence >= (own.get(one.type) or own[ANY]).least


def false_cards(unknown: Sequence[Outcome], bounds: Bounds) -> Json:
    """How many questions about unknown things get a card."""
    cards = sum(shown(one, bounds) for one in unknown)
    return {"questions": len(unknown), "cards": cards, "share": cards / len(unknown) if unknown else 0.0}


def coverage(outcomes: Sequence[Outcome], known: int) -> float:
    """The largest share of the known questions that can be answered so that PRECISION of all answers are right."""
    best, right, answered = 0.0, 0, 0
    for count, one in enumerate(sorted(outcomes, key=lambda one: (-one.confidence, one.right)), start=1):
        right, answered = right + one.right, answered + one.known
        if one.confidence and right >= PRECISION * count:
            best = answered / known
    return best


def micro_ap(outcomes: Sequence[Outcome], known: int) -> float:
    """Micro-average precision: the mean over known questions of the precision at the place of their right answer, or 0."""
    total, right = 0.0, 0
    for place, one in enumerate(sorted(outcomes, key=lambda one: (-one.confidence, one.right)), start=1):
        if one.right:
            right += 1
            total += right / place
    return total / known
