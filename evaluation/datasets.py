"""Pictures with known truth: the data sets that quality is measured and thresholds are calibrated on.

They are no part of this repository: a folder holds those that are there (`--data`), and what is missing is left out.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine.errors import ConfigurationError
from training.held_out import everyday_held_out, is_held_out
from vision.picture import picture_files

T = TypeVar("T")
LONG = 3  # letters of a word that counts
GROCERY, CLOTHING, FLICKR, RECEIPTS = "grocery", "clothing", "flickr8k", "receipts"
CATALOGUE, DEMO, SIGNS = "catalogue", "demo", "signs"


@dataclass(frozen=True, slots=True)
class Known:
    """A picture file, its class within its set, fine and coarse, and texts that describe it.

    `unseen`: no weights were ever fitted on it (training/held_out.py), so that what it asks is answered as in use.
    """

    path: Path
    set: str
    fine: str = ""
    coarse: str = ""
    texts: tuple[str, ...] = ()
    unseen: bool = False


def there(data: Path, *names: str) -> bool:
    """Whether the folder has all of these sets."""
    return all((data / name).is_dir() for name in names)


def need(data: Path, *names: str) -> None:
    """ConfigurationError, naming them, where sets are missing."""
    missing = [name for name in names if not there(data, name)]
    if missing:
        raise ConfigurationError(f"{data} lacks {', '.join(missing)}; name the folder of data sets by --data")


def grocery_catalogue(data: Path) -> list[Known]:
    """Clean pictures of 81 groceries, one each, with a description."""
    root = data / GROCERY
    with (root / "classes.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [
        Known(
            root / picture.lstrip("/"), CATALOGUE, fine, coarse, (name.replace("-", " "), (root / told.lstrip("/")).read_text())
        )
        for name, fine, _, coarse, picture, told in rows
    ]


def grocery_photos(data: Path, part: str, most: int | None = None) -> list[Known]:
    """Photos taken in shops; `part` is `train` or `val`."""
    lines = (data / GROCERY / f"{part}.txt").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]
    known = [
        Known(data / GROCERY / path, GROCERY, fine, coarse, unseen=part == "val" or is_held_out(GROCERY, Path(path).name))
        for path, fine, coarse in rows
    ]
    return thinned(known, most)


def clothing(data: Path, part: str = "", most: int | None = None) -> list[Known]:
    """Photos of garments of ten classes; `part` is `train`, `validation` or both."""
    return thinned([_garment(path) for path in picture_files(data / CLOTHING / part)], most)


def _garment(path: Path) -> Known:
    unseen = path.parents[1].name == "validation" or is_held_out(CLOTHING, path.name)
    return Known(path, CLOTHING, path.parent.name, unseen=unseen)


def everyday(data: Path, most: int | None = None) -> list[Known]:
    """Everyday photos, each with several captions, on which no weights are ever fitted."""
    return thinned([known for known in _captioned(data) if known.unseen], most)


def backgrounds(data: Path, most: int | None = None) -> list[Known]:
    """The other everyday photos: weights may be fitted on them, so they are only stood before, never asked for."""
    return thinned([known for known in _captioned(data) if not known.unseen], most)


def _captioned(data: Path) -> list[Known]:
    captions: dict[str, list[str]] = {}
    with (data / FLICKR / "captions.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            captions.setdefault(row["image"], []).append(row["caption"])
    files = [path for path in picture_files(data / FLICKR) if len(captions.get(path.name, ())) > 1]
    held_out = set(everyday_held_out(path.name for path in files))
    return [Known(path, FLICKR, path.name, texts=tuple(captions[path.name]), unseen=path.name in held_out) for path in files]


def receipts(data: Path) -> list[Known]:
    """Scanned receipts with their lines."""
    pictures = picture_files(data / RECEIPTS / "img")
    return [Known(path, RECEIPTS, path.name, texts=tuple(_lines(data, path))) for path in pictures]


def words_of(text: str) -> list[str]:
    """The words that count, without case."""
    return [word for word in re.findall(r"\w+", text.casefold()) if len(word) >= LONG]


def unseen(known: Iterable[Known]) -> list[Known]:
    """Those that no weights were fitted on."""
    return [one for one in known if one.unseen]


def thinned(known: list[T], most: int | None) -> list[T]:
    """At most that many, from all over the list."""
    if most is None or len(known) <= most:
        return known
    return [known[n * len(known) // most] for n in range(most)]


def _lines(data: Path, picture: Path) -> Iterator[str]:
    """A line of the truth: eight coordinates, then the text, which may hold commas."""
    with (data / RECEIPTS / "box" / f"{picture.stem}.csv").open(errors="replace") as file:
        yield from (",".join(row[8:]) for row in csv.reader(file))
