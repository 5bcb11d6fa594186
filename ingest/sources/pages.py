"""Sources of web pages (saved sites, crawls): pages, read twice, and the images on them.

The first reading counts the texts that a site repeats; the second makes items, whose text snippets the trash filter weighs.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256

from engine.errors import BadPicture
from ingest.embedded import with_metadata
from ingest.item import Item, Refusal
from ingest.metadata import Metadata, read_metadata
from ingest.sources.folder import name_snippet
from ingest.sources.registry import Source
from ingest.text import page_language
from ingest.trash import PageContext, filtered, filtered_alone
from ingest.trash.phrases import plain
from ingest.trash.repeats import Repeats
from ingest.trash.rules import MIN_PAGES, MIN_SHARE
from ingest.web import addresses
from ingest.web.extracted import Page, PageImage
from ingest.web.page import read_page

SEPARATOR = " > "  # page > image
MAX_PLACES = 20  # pages per image that is on many pages of its site, such as a logo


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page's bytes; `address` is the base of its relative addresses, `site` groups the pages that share repeated texts.

    `saved_from` is the address on the web that the browser noted when it saved the page, or empty.
    """

    reference: str
    address: str
    data: bytes
    charset: str = ""
    site: str = ""
    saved_from: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """Where an image's bytes are, in the store or at an address; with the metadata of bytes in the store."""

    original: str = ""
    address: str = ""
    metadata: Metadata = field(default_factory=Metadata)


class PageSource(Source):
    """A source of images on web pages; references are `page > image`."""

    @abstractmethod
    def pages(self) -> Iterator[SourcePage | Refusal]:
        """All pages, in the same order at every call."""

    @abstractmethod
    def locate(self, page: Page, page_image: PageImage) -> Located | None:
        """Where the image is; None to skip it; BadPicture to refuse it."""

    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Every image of every page, page by page."""
        repeats = self._count_repeats()
        wanted = None if only is None else {page for reference in only for page in _possible_pages(reference)}
        places = Counter[str]()
        for found in self.pages():
            if isinstance(found, Refusal):
                yield from (one for one in [found] if only is None or one.reference in only)
            elif wanted is None or found.reference in wanted:
                yield from self._items_of_page(found, repeats, places, only)

    def own_address(self, page: Page) -> str:
        """The page's address as shown to people."""
        return page.canonical or page.address

    def stored(self, data: bytes) -> Located:
        """Put bytes into the store; BadPicture where they exceed OMMA_MAX_BYTES."""
        if len(data) > self.settings.max_bytes:
            raise BadPicture("too-large", f"larger than {self.settings.max_bytes} bytes (OMMA_MAX_BYTES)")
        return Located(self.store.put_original(data), metadata=read_metadata(data))

    def _count_repeats(self) -> Repeats:
        """The first reading: count the texts and images of every page."""
        repeats = Repeats()
        for found in self.pages():
            if isinstance(found, SourcePage):
                page = read_page(found.data, found.address, charset=found.charset)
                if page.pictures:
                    repeats.add(found.site, ((text, _key(page, image)) for image in page.pictures for text in image.texts))
        return repeats

    def _items_of_page(
        self, found: SourcePage, repeats: Repeats, places: Counter[str], only: Collection[str] | None
    ) -> Iterator[Item | Refusal]:
        page = read_page(found.data, found.address, charset=found.charset, with_main_text=True)
        page = replace(page, canonical=page.canonical or found.saved_from)
        self.skipped += page.left_out
        if page.cut and (only is None or found.reference in only):
            yield Refusal(found.reference, "page-cut" if page.pictures else "page-empty", page.cut)
        context = self._context(found, page, repeats)
        for page_image in page.pictures:
            reference = found.reference + SEPARATOR + _image_reference(page_image)
            if only is not None and reference not in only:
                continue
            if self._exceeds_places(found.site, _key(page, page_image), repeats, places):
                self.skipped += 1
                continue
            yield from self._item(reference, page, page_image, context)

    def _context(self, found: SourcePage, page: Page, repeats: Repeats) -> PageContext:
        text = page.main_text or " ".join(text.text for page_image in page.pictures for text in page_image.texts)
        language = page_language(page.language, text)
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
        context = replace(context, part=page_image.part, is_main=page_image.is_main, picture=_key(page, page_image))
        address = self.own_address(page)
        names = name_snippet(_file_name(page_image))
        item = Item(
            source=self.spec, reference=reference, collection=self.collection, page=address, address=located.address,
            original=located.original, snippets=tuple(filtered(page_image.texts, context, address)), **page_image.facts,
        )  # fmt: skip
        if located.original:
            yield with_metadata(item, located.metadata, names)
        else:  # the worker that fetches it reads its metadata
            yield replace(item, snippets=(*item.snippets, *filtered_alone(names)))

    def _exceeds_places(self, site: str, key: str, repeats: Repeats, places: Counter[str]) -> bool:
        """Whether the image is on many pages of its site, and was yielded for `MAX_PLACES` of them; counts the page."""
        if repeats.of_picture(site, key) < max(MIN_PAGES, MIN_SHARE * repeats.pages(site)):
            return False
        places[site + key] += 1
        return places[site + key] > MAX_PLACES


def _possible_pages(reference: str) -> Iterator[str]:
    """The references of pages that an image's reference may begin with: names of pages may contain the separator."""
    parts = reference.split(SEPARATOR)
    return (SEPARATOR.join(parts[:end]) for end in range(1, len(parts) + 1))


def _key(page: Page, page_image: PageImage) -> str:
    return addresses.key_of(addresses.absolute(page.base, page_image.candidates[0]))


def _image_reference(page_image: PageImage) -> str:
    """The image's address as the page writes it; a `data:` address is shortened to its hash."""
    written = page_image.candidates[0]
    return f"data:{sha256(written.encode()).hexdigest()[:16]}" if written.startswith("data:") else written


def _file_name(page_image: PageImage) -> str:
    address = next((one for one in page_image.candidates if not one.startswith("data:")), "")
    return address.partition("?")[0].rpartition("/")[2]
