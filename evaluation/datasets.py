"""Pictures with known truth: the data sets that quality is measured and thresholds are calibrated on.

They are not part of this repository but folders below `--data`; data sets that are missing are left out.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine.errors import ConfigurationError
from training.held_out import everyday_held_out, is_held_out
from vision.picture import picture_files

T = TypeVar("T")
MIN_WORD_LETTERS = 3  # shorter words are not counted
GROCERY, CLOTHING, FLICKR, RECEIPTS = "grocery", "clothing", "flickr8k", "receipts"
CATALOGUE, DEMO, SIGNS = "catalogue", "demo", "signs"
Grades = dict[str, int]  # document -> grade of an answer
SAME, COARSE, REMOTE = 4, 2, 1  # the thing itself or its fine class; its coarse class; remotely related


@dataclass(frozen=True, slots=True)
class Known:
    """A picture file, its fine and coarse class within its data set, and texts that describe it.

    `unseen`: no weights were fitted on it (training/held_out.py), so a question with it is answered as in use.
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
    """Raise ConfigurationError with the names of data sets that are missing."""
    missing = [name for name in names if not there(data, name)]
    if missing:
        raise ConfigurationError(f"{data} lacks {', '.join(missing)}; name the folder of data sets by --data")


def grocery_catalogue(data: Path) -> list[Known]:
    """Clean pictures of 81 groceries, one each, with a description."""
    root = data / GROCERY
    with (root / "classes.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [_product(root, row) for row in rows]


def _product(root: Path, row: Sequence[str]) -> Known:
    """A row: name, fine class, -, coarse class, path of the picture, path of the description."""
    name, fine, _, coarse, picture, description = row
    texts = (name.replace("-", " "), (root / description.lstrip("/")).read_text())
    return Known(root / picture.lstrip("/"), CATALOGUE, fine, coarse, texts)


def grocery_photos(data: Path, part: str, most: int | None = None) -> list[Known]:
    """Photos taken in shops; `part` is `train` or `val`."""
    lines = (data / GROCERY / f"{part}.txt").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]
    unseen = {path: part == "val" or is_held_out(GROCERY, Path(path).name) for path, _, _ in rows}
    known = [Known(data / GROCERY / path, GROCERY, fine, coarse, unseen=unseen[path]) for path, fine, coarse in rows]
    return thinned(known, most)


def clothing(data: Path, part: str = "", most: int | None = None) -> list[Known]:
    """Photos of garments of ten classes; `part` is `train`, `validation` or both."""
    return thinned([_garment(path) for path in picture_files(data / CLOTHING / part)], most)


def _garment(path: Path) -> Known:
    unseen = path.parents[1].name == "validation" or is_held_out(CLOTHING, path.name)
    return Known(path, CLOTHING, path.parent.name, unseen=unseen)


def everyday(data: Path, most: int | None = None) -> list[Known]:
    """Everyday photos with several captions each, on which no weights are fitted."""
    return thinned([known for known in _captioned(data) if known.unseen], most)


def backgrounds(data: Path, most: int | None = None) -> list[Known]:
    """The other everyday photos: weights may be fitted on them, so they are only backgrounds and never answers."""
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


def _lines(data: Path, picture: Path) -> Iterator[str]:
    """A line of the truth: eight coordinates, then the text, which may hold commas."""
    with (data / RECEIPTS / "box" / f"{picture.stem}.csv").open(errors="replace") as file:
        yield from (",".join(row[8:]) for row in csv.reader(file))


def words_of(text: str) -> list[str]:
    """The words of MIN_WORD_LETTERS and more, case-folded."""
    return [word for word in re.findall(r"\w+", text.casefold()) if len(word) >= MIN_WORD_LETTERS]


def unseen(known: Iterable[Known]) -> list[Known]:
    """Those that no weights were fitted on."""
    return [one for one in known if one.unseen]


def thinned(known: list[T], most: int | None) -> list[T]:
    """At most `most` of them, evenly spread over the list."""
    if most is None or len(known) <= most:
        return known
    return [known[n * len(known) // most] for n in range(most)]
