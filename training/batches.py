"""What metric learning is shown at each step: some of every labelled set, of the catalogue's photos, of unlabelled pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.image_features import Vector

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
