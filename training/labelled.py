"""Pictures with known classes that the similar-image embedding is fitted on, and those it is measured on."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from engine.demo_corpus import ensure
from engine.errors import ConfigurationError
from engine.settings import Settings
from training.held_out import everyday_held_out, is_held_out
from vision.speed import picture_files


@dataclass(frozen=True, slots=True)
class Labelled:
    """Picture files and the class of each."""

    paths: tuple[Path, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    @classmethod
    def unknown(cls, paths: Sequence[Path]) -> "Labelled":
        """Pictures of which nothing is known."""
        return cls(tuple(paths), ("",) * len(paths))

    def only(self, keep: Callable[[Path], bool]) -> "Labelled":
        """Those that are to be kept."""
        rows = [(path, kind) for path, kind in zip(self.paths, self.classes, strict=True) if keep(path)]
        return Labelled(tuple(path for path, _ in rows), tuple(kind for _, kind in rows))


def parts(all_of_them: Labelled, data_set: str) -> tuple[Labelled, Labelled]:
    """What may be fitted on, and what is held out."""
    return (
        all_of_them.only(lambda path: not is_held_out(data_set, path.name)),
        all_of_them.only(lambda path: is_held_out(data_set, path.name)),
    )


def grocery(data: Path, part: str) -> Labelled:
    """Photos of a part (`train`, `val`) and their fine classes."""
    root = needed(data / "grocery")
    rows = [line.split(",") for line in (root / f"{part}.txt").read_text().splitlines() if line.strip()]
    return Labelled(tuple(root / row[0].strip() for row in rows), tuple(row[1].strip() for row in rows))


def iconic(data: Path) -> Labelled:
    """Catalogue pictures and their fine classes."""
    root = needed(data / "grocery")
    with (root / "classes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    paths = tuple(root / row["Iconic Image Path (str)"].lstrip("/") for row in rows)
    return Labelled(paths, tuple(row["Class ID (int)"].strip() for row in rows))


def clothing(data: Path, part: str) -> Labelled:
    """Garments of a part (`train`, `validation`) and their classes."""
    return _by_folder(needed(data / "clothing" / part), lambda path: path.parent.name)


def stamps(settings: Settings) -> Labelled:
    """The demo corpus' pictures, but for what is too small to be indexed, and their folders."""
    root = ensure(settings)
    return _by_folder(root, lambda path: str(path.parent.relative_to(root))).only(partial(_large_enough, settings))


def everyday(data: Path) -> tuple[list[Path], list[Path]]:
    """Everyday photos that may be fitted on, and those that are held out."""
    paths = {path.name: path for path in picture_files(needed(data / "flickr8k"))}
    unseen = everyday_held_out(paths)
    return [paths[name] for name in sorted(paths.keys() - set(unseen))], [paths[name] for name in unseen]


def needed(folder: Path) -> Path:
    """The folder; ConfigurationError where it is missing."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder.parent} lacks {folder.name}; name the folder of development data by --data")
    return folder


def _large_enough(settings: Settings, path: Path) -> bool:
    with Image.open(path) as image:
        return min(image.size) >= settings.min_side


def _by_folder(root: Path, kind: Callable[[Path], str]) -> Labelled:
    paths = picture_files(root)
    return Labelled(tuple(paths), tuple(kind(path) for path in paths))
