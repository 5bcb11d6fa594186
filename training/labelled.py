"""Pictures with known classes, and the batches that metric learning is shown of them."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.demo_corpus import ensure
from engine.errors import ConfigurationError
from engine.settings import Settings
from training.held_out import everyday_held_out, is_held_out
from vision.image_features import Vector
from vision.picture import picture_files


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


Numbers = NDArray[np.int64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Classes:
    """A labelled set: rows [n, d] of each class, apart by where they come from (shop or catalogue)."""

    rows: tuple[tuple[Vector, ...], ...]

    @classmethod
    def of(cls, *sources: tuple[Vector, Sequence[str]]) -> "Classes":
        """Rows [n, views, d] of pictures and the class of each, source by source; each view is a member."""
        names = sorted({name for _, classes in sources for name in classes})
        found = ([_members(rows, classes, name) for rows, classes in sources] for name in names)
        return cls(tuple(tuple(rows for rows in members if len(rows)) for members in found))

    def some(self, number: int, members: int, random: Random) -> tuple[Vector, Numbers]:
        """That many members of that many classes, from each of their sources; and the class of each."""
        kinds = random.permutation(len(self.rows))[:number]
        drawn = [(kind, rows[random.integers(0, len(rows), members)]) for kind in kinds for rows in self.rows[kind]]
        classes = np.repeat([kind for kind, _ in drawn], members)
        return np.concatenate([rows for _, rows in drawn]), classes.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Pictures [k, views, d] of all things that are known, and photos [n, d] of each of them that has any."""

    pictures: Vector
    photos: tuple[tuple[int, Vector], ...]

    @classmethod
    def of(cls, known: tuple[Vector, Sequence[str]], photos: tuple[Vector, Sequence[str]]) -> "Catalogue":
        """Of pictures, each of a class of its own, and photos [n, views, d]; each view is a photo."""
        pictures, names = known
        rows = ((place, _members(*photos, name)) for place, name in enumerate(names))
        return cls(pictures, tuple((place, found) for place, found in rows if len(found)))

    def some(self, number: int, random: Random) -> tuple[Vector, Numbers, Vector]:
        """Photos, as often of one thing as of another; which thing each is of; and a view of each picture."""
        chosen = [self.photos[place] for place in random.integers(0, len(self.photos), number)]
        photos = np.stack([rows[random.integers(len(rows))] for _, rows in chosen])
        views = random.integers(0, self.pictures.shape[1], len(self.pictures))
        wanted = np.array([place for place, _ in chosen], dtype=np.int64)
        return photos, wanted, self.pictures[np.arange(len(self.pictures)), views]


def pairs_of_views(pictures: Vector, number: int, random: Random) -> tuple[Vector, Numbers]:
    """Of pictures [n, views, d]: rows of some as they are, then of one view of each; and which picture each is of."""
    chosen = random.permutation(len(pictures))[:number]
    views = random.integers(1, pictures.shape[1], len(chosen))
    return np.concatenate([pictures[chosen, 0], pictures[chosen, views]]), np.concatenate([chosen, chosen])


def _members(rows: Vector, classes: Sequence[str], name: str) -> Vector:
    chosen: Vector = rows[np.asarray(classes) == name]
    return chosen.reshape(-1, rows.shape[-1])
