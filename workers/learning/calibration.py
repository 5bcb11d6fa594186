"""Calibrate features on an installation's own questions: the evidence of the cutoff, and thresholds of landmarks.

The questions are those of `workers.learning.own_questions`, the evidence is fitted by `ranking.learning.evidence`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile

import numpy as np

from engine.connections import Context
from engine.errors import ConfigurationError, InputError, NotFoundError
from factors.base import Factor, Feature
from factors.registry import FactorRegistry
from mappings.versions import alias, count
from query.search import Searcher
from ranking.calibrations import NO_EVIDENCE, Calibration, CalibrationCard, new_id, packaged_evidence
from ranking.candidate_set import CandidateSet, Table
from ranking.evidence import Evidence, Evidences, Kind, kind_of
from ranking.learning.bounds import KnownAnswers, bounded_anew
from ranking.learning.evidence import fit
from ranking.thresholds import Threshold, Thresholds
from workers.learning.own_questions import COPY, GROUP, LINKED, OwnQuestion, Pairing, draw_sample, own_questions

Tell = Callable[[str], None]
SAMPLE = 500  # documents that questions are made of
MAX_WRONG = 0.01  # of questions, in which an image of something else may reach a landmark's threshold
LANDMARK_RULE = f"the least value that at most {MAX_WRONG:.0%} of questions find in an image of something else"
PROGRESS_EVERY = 50
HIDDEN = "hidden words"  # relation of questions by linked text, with the text of the right documents hidden
NOTHING = "there are no pairs to calibrate on: index more documents that have nothing to do with each other"


def of_installation(
    context: Context, number: int, seed: int, tell: Tell, *, searcher: Searcher | None = None,
    proceed: Callable[[], bool] = lambda: True,
) -> Calibration:  # fmt: skip
    """Calibrate on the installation's own documents; NotFoundError if nothing is indexed.

    `number`: copies, groups and questions of words, of each. `searcher`: one with all features, by default a new one.
    `proceed` is asked before each question; where it is false, what was asked until then is calibrated on.
    """
    settings, client = context.settings, context.client
    wide = searcher or Searcher.of_every_feature(context)
    sample = draw_sample(client, settings, SAMPLE, seed)
    if not sample:
        raise NotFoundError("there is nothing to calibrate on; begin with `omma ingest`")
    tell(f"{len(sample)} documents")
    asking = own_questions(Pairing(sample, settings.duplicate_bits, seed), settings, client, number, tell)
    measured = measure(wide, takewhile(lambda _: proceed(), asking), tell)
    total = count(client, alias(settings))
    return calibrate(measured, wide.fingerprints(), total, f"the {total:,} documents of this installation", packaged_evidence())


@dataclass
class Measurement:
    """Everything measured: questions with their candidates, and the best right and wrong value of each by feature."""

    factors: FactorRegistry
    questions: list[KnownAnswers] = field(default_factory=list)
    best: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Number of questions; each is here as one that nothing answers, too."""
        return sum(not one.right for one in self.questions)

    def add(self, asked: OwnQuestion, candidates: CandidateSet) -> None:
        """Add the feature values of one question, which is also asked of its unrelated documents alone."""
        self.questions += known_answers(asked.relation, candidates, asked.related, asked.unrelated, self.factors)
        if asked.same_thing:
            for feature in (feature for feature in self.factors.every_feature if feature.identifies):
                values = {document: row[feature.name] for document, row in candidates.table.items() if feature.name in row}
                self.best.setdefault(feature.name, []).append((_best(values, asked.related), _best(values, asked.unrelated)))


def known_answers(
    relation: str, candidates: CandidateSet, related: frozenset[str], unrelated: frozenset[str], factors: FactorRegistry
) -> list[KnownAnswers]:
    """A question as it is, and as one that nothing answers: without its related documents.

    A question by linked text also counts as if no text were linked to its related documents: who asks in other words, or for
    an image that nobody described, finds them by what they show.
    """
    kind, table = kind_of(candidates.query_features.intent), candidates.table
    rest = {document: row for document, row in table.items() if document in unrelated}
    found = [
        KnownAnswers(kind, relation, table, related, unrelated), KnownAnswers(kind, relation, rest, frozenset(), unrelated),
    ]  # fmt: skip
    if relation == LINKED:
        found.append(KnownAnswers(kind, HIDDEN, _without_text(table, related, factors), related, unrelated))
    return found


def _without_text(table: Table, documents: frozenset[str], factors: FactorRegistry) -> Table:
    """The table without these documents' values of features that read linked text."""
    reading = [factor for factor in factors.every if factor.snippet_fields or not factor.reads]
    textual = {feature.name for factor in reading for feature in factor.features}
    return {
        document: {name: value for name, value in row.items() if document not in documents or name not in textual}
        for document, row in table.items()
    }


