"""Where the irrelevant tail begins.

A document is kept when at least one column gives it evidence. What counts as evidence is measured on data by
`omma calibrate` and kept in `thresholds-<profile>.json`, column by column, in one of three ways:

* `at-least`: an absolute value, for similarities, whose scale does not depend on the question;
* `of-best`: a share of the column's best value among the candidates, for BM25, whose scale does;
* `never`: the column alone is no evidence, because it did not tell relevant from unrelated.

A column that was never measured counts as evidence where its factor proposed candidates by itself, or checked them one by
one, and not otherwise.
Figures of other weights than the index holds are not applied.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from ranking.candidate_set import Table

HERE = Path(__file__).parent
TAIL, LANDMARKS = "thresholds", "landmarks"  # where the tail begins; from when on two pictures show the same thing
ANY = 0.0  # any value of the column is evidence


class Threshold(BaseModel):
    """How one column gives evidence, and what was measured."""

    rule: Literal["at-least", "of-best", "never"]
    value: float = 0.0
    pairs: int = Field(0, description="Relevant pairs measured")
    unrelated: int = Field(0, description="Unrelated pairs measured")
    kept: float = Field(0.0, description="Share of the relevant pairs that reach the threshold")
    passed: float = Field(0.0, description="Share of the unrelated pairs that reach it, too")
    weights: dict[str, str] = Field({}, description="Fingerprints of the extractors that the column reads")


class Thresholds(BaseModel):
    """Everything that was measured for one profile of models."""

    profile: str
    rule: str = Field(description="How each threshold was chosen, for people")
    data: str = Field(description="What it was measured on, for people")
    columns: dict[str, Threshold] = {}

    def usable(self, fingerprints: Mapping[str, str]) -> "tuple[Thresholds, list[str]]":
        """Without the columns whose extractors have other weights now; the names of those columns."""
        stale = [name for name, column in self.columns.items() if _differs(column.weights, fingerprints)]
        kept = {name: column for name, column in self.columns.items() if name not in stale}
        return self.model_copy(update={"columns": kept}), sorted(stale)


def path_of(profile: str, folder: Path = HERE, kind: str = TAIL) -> Path:
    """Where the thresholds of a profile are kept, of either kind."""
    return folder / f"{kind}-{profile}.json"


@lru_cache(maxsize=4)
def load(profile: str, folder: Path = HERE) -> Thresholds | None:
    """The thresholds that were measured for a profile of models; None where none were."""
    return _read(path_of(profile, folder))


@lru_cache(maxsize=4)
def same_thing(profile: str, folder: Path = HERE) -> Thresholds | None:
    """From which values on two pictures show the very same thing; None where it was not measured (`omma evaluate --local`)."""
    return _read(path_of(profile, folder, LANDMARKS))


def limits(table: Table, thresholds: Thresholds | None, telling: Collection[str]) -> dict[str, float]:
    """What a document must reach in at least one column, in the scale of this table; nothing for columns without say."""
    measured = thresholds.columns if thresholds else {}
    found: dict[str, float] = {}
    for column in sorted({column for values in table.values() for column in values}):
        threshold = measured.get(column)
        if threshold is None and column in telling:
            found[column] = ANY
        elif threshold is not None and threshold.rule == "at-least":
            found[column] = threshold.value
        elif threshold is not None and threshold.rule == "of-best":
            found[column] = threshold.value * max(values.get(column, 0.0) for values in table.values())
    return found


def supported(values: Mapping[str, float], reached: Mapping[str, float]) -> bool:
    """Whether any column gives evidence."""
    return any(column in values and values[column] >= limit for column, limit in reached.items())


def _read(path: Path) -> Thresholds | None:
    return Thresholds.model_validate_json(path.read_text()) if path.exists() else None


def _differs(weights: Mapping[str, str], fingerprints: Mapping[str, str]) -> bool:
    return any(fingerprints.get(extractor, mark) != mark for extractor, mark in weights.items())
