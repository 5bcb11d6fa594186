"""Adapting to unseen collections: own questions of each, and what the cutoff keeps before and after.

The questions are those that a worker asks after an ingest (workers/learning/adapting.py), as many of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evaluation.candidate_log import Asked
from evaluation.collection import Collection
from evaluation.unseen.table import collection_of
from evaluation.unseen.variants import AS_IT_IS, NO_TEXT, THIRD, Variant
from factors.base import Feature
from factors.registry import FactorRegistry
from ranking import cutoff
from ranking.evidence import Evidence, Kind, kind_of
from ranking.learning.bounds import KnownAnswers
from ranking.learning.examples import Part
from workers.learning.adapting import QUESTIONS, SEED
from workers.learning.calibration import SAMPLE, answered, bounded_of, known_answers
from workers.learning.own_questions import OwnQuestion, Pairing, draw_sample, own_questions

Json = dict[str, Any]
Tell = Callable[[str], None]
Place = tuple[str, str]  # a collection and its variant
ADAPTED = (AS_IT_IS, NO_TEXT, THIRD)
TEST: Part = "test"  # side of the questions that no model learns from


def ask(name: str, variant: Variant, index: Collection, tell: Tell) -> Iterator[Asked]:
    """The own questions of a collection with the values of their documents, as entries of a candidate log."""
    searcher, settings = index.searcher(), index.settings
    sample = draw_sample(index.client, settings, SAMPLE, SEED)
    pairing, weights = Pairing(sample, settings.duplicate_bits, SEED), dict(searcher.fingerprints())
    questions = own_questions(pairing, settings, index.client, QUESTIONS, tell)
    for number, (asked, found) in enumerate(answered(searcher, questions, tell)):
        yield Asked(
            set=f"{name}: {asked.relation}", topic=f"{name}/{variant.name}/own/{number}", family="", part=TEST,
            grades=_grades(asked), complete=False, wide=found, proposals={}, kept=[], limit=0, took={}, weights=weights,
            variant=variant.name, own=True,
        )  # fmt: skip


def _grades(asked: OwnQuestion) -> dict[str, int]:
    return dict.fromkeys(asked.unrelated, 0) | dict.fromkeys(asked.related, 1)


def by_place(asked: Sequence[Asked], factors: FactorRegistry) -> dict[Place, list[KnownAnswers]]:
    """The own questions among these, by collection and variant, as they are calibrated on."""
    found: dict[Place, list[KnownAnswers]] = {}
    for one in (one for one in asked if one.own):
        right = frozenset(document for document, grade in one.grades.items() if grade)
        relation, unrelated = one.set.partition(": ")[2], frozenset(one.grades) - right
        known = known_answers(relation, one.wide, right, unrelated, factors)
        found.setdefault((collection_of(one.set), one.variant), []).extend(known)
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What adapting changes for one kind of question: `empty` answers, and right documents that are `lost`, as shares.

    Questions without an answer lose nothing. Of others, those count whose right document is a candidate.
    """

    collection: str
    variant: str
    kind: Kind
    answered: bool
    questions: int
    empty: tuple[float, float]
    lost: tuple[float, float]


class Adapting:
    """Compares the cutoff before and after."""

    def __init__(self, own: Mapping[Place, Sequence[KnownAnswers]], features: Mapping[str, Feature]) -> None:
        """`own`: the own questions of each place."""
        self._own, self._features = own, features

    def evidence(self, place: Place, kind: Kind, evidence: Evidence) -> Evidence:
        """The evidence with the bounds that the place's own questions choose."""
        return bounded_of(kind, evidence, self._own.get(place, ()), self._features)

    def changes(self, asked: Sequence[Asked], before: Callable[[Asked], Evidence]) -> list[Change]:
        """Of all questions to places that have own questions, by collection, variant, kind, and whether they have an answer."""
        groups: dict[tuple[Place, Kind, bool], list[Asked]] = {}
        for one in asked:
            place = (collection_of(one.set), one.variant)
            if place in self._own:
                groups.setdefault((place, kind_of(one.wide.query_features.intent), bool(one.grades)), []).append(one)
        return [self._change(*key, group, before(group[0])) for key, group in groups.items()]

    def _change(self, place: Place, kind: Kind, answered: bool, group: Sequence[Asked], before: Evidence) -> Change:
        kept = [
            [cutoff.apply(one.example().candidate_set, evidence, self._features).documents for one in group]
            for evidence in (before, self.evidence(place, kind, before))
        ]
        first, second = (_shares(group, documents) for documents in kept)
        return Change(*place, kind, answered, len(group), (first[0], second[0]), (first[1], second[1]))


def _shares(group: Sequence[Asked], kept: Sequence[frozenset[str]]) -> tuple[float, float]:
    """Shares of empty answers, and of questions that lose all of their right documents."""
    there = [{i for i in one.example().candidate_set.table if one.grades.get(i, 0) > 0} for one in group]
    lost = [bool(right) and not right & documents for right, documents in zip(there, kept, strict=True)]
    return float(np.mean([not documents for documents in kept])), float(np.mean(lost))


def figures(changes: Sequence[Change]) -> Json:
    """The changes, and their means over collections by variant, kind, and whether there is an answer."""
    groups: dict[str, list[Change]] = {}
    for one in changes:
        answered = "with an answer" if one.answered else "without an answer"
        groups.setdefault(f"{one.variant}, {'an image' if one.kind == 'picture' else 'words'}, {answered}", []).append(one)
    means = {
        name: {"collections": len(group)}
        | {what: [float(np.mean([getattr(one, what)[at] for one in group])) for at in (0, 1)] for what in ("empty", "lost")}
        for name, group in groups.items()
    }
    return {"changes": [asdict(one) for one in changes], "means": means}
