"""Explanations of a result's place, and of the difference between two results."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from factors.base import Evidence, Factor, Match
from query.answer import Difference, Matched, Why
from query.ordering import Ranking
from query.question import Columns, Understood
from query.retrieval import RescoredTable
from ranking.candidate_set import Ranked, shares

logger = logging.getLogger(__name__)
Json = dict[str, Any]
MIN_CONTRIBUTION = 1e-6  # to a score, from which a feature without a value is named
DECISIVE_SHARE = 0.15  # of all differences, from which a factor is named in the summary
OTHER_PARTS = {  # of a score, which belong to no factor: title and text
    "list": ("Agreement", "How the factors agree with one another on this picture, beside the other candidates."),
    "question": ("Kind of question", "What the other factors count for in a question of this kind."),
    "engine": ("Learned order", "The model runs in the engine, which does not report the parts of its score."),
}


def contributions(ranking: Ranking, documents: Sequence[str]) -> dict[str, dict[str, float]]:
    """Each feature's part of the score of each of these documents, by the ranker that placed it."""
    found: dict[str, dict[str, float]] = {}
    for ranker in {id(ranker): ranker for ranker in ranking.placed_by.values()}.values():
        own = [document for document in documents if ranking.placed_by.get(document) is ranker]
        found |= ranker.contributions(ranking.candidate_set, own)
    return found


def evidence_of(understood: Understood, table: RescoredTable, ranked: Ranked, hit: Json) -> dict[str, Evidence]:
    """What explains each feature of a result, by name; `hit` is the result's document as the engine returned it."""
    values = table.rows[ranked.id].values
    return {name: _evidence(understood, table, name, ranked, hit) for name in values if name in table.columns}


def whys(
    columns: Columns, titles: Mapping[str, str], ranked: Ranked, evidence: Mapping[str, Evidence], parts: Mapping[str, float]
) -> list[Why]:
    """Every feature's part of a score, the greatest first; one without a value is named if that changes the score.

    `titles` of all features: a model also weighs that a question does not ask by a feature.
    """
    share = shares(parts)
    found = [_of_value(columns[name][0], shown, ranked, parts, share) for name, shown in evidence.items()]
    found += [
        _of_missing(name, titles, part, share[name], asked=name in columns)
        for name, part in parts.items()
        if name not in evidence and abs(part) > MIN_CONTRIBUTION
    ]
    return sorted(found, key=lambda why: (-why.share, why.factor))


def box_of(factor: Factor, evidence: Evidence) -> list[float] | None:
    """The part of the result's image that matched; None where the factor names none, or fails."""
    try:
        return factor.box(evidence)
    except Exception:  # an explanation that fails must not take the result with it
        logger.warning("factor %s could not name the part that matched", factor.name, exc_info=True)
        return None


def matched(name: str, match: Match) -> Matched:
    """Matched keypoints as the answer has them."""
    return Matched(factor=name, points=[list(pair) for pair in match.pairs], outline=[list(p) for p in match.outline])


def differences(above: Sequence[Why], below: Sequence[Why]) -> list[Difference]:
    """What each factor adds to the difference of two scores, the weightiest first."""
    upper, lower = ({why.factor: why for why in whys} for whys in (above, below))
    found = [_difference(upper.get(name), lower.get(name)) for name in upper | lower]
    return sorted(found, key=lambda difference: (-abs(difference.contribution), difference.factor))


def _difference(upper: Why | None, lower: Why | None) -> Difference:
    known = upper or lower
    assert known is not None
    return Difference(
        factor=known.factor,
        title=known.title,
        above=upper.value if upper else None,
        below=lower.value if lower else None,
        contribution=round((upper.contribution if upper else 0.0) - (lower.contribution if lower else 0.0), 6),
    )


def summary(found: Sequence[Difference]) -> str:
    """The decisive differences in one sentence."""
    total = sum(abs(difference.contribution) for difference in found)
    decisive = [d for d in found if total and abs(d.contribution) >= DECISIVE_SHARE * total]
    ahead = [f"{d.title} ({d.contribution:+.3f})" for d in decisive if d.contribution > 0]
    against = [f"{d.title} ({d.contribution:+.3f})" for d in decisive if d.contribution < 0]
    if not ahead:
        return (
            "No single factor decides: many small differences do."
            if total
            else "Nothing tells them apart: their scores are equal."
        )
    more = f", although {' and '.join(against)} speaks for the lower one" if against else ""
    return f"The upper one is ahead by {' and '.join(ahead)}{more}."


def _evidence(understood: Understood, table: RescoredTable, name: str, ranked: Ranked, hit: Json) -> Evidence:
    factor, _ = table.columns[name]
    found = hit.get("inner_hits", {}).get(name, {}).get("hits", {}).get("hits", [])
    highlighted = factor.highlight(understood.question)
    return Evidence(
        clause=name,
        value=table.rows[ranked.id].values[name],
        document=hit["_source"],
        question=understood.question,
        inner=[inner.get("_source", {}) for inner in found],
        highlights=[s for path, snippets in hit.get("highlight", {}).items() if path in highlighted for s in snippets],
        rescored=table.rescored.get((ranked.id, name)),
    )


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


def _of_missing(name: str, titles: Mapping[str, str], part: float, share: float, *, asked: bool) -> Why:
    missing = "Nothing is known of this picture that could be compared." if asked else "The question does not ask by this."
    title, text = OTHER_PARTS.get(name, (titles.get(name, name), missing))
    return Why(factor=name, title=title, contribution=round(part, 6), share=round(share, 4), text=text)


def _explained(factor: Factor, evidence: Evidence) -> str:
    try:
        return factor.explain(evidence)
    except Exception:  # an explanation that fails must not take the result with it
        logger.warning("factor %s could not explain a result", factor.name, exc_info=True)
        return f"{factor.title}: {evidence.value:.3f}"