def answered(searcher: Searcher, questions: Iterable[OwnQuestion], tell: Tell) -> Iterator[tuple[OwnQuestion, CandidateSet]]:
    """Every question with its related and unrelated documents as candidates; one that cannot be asked is reported."""
    for asked in questions:
        if not (asked.related and asked.unrelated):
            continue
        try:
            candidates = searcher.table(asked.request, sorted(asked.related | asked.unrelated))
        except (InputError, NotFoundError) as error:
            tell(f"a question of {asked.relation!r} is left out: {error}")
            continue
        yield asked, candidates


def measure(searcher: Searcher, questions: Iterable[OwnQuestion], tell: Tell) -> Measurement:
    """Ask every question; one that cannot be asked is left out and reported."""
    found = Measurement(searcher.factors)
    for asked, candidates in answered(searcher, questions, tell):
        found.add(asked, candidates)
        if found.asked % PROGRESS_EVERY == 0:
            tell(f"{found.asked} questions asked")
    return found


def calibrate(
    measured: Measurement, fingerprints: Mapping[str, str], documents: int, data: str, seed: Evidences = NO_EVIDENCE
) -> Calibration:
    """The evidence and thresholds that were measured; ConfigurationError if there is nothing to learn from.

    The curves of the seed are kept where all apply to these weights, and get new bounds: they were fitted to answers of many
    kinds, those that an installation can make of its own images are mostly copies.
    """
    if not measured.questions:
        raise ConfigurationError(NOTHING)
    weights = weights_by_feature(measured.factors, fingerprints)
    landmarks = {name: _landmark(best, weights[name]) for name, best in sorted(measured.best.items())}
    relations: dict[str, int] = {}
    for one in measured.questions:
        relations[one.set] = relations.get(one.set, 0) + len(one.right)
    now = datetime.now(UTC)
    card = CalibrationCard(
        id=new_id(now), made=now, data=data, documents=documents, questions=measured.asked, pairs=relations,
        weights=dict(fingerprints),
    )  # fmt: skip
    evidence = _of_installation(measured, weights, data, applicable(seed, fingerprints))
    return Calibration(card, evidence, Thresholds(rule=LANDMARK_RULE, data=data, columns=landmarks))


def _of_installation(measured: Measurement, weights: Mapping[str, dict[str, str]], data: str, seed: Evidences) -> Evidences:
    """The seed's curves with new bounds; new curves for kinds of questions without, if not all of these ask with copies."""
    features = {feature.name: feature for feature in measured.factors.every_feature}
    kinds = {kind: bounded_of(kind, known, measured.questions, features) for kind, known in seed.kinds.items()}
    relations = {(one.kind, one.set) for one in measured.questions if one.right}
    fitted = {kind for kind, relation in relations if kind not in kinds and not relation.startswith(COPY)}
    own = fit([one for one in measured.questions if one.kind in fitted], features, weights, data)
    return own.model_copy(update={"kinds": own.kinds | kinds})


def applicable(seed: Evidences, fingerprints: Mapping[str, str]) -> Evidences:
    """The kinds of the seed all of whose curves belong to the weights of the index, which has what is essential to them."""
    kinds: dict[Kind, Evidence] = {}
    for kind, evidence in seed.kinds.items():
        needed = {extractor for name in evidence.essential for extractor in evidence.weights.get(name, {})}
        if needed <= fingerprints.keys() and not evidence.usable(fingerprints)[1]:
            kinds[kind] = evidence
    return seed.model_copy(update={"kinds": kinds})


def bounded_of(kind: Kind, evidence: Evidence, questions: Sequence[KnownAnswers], features: Mapping[str, Feature]) -> Evidence:
    """The evidence with the lower bound that an installation's own questions suggest.

    That of images does not rise: the questions are copies, which are found more easily than another photograph of the same
    thing. Nor does it fall because of groups, whose images need not look alike. That of words rises only where documents have
    linked text, since only then some are asked without it.
    """
    rises = kind == "words" and any(one.set == HIDDEN for one in questions)
    chosen = [one for one in questions if not one.set.startswith(GROUP)]
    return bounded_anew(kind, evidence, chosen, features, rises=rises)


def weights_by_feature(factors: FactorRegistry, fingerprints: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Feature -> extractor -> fingerprint, of the extractors that its factor reads."""
    return {feature.name: _weights(factors.by_name(feature.name), fingerprints) for feature in factors.every_feature}


def _landmark(best: Sequence[tuple[float, float]], weights: Mapping[str, str]) -> Threshold:
    """The value that at most MAX_WRONG of the questions reach with an image of something else."""
    right, wrong = np.array([own for own, _ in best]), np.array([other for _, other in best])
    value = float(np.quantile(wrong, 1 - MAX_WRONG, method="higher")) + 1e-4
    return Threshold(
        value=round(value, 4), pairs=len(right), unrelated=len(wrong), kept=round(float((right >= value).mean()), 4),
        passed=round(float((wrong >= value).mean()), 4), weights=dict(weights),
    )  # fmt: skip


def _weights(factor: Factor, fingerprints: Mapping[str, str]) -> dict[str, str]:
    return {extractor: fingerprints[extractor] for extractor in factor.reads if extractor in fingerprints}


def _best(values: Mapping[str, float], documents: Iterable[str]) -> float:
    return max((values.get(document, 0.0) for document in documents), default=0.0)
