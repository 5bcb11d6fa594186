"""The matcher: the probability that a candidate entity is what the question shows, and the bound from which a card is shown.

It is a small model of boosted trees (LightGBM), in which what speaks for an entity can only help, fitted by `omma train
entities` (answers/entities/fitting.py). `packaged/` holds the one that Omma comes with: trees, and a card with its bounds.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from answers.entities.features import Features
from engine.errors import ConfigurationError

if TYPE_CHECKING:
    import lightgbm

Matrix = NDArray[np.float64]
PACKAGED = Path(__file__).parent / "packaged"
ANY = ""  # the type whose bound holds for every type that has none of its own
NEVER = 1.1  # a bound that no probability reaches


class Bound(BaseModel):
    """The least probability of an entity that a card is shown of; measured on how many answers, with what risk."""

    model_config = ConfigDict(frozen=True)

    least: float
    answers: int = Field(0, description="Cards of this type among the questions it was measured on")
    risk: float = Field(0.0, description="Share of these that were wrong")


class MatcherCard(BaseModel):
    """Everything known of a matcher."""

    model_config = ConfigDict(frozen=True)

    features: list[str]
    bounds: dict[str, Bound] = Field(description="By type of the entity; the empty type holds for all others")
    questions: dict[str, int] = Field({}, description="How many, by set")
    rule: str = ""
    libraries: dict[str, str] = {}
    checksum: str = Field("", description="sha256 of model.txt")


class Matcher:
    """Scores candidates; thread-safe."""

    def __init__(self, booster: "lightgbm.Booster", card: MatcherCard) -> None:
        """`booster` reads the features of the card, in that order."""
        self._booster, self.card = booster, card

    @property
    def text(self) -> str:
        """The trees in LightGBM's own format."""
        return str(self._booster.model_to_string())

    def probabilities(self, features: Sequence[Features]) -> list[float]:
        """That each candidate is what the question shows, 0..1; "none of these" is what is left of the best one."""
        if not features:
            return []
        return [round(float(value), 4) for value in self.scores(matrix(features, self.card.features))]

    def scores(self, values: Matrix) -> Matrix:
        """Probabilities [candidates] of rows of values [candidates, features]."""
        return np.asarray(self._booster.predict(values, num_threads=1), dtype=np.float64)

    def bound(self, kind: str) -> float:
        """The least probability of a card, for entities of a type."""
        bounds = self.card.bounds
        return (bounds.get(kind) or bounds.get(ANY) or Bound(least=NEVER)).least


def matrix(features: Sequence[Features], names: Sequence[str]) -> Matrix:
    """Rows of values [candidates, names]; NaN where a candidate lacks one."""
    return np.array([[one.get(name, np.nan) for name in names] for one in features], dtype=np.float64).reshape(-1, len(names))


def packaged() -> Matcher:
    """The matcher that Omma comes with; ConfigurationError where its files are missing or damaged."""
    return load(PACKAGED)


@lru_cache(maxsize=4)
def load(folder: Path) -> Matcher:
    """The matcher of a folder; ConfigurationError."""
    import lightgbm  # noqa: PLC0415  (takes a while to import; most commands identify nothing)

    try:
        text = (folder / "model.txt").read_text()
        card = MatcherCard.model_validate_json((folder / "card.json").read_text())
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"the matcher of entities in {folder} is missing or damaged: {error}") from error
    if card.checksum != checksum(text):
        raise ConfigurationError(f"the matcher of entities in {folder} is damaged: model.txt is not the one of its card")
    return Matcher(lightgbm.Booster(model_str=text), card)


def checksum(text: str) -> str:
    """sha256 of a model's text."""
    return hashlib.sha256(text.encode()).hexdigest()
