"""What saved sites and crawls have in common: pages, read twice, and the pictures on them.

The first reading counts what the site says on many of its pages; the second makes items, with every snippet of text weighed.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from engine.errors import BadPicture
from ingest.item import Item, Refusal
from ingest.metadata import Metadata, read_metadata
from ingest.sources.folder import name_snippet
from ingest.sources.registry import Source
from ingest.text import page_language
from ingest.trash import PageContext, filtered, filtered_alone
from ingest.trash.phrases import Repeats, plain
from ingest.trash.rules import AT_LEAST, MANY
from ingest.web import addresses
from ingest.web.extracted import Page, PageImage
from ingest.web.page import read_page

BETWEEN = " > "  # page > picture
MOST_PLACES = 20  # pages that are told of a picture which stands on many of them, as a logo does


@dataclass(frozen=True, slots=True)
class Found:
    """A page's bytes; `address` is what its relative addresses refer to, `site` what its phrases are counted in.

    `known_as` is the address on the web that whoever saved the page noted, or empty.
    """

    reference: str
    address: str
    data: bytes
    charset: str = ""
    site: str = ""
    known_as: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a picture's bytes are: in the store, or at an address; what they say of themselves, where they are at hand."""

    original: str = ""
    address: str = ""
    inside: Metadata = field(default_factory=Metadata)


class PageSource(Source):
    """A source whose pictures stand on web pages; references are `page > picture`."""

    @abstractmethod
    def pages(self) -> Iterator[Found | Refusal]:
        """Every page in a stable order; the same ones each time."""

    @abstractmethod
    def locate(self, page: Page, page_image: PageImage) -> Located | None:
        """Where the picture is; none where it is left out; BadPicture where it is refused."""

    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Every picture of every page, page by page."""
        repeats = self._counted()
        wanted = None if only is None else {reference.partition(BETWEEN)[0] for reference in only}
        told = Counter[str]()
        for found in self.pages():
            if isinstance(found, Refusal):
                yield from (one for one in [found] if only is None or one.reference in only)
            elif wanted is None or found.reference in wanted:
                yield from self._of_page(found, repeats, told, only)

    def own_address(self, page: Page) -> str:
        """The page's address for people."""
        return page.canonical or page.address

    def _counted(self) -> Repeats:
        repeats = Repeats()
        for found in self.pages():
            if isinstance(found, Found):
                page = read_page(found.data, found.address, charset=found.charset)
                if page.pictures:
                    repeats.add(
                        found.site, ((t, _key(page, page_image)) for page_image in page.pictures for t in page_image.texts)
                    )
        return repeats

    def _of_page(
        self, found: Found, repeats: Repeats, told: Counter[str], only: Collection[str] | None
    ) -> Iterator[Item | Refusal]:
        page = read_page(found.data, found.address, charset=found.charset, with_main_text=True)
        page = replace(page, canonical=page.canonical or found.known_as)
        self.skipped += page.left_out
        if page.cut and (only is None or found.reference in only):
            yield Refusal(found.reference, "page-cut" if page.pictures else "page-empty", page.cut)
        context = self._context(found, page, repeats)
        for page_image in page.pictures:
            reference = found.reference + BETWEEN + _shown_as(page, page_image)
            if only is not None and reference not in only:
                continue
            if self._told_enough(found.site, _key(page, page_image), repeats, told):
                self.skipped += 1
                continue
            yield from self._item(reference, page, page_image, context)

    def _context(self, found: Found, page: Page, repeats: Repeats) -> PageContext:
        said = page.main_text or " ".join(text.text for page_image in page.pictures for text in page_image.texts)
        language = page_language(page.language, said)
        return PageContext(language, plain(page.main_text), pictures=len(page.pictures), site=found.site, repeats=repeats)

    def _item(self, reference: str, page: Page, page_image: PageImage, context: PageContext) -> Iterator[Item | Refusal]:
        try:
            located = self.locate(page, page_image)
        except BadPicture as error:
            yield Refusal(reference, error.reason, str(error))
            return
        if located is None:
            self.skipped += 1
            return
        here = _here(context, page, page_image)
        address = self.own_address(page)
        name = name_snippet(_file_name(page_image))
        snippets = (*filtered(page_image.texts, here, address), *filtered_alone((*located.inside.snippets, *name)))
        facts: dict[str, Any] = {"date": located.inside.date, "place": located.inside.place} | page_image.facts
        yield Item(
            source=self.spec, reference=reference, collection=self.collection, page=address,
            address=located.address, original=located.original, snippets=snippets, **facts,
        )  # fmt: skip

    def _told_enough(self, site: str, key: str, repeats: Repeats, told: Counter[str]) -> bool:
        """Whether a picture that is everywhere was met often enough to know it."""
        if repeats.of_picture(site, key) < max(AT_LEAST, MANY * repeats.pages(site)):
            return False
        told[site + key] += 1
        return told[site + key] > MOST_PLACES

    def stored(self, data: bytes) -> Located:
        """Bytes that are at hand, put into the store; BadPicture where they are too many."""
        if len(data) > self.settings.max_bytes:
            raise BadPicture("too-large", f"larger than {self.settings.max_bytes} bytes (OMMA_MAX_BYTES)")
        return Located(self.store.put_original(data), inside=read_metadata(data))


def _here(context: PageContext, page: Page, page_image: PageImage) -> PageContext:
    return replace(context, part=page_image.part, is_main=page_image.is_main, picture=_key(page, page_image))


def _key(page: Page, page_image: PageImage) -> str:
    return addresses.key_of(addresses.absolute(page.base, page_image.candidates[0]))


def _shown_as(page: Page, page_image: PageImage) -> str:
    """How people find the picture on the page: its address as it is written there; of a `data:` address what tells it apart."""
    written = page_image.candidates[0]
    return f"data:{sha256(written.encode()).hexdigest()[:16]}" if written.startswith("data:") else written


def _file_name(page_image: PageImage) -> str:
    plainly = next((one for one in page_image.candidates if not one.startswith("data:")), "")
    return plainly.partition("?")[0].rpartition("/")[2]
