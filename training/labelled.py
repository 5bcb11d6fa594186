"""Labelled pictures: the development sets on disk, and batches sampled from their features for metric learning."""

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

Numbers = NDArray[np.int64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Labelled:
    """Picture files and the class of each."""

    paths: tuple[Path, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    @classmethod
    def unknown(cls, paths: Sequence[Path]) -> "Labelled":
        """Unlabelled pictures: all have the class ""."""
        return cls(tuple(paths), ("",) * len(paths))

    def only(self, keep: Callable[[Path], bool]) -> "Labelled":
        """The pictures whose path `keep` accepts."""
        rows = [(path, kind) for path, kind in zip(self.paths, self.classes, strict=True) if keep(path)]
        return Labelled(tuple(path for path, _ in rows), tuple(kind for _, kind in rows))


def parts(all_of_them: Labelled, data_set: str) -> tuple[Labelled, Labelled]:
    """The pictures that may be fitted on, and the held-out ones."""
    return (
        all_of_them.only(lambda path: not is_held_out(data_set, path.name)),
        all_of_them.only(lambda path: is_held_out(data_set, path.name)),
    )


def grocery(data: Path, part: str) -> Labelled:
    """Photos of a part (`train`, `val`) of the grocery set, with their fine classes."""
    root = needed(data / "grocery")
    rows = [line.split(",") for line in (root / f"{part}.txt").read_text().splitlines() if line.strip()]
    return Labelled(tuple(root / row[0].strip() for row in rows), tuple(row[1].strip() for row in rows))


def iconic(data: Path) -> Labelled:
    """Catalogue pictures of the grocery set, one of each fine class."""
    root = needed(data / "grocery")
    with (root / "classes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    paths = tuple(root / row["Iconic Image Path (str)"].lstrip("/") for row in rows)
    return Labelled(paths, tuple(row["Class ID (int)"].strip() for row in rows))


def clothing(data: Path, part: str) -> Labelled:
    """Garments of a part (`train`, `validation`), with their classes."""
    return _by_folder(needed(data / "clothing" / part), lambda path: path.parent.name)


def stamps(settings: Settings) -> Labelled:
    """Pictures of the demo corpus that are large enough to be indexed; their classes are their folders."""
    root = ensure(settings)
    return _by_folder(root, lambda path: str(path.parent.relative_to(root))).only(partial(_large_enough, settings))


def everyday(data: Path) -> tuple[list[Path], list[Path]]:
    """Everyday photos that may be fitted on, and the held-out ones."""
    paths = {path.name: path for path in picture_files(needed(data / "flickr8k"))}
    unseen = everyday_held_out(paths)
    return [paths[name] for name in sorted(paths.keys() - set(unseen))], [paths[name] for name in unseen]


def needed(folder: Path) -> Path:
    """The folder. Raise ConfigurationError if it is missing."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder.parent} lacks {folder.name}; name the folder of development data by --data")
    return folder


def _large_enough(settings: Settings, path: Path) -> bool:
    with Image.open(path) as image:
        return min(image.size) >= settings.min_side


def _by_folder(root: Path, kind: Callable[[Path], str]) -> Labelled:
    paths = picture_files(root)
    return Labelled(tuple(paths), tuple(kind(path) for path in paths))


@dataclass(frozen=True, slots=True)
class Classes:
    """Rows [n, d] of each class of a set, separate by source (shop or catalogue)."""

    rows: tuple[tuple[Vector, ...], ...]

    @classmethod
    def of(cls, *sources: tuple[Vector, Sequence[str]]) -> "Classes":
        """From the rows [n, views, d] and classes of each source; each view is a member of its class."""
        names = sorted({name for _, classes in sources for name in classes})
        found = ([_members(rows, classes, name) for rows, classes in sources] for name in names)
        return cls(tuple(tuple(rows for rows in members if len(rows)) for members in found))

    def sample(self, number: int, members: int, random: Random) -> tuple[Vector, Numbers]:
        """A batch of rows and their classes: `number` classes, and `members` rows of each from each of its sources."""
        kinds = random.permutation(len(self.rows))[:number]
        drawn = [(kind, rows[random.integers(0, len(rows), members)]) for kind in kinds for rows in self.rows[kind]]
        classes = np.repeat([kind for kind, _ in drawn], members)
        return np.concatenate([rows for _, rows in drawn]), classes.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Pictures [k, views, d] of k things, and photos [n, d] by index of the thing, if it has any."""

    pictures: Vector
    photos: tuple[tuple[int, Vector], ...]

    @classmethod
    def of(cls, known: tuple[Vector, Sequence[str]], photos: tuple[Vector, Sequence[str]]) -> "Catalogue":
        """From pictures, each of a class of its own, and photos [n, views, d] of such classes; each view is a photo."""
        pictures, names = known
        rows = ((place, _members(*photos, name)) for place, name in enumerate(names))
        return cls(pictures, tuple((place, found) for place, found in rows if len(found)))

    def sample(self, number: int, random: Random) -> tuple[Vector, Numbers, Vector]:
        """A batch: photos [n, d], uniform over things; the index of the thing of each; and one view of every picture [k, d]."""
        chosen = [self.photos[place] for place in random.integers(0, len(self.photos), number)]
        photos = np.stack([rows[random.integers(len(rows))] for _, rows in chosen])
        views = random.integers(0, self.pictures.shape[1], len(self.pictures))
        wanted = np.array([place for place, _ in chosen], dtype=np.int64)
        return photos, wanted, self.pictures[np.arange(len(self.pictures)), views]


def pairs_of_views(pictures: Vector, number: int, random: Random) -> tuple[Vector, Numbers]:
    """A batch of pictures [n, views, d]: the first view of some, then another view of each; and each row's picture."""
    chosen = random.permutation(len(pictures))[:number]
    views = random.integers(1, pictures.shape[1], len(chosen))
    return np.concatenate([pictures[chosen, 0], pictures[chosen, views]]), np.concatenate([chosen, chosen])


def _members(rows: Vector, classes: Sequence[str], name: str) -> Vector:
    chosen: Vector = rows[np.asarray(classes) == name]
    return chosen.reshape(-1, rows.shape[-1])
