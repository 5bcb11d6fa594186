"""Compare named configurations on the same questions, with the significance of each difference to a baseline."""

import statistics
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.candidate_log import Asked, factor_of
from ranking.candidate_set import Ranked, Ranker
from ranking.learning.examples import Example
from ranking.learning.learned import Learned
from ranking.learning.measures import NAMES, Compared, Figures, candidate_recall, compare, measure

FUSION = "rank fusion"
ALONE = " alone"  # suffix of the name of a single factor's configuration
MAX_SHOWN = 10  # documents of an order that are kept
System = Callable[[Asked], tuple[Example, Ranker]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answers of one configuration by question: order, measures, recall of the candidates, milliseconds of ordering."""

    orders: Mapping[str, Sequence[str]]
    figures: Figures
    recall: Mapping[str, float]
    milliseconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration on one question set.

    `zero`: share of questions without results after the cutoff; `left`: median number of results after it; `milliseconds`:
    median time of ordering the candidates.
    """

    set: str
    configuration: str
    questions: int
    means: dict[str, float]
    recall: float
    zero: float
    left: float
    milliseconds: float
    against: Compared | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows, and all answers by configuration."""

    baseline: str
    rows: list[Row]
    outcomes: dict[str, Outcome] = field(repr=False)


def fusion(columns: Collection[str] | None = None) -> System:
    """Rank fusion of all columns, or of these."""

    def system(asked: Asked) -> tuple[Example, Ranker]:
        return asked.example(columns), asked.fusion(columns)

    return system


def alone(factor: str) -> System:
    """One factor: its own candidates, in its own order."""

    def system(asked: Asked) -> tuple[Example, Ranker]:
        own = asked.columns_of({factor})
        return asked.example(own), asked.fusion(own)

    return system


def learned(model: Learned, columns: Collection[str] | None = None) -> System:
    """A model over the candidates of all columns, or of these."""

    def system(asked: Asked) -> tuple[Example, Ranker]:
        return asked.example(columns), model

    return system


def configurations(
    asked: Iterable[Asked], models: Mapping[str, Learned], columns: Collection[str] | None = None
) -> dict[str, System]:
    """Rank fusion and the models, over all columns or over these, and every factor alone."""
    factors = sorted({factor_of(column) for one in asked for column in one.wide.fusion_config.weights})
    singles = {factor + ALONE: alone(factor) for factor in factors}
    return {FUSION: fusion(columns), **singles, **{name: learned(model, columns) for name, model in models.items()}}


def run(asked: Sequence[Asked], systems: Mapping[str, System], baseline: str = FUSION) -> Comparison:
    """Every configuration on every question; rows by question set, then over all of them."""
    ranked = [one for one in asked if one.grades]
    outcomes = {name: outcome(ranked, system) for name, system in systems.items()}
    names = list(dict.fromkeys(one.set for one in asked))
    groups = {name: [one for one in asked if one.set == name] for name in names} | {"all": ranked}
    rows = [
        _row(name, configuration, group, outcomes, baseline)
        for name, group in groups.items()
        for configuration in systems
        if group
    ]
    return Comparison(baseline, [row for row in rows if row is not None], outcomes)


def outcome(asked: Sequence[Asked], system: System) -> Outcome:
    """The answers of one configuration."""
    orders: dict[str, list[Ranked]] = {}
    examples, milliseconds = [], {}
    for one in asked:
        example, ranker = system(one)
        begun = time.perf_counter()
        orders[one.topic] = ranker.order(example.candidate_set)
        milliseconds[one.topic] = 1000 * (time.perf_counter() - begun)
        examples.append(example)
    figures = measure(examples, lambda example: orders[example.topic]) if examples else {}
    shown = {topic: [ranked.id for ranked in order[:MAX_SHOWN]] for topic, order in orders.items()}
    return Outcome(shown, figures, {e.topic: candidate_recall(e) for e in examples}, milliseconds)


def _row(name: str, configuration: str, group: Sequence[Asked], outcomes: Mapping[str, Outcome], baseline: str) -> Row | None:
    """None if the configuration orders nothing for any question of the set."""
    mine = outcomes[configuration]
    topics = [one.topic for one in group if one.topic in mine.orders]
    if topics and not any(mine.orders[topic] for topic in topics):
        return None
    zero, left = float(np.mean([not one.kept for one in group])), statistics.median(len(one.kept) for one in group)
    if not topics:
        return Row(name, configuration, len(group), {}, 0.0, zero, left, 0.0) if configuration == baseline else None
    means = {measure: float(np.mean([mine.figures[measure][topic] for topic in topics])) for measure in NAMES}
    recall = float(np.mean([mine.recall[topic] for topic in topics]))
    against = None if configuration == baseline else _against(outcomes[baseline], mine, topics)
    took = statistics.median(mine.milliseconds[topic] for topic in topics)
    return Row(name, configuration, len(group), means, recall, zero, left, took, against)


def _against(baseline: Outcome, other: Outcome, topics: Collection[str]) -> Compared:
    before, after = (outcome.figures["NDCG@10"] for outcome in (baseline, other))
    return compare({topic: before[topic] for topic in topics}, {topic: after[topic] for topic in topics})


def requests(asked: Sequence[Asked]) -> float:
    """Median milliseconds of the requests for candidates and for the factor table."""
    return statistics.median(one.took.get("candidates", 0.0) + one.took.get("table", 0.0) for one in asked)


def losses(comparison: Comparison, configuration: str, p: float = 0.05) -> list[Row]:
    """Question sets on which a configuration is significantly worse than the baseline."""
    return [
        row
        for row in comparison.rows
        if row.configuration == configuration and row.against and row.against.change < 0 and row.against.p < p
    ]
