"""Backbone features of development pictures, for fitting and measuring."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.errors import BadPicture, ConfigurationError
from engine.settings import Settings
from vision.extractors.backbone import BackboneExtractor
from vision.image_features import Vector
from vision.picture import Picture, decode, picture_files

CHUNK = 64


def pictures_in(folder: Path, most: int | None = None) -> list[Path]:
    """Picture files below a folder, evenly thinned to at most `most`; ConfigurationError where there are none."""
    found = picture_files(folder)
    if not found:
        raise ConfigurationError(f"no pictures in {folder}; name the development data by --data")
    if most is None or len(found) <= most:
        return found
    return [found[int(i)] for i in np.linspace(0, len(found) - 1, most)]


def features_of(paths: Sequence[Path], settings: Settings) -> Vector:
    """Features [n, 1280] of picture files."""
    backbone = BackboneExtractor(settings)
    rows: list[Vector] = []
    for start in range(0, len(paths), CHUNK):
        chunk = [load(path, settings) for path in paths[start : start + CHUNK]]
        rows += [seen.features for seen in backbone.run([picture.pixels for picture in chunk])]
    return np.stack(rows)


def load(path: Path, settings: Settings) -> Picture:
    """A decoded picture; the error of a bad one names the file."""
    try:
        return decode(path.read_bytes(), settings)
    except BadPicture as error:
        raise BadPicture(error.reason, f"{path.name}: {error}") from error
