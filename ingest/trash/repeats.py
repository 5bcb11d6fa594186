"""How often a site says something: document frequency within the site, in bounded memory.

Lossy counting (Manku and Motwani, "Approximate Frequency Counts over Data Streams", 2002): when the table is full, what was
met least is forgotten, so that what a large part of the pages says is always known and its count falls short by little.
"""

from collections.abc import Iterable
from hashlib import blake2b

from ingest.trash.phrases import plain

MOST = 1_000_000  # texts and pictures that are counted at the same time: about 200 MB
DIFFERENT = 3  # pictures that are told apart for each text


class Repeats:
    """Pages that say a text, and pages that show a picture, by site."""

    def __init__(self, most: int = MOST) -> None:
        """`most` bounds the table."""
        self._most, self._floor = most, 0
        self._pages: dict[str, int] = {}
        self._counts: dict[bytes, tuple[int, int, tuple[bytes, ...]]] = {}  # pages, pages that may be missing, pictures

    def add(self, site: str, said: Iterable[tuple[str, str]]) -> None:
        """One page of the site: the texts that it says, each with the picture that it says it of."""
        self._pages[site] = self._pages.get(site, 0) + 1
        pictures: dict[bytes, set[bytes]] = {}
        for text, picture in said:
            shown = _key(site, "picture", picture)
            pictures.setdefault(_key(site, "text", plain(text)), set()).add(shown)
            pictures.setdefault(shown, set())
        for key, shown_with in pictures.items():
            count, missing, known = self._counts.get(key, (0, self._floor, ()))
            self._counts[key] = (count + 1, missing, tuple(dict.fromkeys((*known, *sorted(shown_with))))[:DIFFERENT])
        if len(self._counts) > self._most:
            self._forget()

    def pages(self, site: str) -> int:
        """Pages of the site."""
        return self._pages.get(site, 0)

    def of_text(self, site: str, text: str) -> tuple[int, int]:
        """Pages that say it, and how many different pictures they say it of (at most `DIFFERENT`)."""
        count, _, known = self._counts.get(_key(site, "text", plain(text)), (0, 0, ()))
        return count, len(known)

    def of_picture(self, site: str, picture: str) -> int:
        """Pages that show it."""
        return self._counts.get(_key(site, "picture", picture), (0, 0, ()))[0]

    def _forget(self) -> None:
        """Drop what was met least until half of the table is free."""
        while len(self._counts) > self._most // 2:
            self._floor += 1
            self._counts = {key: value for key, value in self._counts.items() if value[0] + value[1] > self._floor}


def _key(site: str, what: str, text: str) -> bytes:
    return blake2b("\0".join((site, what, text)).encode("utf-8", "replace"), digest_size=8).digest()
