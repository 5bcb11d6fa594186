"""The calibrations of an installation, as versions of one folder (ranking/versions.py), in addition to the packaged one.

    <home>/calibration/<id>/card.json         when, on which documents and pairs, with which weights
    <home>/calibration/<id>/thresholds.json   the least value of each feature that is evidence (ranking/cutoff.py)
    <home>/calibration/<id>/landmarks.json    the least value by which two images show the same thing (query/landmarks.py)

A threshold applies where the index was made with the weights that it was measured with. This is decided feature by feature: the
threshold of the installation is used if it applies, else the packaged one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from ranking.cutoff import Thresholds, differing
from ranking.versions import State, VersionedFolder, write_files

PACKAGED = Path(__file__).parent
CARD, CUTOFF, LANDMARKS = "card.json", "thresholds.json", "landmarks.json"
PACKAGED_CUTOFF, PACKAGED_LANDMARKS = PACKAGED / "thresholds-packaged.json", PACKAGED / "landmarks-packaged.json"
EMPTY = Thresholds(rule="", data="")
NONE_INSTALLED: tuple[Thresholds, Thresholds, dict[str, str]] = (EMPTY, EMPTY, {})


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
    """One calibration: its card, the thresholds of evidence, and those of landmarks."""

    card: CalibrationCard
    cutoff: Thresholds
    landmarks: Thresholds


@dataclass(frozen=True, slots=True)
class InUse:
    """The thresholds that apply to an index. `stale`: features that have thresholds of other weights only.

    No feature is stale after a calibration on this index: features without a threshold then have no values in it.
    """

    cutoff: Thresholds
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
        parts: dict[str, BaseModel] = {CARD: calibration.card, CUTOFF: calibration.cutoff, LANDMARKS: calibration.landmarks}
        self._versions.add(calibration.card.id, {name: as_text(part) for name, part in parts.items()})
        return self._versions.switch(calibration.card.id)

    def rollback(self) -> State:
        """Return to the calibration in use before (empty: the packaged one); NotFoundError where there was none."""
        return self._versions.rollback()

    def in_use(self, fingerprints: Mapping[str, str]) -> InUse:
        """The thresholds for an index with these weights; an unreadable calibration is not an error but a `problem`."""
        try:
            own, problem = _installed(self.folder, self._versions.mark()), ""
        except (ConfigurationError, NotFoundError) as error:
            own, problem = NONE_INSTALLED, f"the calibration of this installation is not used: {error}"
        cutoff, stale = combined(own[0], _packaged(PACKAGED_CUTOFF), fingerprints)
        if own[2] and not differing(own[2], fingerprints):
            stale = []  # measured on this index, where the other features have no values
        landmarks, _ = combined(own[1], _packaged(PACKAGED_LANDMARKS), fingerprints)
        return InUse(cutoff, landmarks, tuple(stale), problem)


def combined(own: Thresholds, seed: Thresholds, fingerprints: Mapping[str, str]) -> tuple[Thresholds, list[str]]:
    """The applicable columns of both, the installation's first; and the names of those that apply in neither."""
    (first, stale), (second, stale_seed) = own.usable(fingerprints), seed.usable(fingerprints)
    head = first if first.columns else second
    columns = second.columns | first.columns
    missing = sorted({*stale, *stale_seed} - columns.keys())
    return head.model_copy(update={"columns": columns}), missing


def package(calibration: Calibration, folder: Path = PACKAGED) -> list[Path]:
    """Make a calibration the packaged one: two files of the repository; their paths."""
    files = {PACKAGED_CUTOFF.name: as_text(calibration.cutoff), PACKAGED_LANDMARKS.name: as_text(calibration.landmarks)}
    write_files(folder, files)
    return [folder / name for name in files]


def new_id(now: datetime | None = None) -> str:
    """The time, to the microsecond."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S-%f}"


def as_text(part: BaseModel) -> str:
    """The content of a file."""
    return part.model_dump_json(indent=2) + "\n"


@lru_cache(maxsize=8)
def _installed(folder: Path, mark: tuple[int, int]) -> tuple[Thresholds, Thresholds, dict[str, str]]:
    """Both parts of the calibration in use, and its weights; `mark` is part of the cache key, and changes with the state."""
    current = VersionedFolder(folder, "calibration", "omma calibrate").state().current
    if not current:
        return NONE_INSTALLED
    return _read(folder / current / CUTOFF), _read(folder / current / LANDMARKS), _weights(folder / current / CARD)


@lru_cache(maxsize=2)
def _packaged(path: Path) -> Thresholds:
    return _read(path) if path.exists() else EMPTY


def _weights(path: Path) -> dict[str, str]:
    try:
        return CalibrationCard.model_validate_json(path.read_text()).weights
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ConfigurationError(f"{path} is missing or damaged; `omma calibrate` makes a new calibration") from error


def _read(path: Path) -> Thresholds:
    try:
        return Thresholds.model_validate_json(path.read_text())
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ConfigurationError(f"{path} is missing or damaged; `omma calibrate` makes a new calibration") from error
