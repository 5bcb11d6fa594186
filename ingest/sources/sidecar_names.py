"""Which files beside a picture belong to it: the namings of photo programs and of Google Takeout."""

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = (".txt", ".json", ".xmp")
NUMBERED = re.compile(r"(.*)(\(\d+\))(\.[^.]+)?")  # a copy: `IMG_1(1).jpg`
TAKEOUT = ".supplemental-metadata"
MAX_TAKEOUT_NAME = 46  # letters of a name before `.json`, to which Takeout cuts
# What Google Photos appends to the name of an edited photo, which has no JSON of its own; by language of the account.
EDITED = re.compile(
    r"-(?:edited|bearbeitet|modifié|modifie|editado|editada|modificato|bewerkt|edytowane|redigeret|redigerad|redigert|muokattu|"
    r"upraveno|upravené|szerkesztett|editat|düzenlendi|изменено|измененный|відредаговано|編集済み|已修改|已编辑|已編輯|수정됨|edit)"
    r"(?=(?:\(\d+\))?\.[^.]+$)",
    re.IGNORECASE,
)


class Beside:
    """The sidecar files of one folder by name; of other files nothing is kept."""

    def __init__(self, folder: Path) -> None:
        """A folder that cannot be read has none."""
        self._names: dict[str, str] = {}
        try:
            with os.scandir(folder) as entries:
                found = [entry.name for entry in entries if entry.name.lower().endswith(SUFFIXES)]
        except OSError:
            found = []
        for name in sorted(found, reverse=True):  # of two names that differ in case only, the first counts
            self._names[_key(name)] = name

    def of(self, picture: str) -> list[str]:
        """The names of a picture's sidecar files: for each suffix, those that name it most exactly come first."""
        if not self._names:
            return []
        own = [*self._existing(".txt", exact_names(picture)), *self._existing(".xmp", exact_names(picture))]
        described = self._existing(".json", json_names(picture))
        if not described and EDITED.search(picture):
            described = self._existing(".json", json_names(EDITED.sub("", picture)))
        return own + described

    def _existing(self, suffix: str, names: Iterator[str]) -> list[str]:
        return list(dict.fromkeys(self._names[key] for name in names if (key := _key(name + suffix)) in self._names))


def _key(name: str) -> str:
    """The name in small letters, in which accents are parts of letters: macOS writes them apart."""
    return unicodedata.normalize("NFC", name.lower())


def exact_names(picture: str) -> Iterator[str]:
    """`a.jpg` and `a`, to which `.xmp` and the like are appended."""
    yield picture
    yield os.path.splitext(picture)[0]  # noqa: PTH122  (a name, not a path)


def json_names(picture: str) -> Iterator[str]:
    """Names before `.json`: those of other programs, and Takeout's, which are cut and have the number of a copy at their end.

    `IMG_1(1).jpg` belongs to `IMG_1.jpg(1).json` or `IMG_1.jpg.supplemental-metadata(1).json`.
    """
    yield picture
    yield from _takeout_names(picture)
    if copy := NUMBERED.fullmatch(picture):
        stem, number, suffix = copy.groups()
        yield from (f"{name}{number}" for name in _takeout_names(f"{stem}{suffix or ''}"))
        yield f"{stem}{number}"
    yield os.path.splitext(picture)[0]  # noqa: PTH122


def _takeout_names(picture: str) -> Iterator[str]:
    """The full name, then its cuts from the longest to the bare name of the picture; of a longer one, the cut name."""
    whole = picture + TAKEOUT
    yield from (whole[:end] for end in range(len(whole), len(picture) - 1, -1))
    if len(picture) > MAX_TAKEOUT_NAME:
        yield picture[:MAX_TAKEOUT_NAME]
    elif not picture.isascii():  # such names are cut by bytes
        yield whole.encode("utf-8", "replace")[:MAX_TAKEOUT_NAME].decode("utf-8", "ignore")


def may_be_beside(sidecar: str, picture: str) -> bool:
    """Whether a file could be a sidecar of the picture by the beginning of its name; a few others pass, too."""
    stem = os.path.splitext(EDITED.sub("", picture))[0]  # noqa: PTH122  (a name, not a path)
    if copy := NUMBERED.fullmatch(stem):
        stem = copy.group(1)
    return _key(sidecar).startswith(_key(stem)[: MAX_TAKEOUT_NAME - 1])
