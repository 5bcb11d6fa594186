"""The calibrations of an installation, as versions of one folder (ranking/versions.py), in addition to the packaged one.

    <home>/calibration/<id>/card.json         when, on which documents and pairs, with which weights
    <home>/calibration/<id>/evidence.json     what each feature proves, and from what probability a result is shown
                                              (ranking/evidence.py)
    <home>/calibration/<id>/landmarks.json    the least value by which two images show the same thing (query/landmarks.py)

What was measured of a feature applies where the index was made with the same weights. This is decided feature by feature: that
of the installation is used if it applies, else the packaged one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from ranking.evidence import Evidence, Evidences, Kind
from ranking.thresholds import Thresholds, differing
from ranking.versions import State, VersionedFolder, write_files

PACKAGED = Path(__file__).parent
CARD, EVIDENCE, LANDMARKS = "card.json", "evidence.json", "landmarks.json"
PACKAGED_EVIDENCE, PACKAGED_LANDMARKS = PACKAGED / "evidence-packaged.json", PACKAGED / "landmarks-packaged.json"
Part = TypeVar("Part", bound=BaseModel)
NAMES: dict[Kind, str] = {"picture": "answers to an image", "words": "answers to words"}
NO_EVIDENCE, NO_LANDMARKS = Evidences(rule="", data=""), Thresholds(rule="", data="")
NONE_INSTALLED: tuple[Evidences, Thresholds, dict[str, str]] = (NO_EVIDENCE, NO_LANDMARKS, {})


class CalibrationCard(BaseModel):
    """How a calibration was made."""

    model_config = ConfigDict(frozen=True)

    id: str
    made: datetime
    data: str = Field(description="What it was measured on, for people")
    documents: int = Field(description="Documents of the collection")
    questions: int
    pairs: dict[str, int] = Field({}, description="Relation -> related pairs")
    weights: dict[str, str] = Field({}, description="Extractor -> fingerprint of the index that was measured")


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration: its card, the evidence of features, and the thresholds of landmarks."""

    card: CalibrationCard
    evidence: Evidences
    landmarks: Thresholds


@dataclass(frozen=True, slots=True)
class InUse:
    """What applies to an index. `stale`: features that were calibrated with other weights only.

    No feature is stale after a calibration on this index: features that are not calibrated then have no values in it.
    """

    evidence: Evidences
    landmarks: Thresholds
    stale: tuple[str, ...] = ()
    problem: str = ""


class Calibrations:
    """The folder of calibrations of an installation."""

    def __init__(self, settings: Settings) -> None:
        """The folder need not exist yet."""
        self.folder = settings.home / "calibration"
        self._versions = VersionedFolder(self.folder, "calibration", "omma calibrate")

    def list(self) -> "list[CalibrationCard]":
        """Latest first; damaged ones are left out."""
        found = []
        for path in self.folder.glob("*/card.json"):
            try:
                found.append(CalibrationCard.model_validate_json(path.read_text()))
            except (OSError, ValidationError):
                continue
        return sorted(found, key=lambda card: card.made, reverse=True)

    def state(self) -> State:
        """The calibration in use; ConfigurationError where the file is damaged."""
        return self._versions.state()

    def add(self, calibration: Calibration) -> State:
        """Write a calibration and take it into use."""
        parts: dict[str, BaseModel] = {CARD: calibration.card, EVIDENCE: calibration.evidence, LANDMARKS: calibration.landmarks}
        self._versions.add(calibration.card.id, {name: as_text(part) for name, part in parts.items()})
        return self._versions.switch(calibration.card.id)

    def rollback(self) -> State:
        """Return to the calibration in use before (empty: the packaged one); NotFoundError where there was none."""
        return self._versions.rollback()

    def in_use(self, fingerprints: Mapping[str, str]) -> InUse:
        """What applies to an index with these weights; an unreadable calibration is not an error but a `problem`."""
        try:
            own, problem = _installed(self.folder, self._versions.mark()), ""
        except (ConfigurationError, NotFoundError) as error:
            own, problem = NONE_INSTALLED, f"the calibration of this installation is not used: {error}"
        evidence, stale = combined(own[0], _packaged_evidence(PACKAGED_EVIDENCE), fingerprints)
        if own[2] and not differing(own[2], fingerprints):
            stale = []  # measured on this index, where the other features have no values
        return InUse(evidence, _landmarks(own[1], _packaged_landmarks(PACKAGED_LANDMARKS), fingerprints), tuple(stale), problem)

    def in_words(self, fingerprints: Mapping[str, str]) -> str:
        """By what results are cut on an index with these weights, for people."""
        found = self.in_use(fingerprints)
        if found.problem or not found.evidence.kinds:
            return found.problem or "nothing is cut: no calibration fits the weights of the index (`omma calibrate`)"
        card = next((card for card in self.list() if card.id == self.state().current), None)
        made = f", {card.made:%Y-%m-%d %H:%M} UTC" if card and not differing(card.weights, fingerprints) else ""
        bounds = ", ".join(f"{NAMES[kind]} from {one.shown:.1%}" for kind, one in sorted(found.evidence.kinds.items()))
        return f"calibrated on {found.evidence.data}{made}; shown: {bounds}"


