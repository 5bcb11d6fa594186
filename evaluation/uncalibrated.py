"""How well the rule for features without thresholds works (ranking/cutoff.py), measured on features that have thresholds.

Each calibrated feature is treated in turn as if it had no threshold. Three limits are compared: its calibrated threshold, the
value that stands out from the question's background, and any value at all. Questions with nothing relevant are those of a
candidate log that have no answers, and every question whose judgements are complete, with its graded documents taken out of the
candidates.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.settings import Settings
from evaluation import report
from evaluation.asking import Asked
from factors.registry import FactorRegistry
from ranking import cutoff
from ranking.calibrations import Calibrations
from ranking.cutoff import ANY, Thresholds, stands_out
from ranking.learning.measures import RELEVANT

Json = dict[str, Any]
Row = Mapping[str, float]
Limit = Callable[[str, Mapping[str, Row]], float | None]
PAGE = """\
# Features without thresholds

*Written by `omma evaluate --candidate-log FILE --uncalibrated`; run it again to write it anew.*

{surroundings}.

A feature that was never calibrated counts as evidence where a value stands out from its background: the values of the other
candidates of the same question ([the cutoff](../explanation/cutoff.md)). Here each calibrated feature is treated as if it had
no threshold, on {questions:,} questions with known answers. *False alarms* is the share of questions with nothing relevant in
which the feature keeps something; *finds* is the share of questions, in which a relevant candidate has a value, that keep
such a candidate.

{table}

The log comes from `omma rank collect FILE --data FOLDER` (`--every 10` for these figures). Questions with nothing relevant are
those without answers, and questions with complete judgements whose graded documents were taken out of the candidates.
"""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of questions: something is kept where nothing is relevant; a relevant document is kept where there is one."""

    false_alarms: float
    finds: float


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One feature under the three limits, with the number of questions of each kind."""

    feature: str
    nothing: int
    relevant: int
    calibrated: Shares
    background: Shares
    any_value: Shares


def measure(asked: Sequence[Asked], settings: Settings) -> Json:
    """The figures of the page; features are those with thresholds that fit the weights of the log."""
    thresholds = Calibrations(settings).in_use(_weights(asked)).cutoff
    calibrated = _calibrated(thresholds, FactorRegistry.of(settings))
    rows = [found for name in sorted(thresholds.columns) if (found := _row(name, asked, calibrated)) is not None]
    return {"questions": len(asked), "rows": [asdict(row) for row in rows]}


def page(figures: Json) -> str:
    """docs/measurements/uncalibrated.md, from the figures with the `surroundings` that they were measured in."""
    head = (
        "feature", "nothing relevant", "false alarms: calibrated", "background", "any value", "with relevant",
        "finds: calibrated", "background", "any value",
    )  # fmt: skip
    table = report.table(head, [_cells(row) for row in figures["rows"]])
    return PAGE.format(surroundings=report.listed(figures["surroundings"]), questions=figures["questions"], table=table)


def _row(name: str, asked: Iterable[Asked], calibrated: Limit) -> FeatureRow | None:
    """None where no question has the feature."""
    nothing: list[Mapping[str, Row]] = []
    relevant: list[tuple[Mapping[str, Row], set[str]]] = []
    for one in asked:
        table = {document: row for document, row in one.wide.table.items() if name in row}
        right = {document for document, grade in one.grades.items() if grade >= RELEVANT and document in table}
        if table and (one.complete or not one.grades):
            nothing.append({document: row for document, row in table.items() if document not in one.grades})
        if right:
            relevant.append((table, right))
    if not (nothing and relevant):
        return None
    limits = (calibrated, _background, lambda name, table: ANY)
    shares = [_shares(name, limit, nothing, relevant) for limit in limits]
    return FeatureRow(name, len(nothing), len(relevant), *shares)


def _shares(
    name: str, limit: Limit, nothing: Sequence[Mapping[str, Row]], relevant: Sequence[tuple[Mapping[str, Row], set[str]]]
) -> Shares:
    alarms = sum(bool(_kept(name, limit, table)) for table in nothing)
    found = sum(bool(_kept(name, limit, table) & right) for table, right in relevant)
    return Shares(round(alarms / len(nothing), 4), round(found / len(relevant), 4))


def _kept(name: str, limit: Limit, table: Mapping[str, Row]) -> set[str]:
    least = limit(name, table) if table else None
    return set() if least is None else {document for document, row in table.items() if row[name] >= least}


def _calibrated(thresholds: Thresholds, factors: FactorRegistry) -> Limit:
    features = {feature.name: feature for feature in factors.every_feature}

    def limit(name: str, table: Mapping[str, Row]) -> float | None:
        values = {document: {name: row[name]} for document, row in table.items()}
        return cutoff.limits(values, thresholds, features).get(name)

    return limit


def _background(name: str, table: Mapping[str, Row]) -> float | None:
    return stands_out([row[name] for row in table.values()])


def _weights(asked: Sequence[Asked]) -> Mapping[str, str]:
    return asked[0].weights if asked else {}


def _cells(row: Json) -> list[str]:
    kinds = ("calibrated", "background", "any_value")
    alarms = [f"{row[kind]['false_alarms']:.1%}" for kind in kinds]
    finds = [f"{row[kind]['finds']:.1%}" for kind in kinds]
    return [row["feature"], str(row["nothing"]), *alarms, str(row["relevant"]), *finds]
