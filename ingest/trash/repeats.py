"""How often a site says something: document frequency within the site, in bounded memory.

Lossy counting (Manku and Motwani, "Approximate Frequency Counts over Data Streams", 2002): when the table is full, what was
met least is forgotten, so that what a large part of the pages says is always known and its count falls short by little.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from ingest.trash.phrases import plain
from ingest.web.extracted import ExtractedText

MOST = 1_000_000  # texts and pictures that are counted at the same time: some 300 MB
REMEMBERED = 3  # pictures that are remembered for each text, with the pages on which it is said of them


class _Count(NamedTuple):
    """Pages that say a text (or show a picture), how many more there may have been, and the pictures it is said of most."""

    pages: int = 0
    missing: int = 0
    pictures: tuple[tuple[bytes, int], ...] = ()


class Repeats:
    """Pages that say a text, and pages that show a picture, by site. A title and a caption of the same words are two texts."""

    def __init__(self, most: int = MOST) -> None:
        """`most` bounds the table."""
        self._most, self._floor = most, 0
        self._pages: dict[str, int] = {}
        self._counts: dict[bytes, _Count] = {}

    def add(self, site: str, said: Iterable[tuple[ExtractedText, str]]) -> None:
        """One page of the site: the texts that it says, each with the picture that it says it of."""
        self._pages[site] = self._pages.get(site, 0) + 1
        found: dict[bytes, dict[bytes, None]] = {}
        for extracted, picture in said:
            shown = _key(site, "shown", picture)
            found.setdefault(_key(site, extracted.kind, plain(extracted.text)), {})[shown] = None
            found.setdefault(shown, {})
        for key, pictures in found.items():
            known = self._counts.get(key) or _Count(missing=self._floor)
            self._counts[key] = known._replace(pages=known.pages + 1, pictures=_most_of(known.pictures, pictures))
        if len(self._counts) > self._most:
            self._forget()

    def pages(self, site: str) -> int:
        """Pages of the site."""
        return self._pages.get(site, 0)

    def of_text(self, site: str, extracted: ExtractedText, picture: str) -> tuple[int, int]:
        """Pages that say it, and pages that say it of this picture, where that is one of those that it is said of most."""
        count = self._counts.get(_key(site, extracted.kind, plain(extracted.text)), _Count())
        return count.pages, dict(count.pictures).get(_key(site, "shown", picture), 0)

    def of_picture(self, site: str, picture: str) -> int:
        """Pages that show it."""
        return self._counts.get(_key(site, "shown", picture), _Count()).pages

    def _forget(self) -> None:
        """Drop what was met least until half of the table is free."""
        while len(self._counts) > self._most // 2:
            self._floor += 1
            self._counts = {key: one for key, one in self._counts.items() if one.pages + one.missing > self._floor}


def _most_of(known: tuple[tuple[bytes, int], ...], shown: Iterable[bytes]) -> tuple[tuple[bytes, int], ...]:
    """Heavy hitters (Misra and Gries, 1982): one that a text is mostly said of is always among them."""
    counts = dict(known)
    for picture in shown:
        if picture in counts or len(counts) < REMEMBERED:
            counts[picture] = counts.get(picture, 0) + 1
        else:
            counts = {key: count - 1 for key, count in counts.items() if count > 1}
    return tuple(counts.items())


def _key(site: str, what: str, text: str) -> bytes:
    return blake2b("\0".join((site, what, text)).encode("utf-8", "replace"), digest_size=8).digest()
