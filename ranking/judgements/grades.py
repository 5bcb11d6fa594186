"""One grade per document from all that was said of it."""

import statistics
from collections.abc import Iterable, Sequence

from ranking.judgements.judgement import Judgement, SourceName

TRUST: tuple[SourceName, ...] = ("person", "clicks", "generated")  # whoever comes first is believed alone


def by_topic(judgements: Iterable[Judgement]) -> dict[str, dict[str, int]]:
    """topic -> document -> grade: the median of people, else of clicks, else what was generated."""
    said: dict[str, dict[str, list[Judgement]]] = {}
    for judgement in judgements:
        said.setdefault(judgement.topic, {}).setdefault(judgement.document, []).append(judgement)
    return {topic: {document: grade(of) for document, of in found.items()} for topic, found in said.items()}


def grade(judgements: Sequence[Judgement]) -> int:
    """Of one document: the lower median, so that a grade is one that somebody gave."""
    source = next(source for source in TRUST if any(judgement.source == source for judgement in judgements))
    return int(statistics.median_low(judgement.grade for judgement in judgements if judgement.source == source))
