"""What one site repeats: on how many of its pages a text or an image occurs, counted in bounded memory."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from ingest.trash.phrases import plain
from ingest.web.extracted import ExtractedText

MAX_COUNTED = 1_000_000  # texts and images counted at the same time: about 300 MB
MAX_IMAGES_PER_TEXT = 3  # images counted for each text: those that have it on most pages


class _Count(NamedTuple):
    """Pages with a text or image, pages that may have been dropped, and, for a text, pages by its most frequent images."""

    pages: int = 0
    missing: int = 0
    pictures: tuple[tuple[bytes, int], ...] = ()


class Repeats:
    """Numbers of pages with a text, and with an image, by site. A title and a caption of the same words are two texts."""

    def __init__(self, most: int = MAX_COUNTED) -> None:
        """`most` is the maximal number of texts and images."""
        self._most, self._floor = most, 0
        self._pages: dict[str, int] = {}
        self._counts: dict[bytes, _Count] = {}

    def add(self, site: str, texts: Iterable[tuple[ExtractedText, str]]) -> None:
        """Count one page of the site: its texts, each with the image that it belongs to."""
        self._pages[site] = self._pages.get(site, 0) + 1
        found: dict[bytes, dict[bytes, None]] = {}
        for extracted, picture in texts:
            shown = _key(site, "shown", picture)
            found.setdefault(_key(site, extracted.kind, plain(extracted.text)), {})[shown] = None
            found.setdefault(shown, {})
        for key, pictures in found.items():
            known = self._counts.get(key) or _Count(missing=self._floor)
            self._counts[key] = known._replace(pages=known.pages + 1, pictures=_most_of(known.pictures, pictures))
        if len(self._counts) > self._most:
            self._forget()

    def pages(self, site: str) -> int:
        """The number of pages of the site."""
        return self._pages.get(site, 0)

    def of_text(self, site: str, extracted: ExtractedText, picture: str) -> tuple[int, int]:
        """Pages with this text, and pages where it belongs to this image (0 if others have it more often)."""
        count = self._counts.get(_key(site, extracted.kind, plain(extracted.text)), _Count())
        return count.pages, dict(count.pictures).get(_key(site, "shown", picture), 0)

    def of_picture(self, site: str, picture: str) -> int:
        """The number of pages that show it."""
        return self._counts.get(_key(site, "shown", picture), _Count()).pages

    def _forget(self) -> None:
        """Drop the least frequent entries until half of the table is free."""
        while len(self._counts) > self._most // 2:
            self._floor += 1
            self._counts = {key: one for key, one in self._counts.items() if one.pages + one.missing > self._floor}


def _most_of(known: tuple[tuple[bytes, int], ...], shown: Iterable[bytes]) -> tuple[tuple[bytes, int], ...]:
    """Heavy hitters (Misra and Gries, 1982): an image with over a quarter of a text's occurrences is always kept."""
    counts = dict(known)
    for picture in shown:
        if picture in counts or len(counts) < MAX_IMAGES_PER_TEXT:
            counts[picture] = counts.get(picture, 0) + 1
        else:
            counts = {key: count - 1 for key, count in counts.items() if count > 1}
    return tuple(counts.items())


def _key(site: str, what: str, text: str) -> bytes:
    return blake2b("\0".join((site, what, text)).encode("utf-8", "replace"), digest_size=8).digest()