def combined(own: Evidences, seed: Evidences, fingerprints: Mapping[str, str]) -> tuple[Evidences, list[str]]:
    """The applicable curves of both, the installation's first; and the names of features that apply in neither.

    A kind of question that the installation has calibrated keeps its prior and bounds.
    """
    (first, stale), (second, stale_seed) = own.usable(fingerprints), seed.usable(fingerprints)
    head = first if first.kinds else second
    kinds: dict[Kind, Evidence] = dict(second.kinds)
    for kind, evidence in first.kinds.items():
        rest = second.kinds.get(kind, evidence)
        joined = {"curves": rest.curves | evidence.curves, "weights": rest.weights | evidence.weights}
        kinds[kind] = evidence.model_copy(update=joined)
    found = head.model_copy(update={"kinds": kinds})
    return found, sorted((stale | stale_seed) - found.features())


def _landmarks(own: Thresholds, seed: Thresholds, fingerprints: Mapping[str, str]) -> Thresholds:
    """The applicable thresholds of both, the installation's first."""
    first, second = own.usable(fingerprints)[0], seed.usable(fingerprints)[0]
    head = first if first.columns else second
    return head.model_copy(update={"columns": second.columns | first.columns})


def package(calibration: Calibration, folder: Path = PACKAGED) -> list[Path]:
    """Make the evidence of a calibration the packaged one: a file of the repository; the paths of what was written."""
    write_files(folder, {PACKAGED_EVIDENCE.name: as_text(calibration.evidence)})
    return [folder / PACKAGED_EVIDENCE.name]


def packaged_evidence() -> Evidences:
    """The evidence that Omma ships."""
    return _packaged_evidence(PACKAGED_EVIDENCE)


def new_id(now: datetime | None = None) -> str:
    """The time, to the microsecond."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S-%f}"


def as_text(part: BaseModel) -> str:
    """The content of a file."""
    return part.model_dump_json(indent=2) + "\n"


@lru_cache(maxsize=8)
def _installed(folder: Path, mark: tuple[int, int]) -> tuple[Evidences, Thresholds, dict[str, str]]:
    """Both parts of the calibration in use, and its weights; `mark` is part of the cache key, and changes with the state."""
    current = VersionedFolder(folder, "calibration", "omma calibrate").state().current
    if not current:
        return NONE_INSTALLED
    version = folder / current
    return (
        _read(version / EVIDENCE, Evidences),
        _read(version / LANDMARKS, Thresholds),
        _read(version / CARD, CalibrationCard).weights,
    )


@lru_cache(maxsize=2)
def _packaged_evidence(path: Path) -> Evidences:
    return _read(path, Evidences) if path.exists() else NO_EVIDENCE


@lru_cache(maxsize=2)
def _packaged_landmarks(path: Path) -> Thresholds:
    return _read(path, Thresholds) if path.exists() else NO_LANDMARKS


def _read(path: Path, model: type[Part]) -> Part:
    try:
        return model.model_validate_json(path.read_text())
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ConfigurationError(f"{path} is missing or damaged; `omma calibrate` makes a new calibration") from error
