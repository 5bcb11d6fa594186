"""Quality of the rule for features that are not calibrated (ranking/cutoff.py), measured on features that are.

Each calibrated feature is treated in turn as if it were not. Two limits are compared: the value that stands out from the
question's background, and any value at all. Questions with nothing relevant are those of a
candidate log that have no answers, and every question whose judgements are complete, with its graded documents taken out of the
candidates.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.settings import Settings
from evaluation.candidate_log import Asked
from ranking.calibrations import Calibrations
from ranking.cutoff import ANY, stands_out
from ranking.learning.measures import RELEVANT

Json = dict[str, Any]
Row = Mapping[str, float]
Limit = Callable[[str, Mapping[str, Row]], float | None]


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of questions without and with relevant documents: any document is kept; a relevant document is kept."""

    false_alarms: float
    finds: float


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One feature under both limits, with the number of questions of each kind."""

    feature: str
    nothing: int
    relevant: int
    background: Shares
    any_value: Shares


def measure(asked: Sequence[Asked], settings: Settings) -> Json:
    """The figures of the page, for the features that are calibrated for the weights of the log."""
    calibrated = Calibrations(settings).in_use(_weights(asked)).evidence.features()
    rows = [found for name in sorted(calibrated) if (found := _row(name, asked)) is not None]
    return {"questions": len(asked), "rows": [asdict(row) for row in rows]}


def _row(name: str, asked: Iterable[Asked]) -> FeatureRow | None:
    """None if there are no questions of one of both kinds with the feature."""
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
    limits: tuple[Limit, ...] = (_background, lambda name, table: ANY)
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


def _background(name: str, table: Mapping[str, Row]) -> float | None:
    return stands_out([row[name] for row in table.values()])


def _weights(asked: Sequence[Asked]) -> Mapping[str, str]:
    return asked[0].weights if asked else {}
