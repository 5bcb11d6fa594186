"""How fast each extractor looks on this machine."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from engine.errors import BadPicture, ConfigurationError
from engine.settings import Settings
from vision.picture import Picture, decode

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def picture_files(folder: Path) -> list[Path]:
    """Picture files below a folder, by name."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def usable(folder: Path, number: int, settings: Settings) -> list[Picture]:
    """At most that many decoded pictures, from all over a folder; ConfigurationError where there are none."""
    paths = picture_files(folder)
    step = max(1, len(paths) // max(1, number))
    pictures: list[Picture] = []
    for path in paths[::step][:number]:
        with contextlib.suppress(BadPicture):
            pictures.append(decode(path.read_bytes(), settings))
    if not pictures:
        raise ConfigurationError(f"there are no pictures in {folder}")
    return pictures


def pictures_per_second(pictures: Sequence[Picture], settings: Settings) -> dict[str, float]:
    """Extractor -> pictures per second of it alone, models loaded, in batches of the settings; `all` is one after another."""
    from vision.feature_extractor import FeatureExtractor  # noqa: PLC0415  (model libraries; lists of files need none)
    from vision.registry import extractors_of  # noqa: PLC0415

    feature_extractor = FeatureExtractor(extractors_of(settings))
    feature_extractor.warm_up()
    for start in range(0, len(pictures), settings.batch_size):
        feature_extractor.extract(pictures[start : start + settings.batch_size])
    seconds = feature_extractor.timings | {"all": sum(feature_extractor.timings.values())}
    return {name: round(len(pictures) / max(taken, 1e-9), 1) for name, taken in seconds.items()}
