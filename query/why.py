"""Why a result is where it is: every factor's value, and what it adds to the score or takes from it."""

import logging
from collections.abc import Mapping, Sequence

from factors.base import Evidence, Factor
from query.answer import Why
from query.run import Run
from ranking.order import Ranked, shares

logger = logging.getLogger(__name__)
FAINT = 1e-6  # a part of the score that is none
BESIDE = {
    "list": ("Agreement", "How the factors agree with one another on this picture, beside the other candidates."),
    "question": ("Kind of question", "What the other factors count for in a question of this kind."),
    "engine": ("Learned order", "The model runs in the engine, which does not tell the parts of its score."),
}


def contributions(run: Run, documents: Sequence[str]) -> dict[str, dict[str, float]]:
    """Each column's part of the score of each of these, by the ranker that placed it."""
    found: dict[str, dict[str, float]] = {}
    for ranker in {id(ranker): ranker for ranker in run.rankers_used.values()}.values():
        own = [document for document in documents if run.rankers_used.get(document) is ranker]
        found |= ranker.contributions(run.candidate_set, own)
    return found


def whys(run: Run, ranked: Ranked, evidence: Mapping[str, Evidence], parts: Mapping[str, float]) -> list[Why]:
    """The greatest part first; columns without a value are named where having none changes the score."""
    share = shares(parts)
    found = [_of_value(run.columns[name][0], shown, ranked, parts, share) for name, shown in evidence.items()]
    found += [
        _of_missing(run, name, part, share[name]) for name, part in parts.items() if name not in evidence and abs(part) > FAINT
    ]
    return sorted(found, key=lambda why: (-why.share, why.factor))


def _of_value(
    factor: Factor, evidence: Evidence, ranked: Ranked, parts: Mapping[str, float], share: Mapping[str, float]
) -> Why:
    name = evidence.clause
    return Why(
        factor=name,
        title=factor.title,
        value=round(evidence.value, 6),
        rank=ranked.ranks.get(name),
        contribution=round(parts.get(name, 0.0), 6),
        share=round(share.get(name, 0.0), 4),
        text=_explained(factor, evidence),
    )


def _of_missing(run: Run, name: str, part: float, share: float) -> Why:
    if name in run.columns:
        factor, _ = run.columns[name]
        title, text = factor.title, "Nothing is known of this picture that could be compared."
    else:
        title, text = BESIDE.get(name, (name, "Not asked by this question."))
    return Why(factor=name, title=title, contribution=round(part, 6), share=round(share, 4), text=text)


def _explained(factor: Factor, evidence: Evidence) -> str:
    try:
        return factor.explain(evidence)
    except Exception:  # an explanation that fails must not take the result with it
        logger.warning("factor %s could not explain a result", factor.name, exc_info=True)
        return f"{factor.title}: {evidence.value:.3f}"
