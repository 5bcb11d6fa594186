"""The rules of the trash filter: each detects one way in which a text is not about its image.

A rule returns a weight (0..1) and a reason for people, or None where it does not apply. Weights of several rules multiply; the
reason of the lowest weight is kept.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from factors.text import Kind
from ingest.text import IDEOGRAPHS, camera_name, language_of, words_of_name
from ingest.trash import phrases
from ingest.trash.repeats import Repeats
from ingest.web.extracted import ExtractedText
from mappings.analysis import primary

# Weights; a text below factors.text.TRASH is not searched.
CALL = 0.05  # a call to action, or a word for "image"
NOTICE = 0.05  # about cookies, rights, newsletters
MACHINE = 0.05  # a name made by a program or camera, or no words
AROUND = 0.1  # in navigation, footer and the like
REPEATED = 0.1  # on many pages of the site
EVERYWHERE = 0.1  # about the page, while the image is on many pages
CREDIT = 0.2  # names who made the image or the page
LINKS = 0.2  # a row of links
STUFFED = 0.25  # a list of search terms
ELSEWHERE = 0.5  # outside the page's main text
FILE_NAME = 0.5  # a file's name that contains words
SHARED = 0.5  # belongs to several images
TWICE = 0.7  # repeats another snippet of the image
LANGUAGE = 0.6  # in another language than its page
LONG = 0.7  # too long to be about the image alone

MIN_SHARE = 0.2  # share of a site's pages from which a text or an image counts as repeated
MIN_SHARE_OWN = 0.5  # the same for texts of the image itself: a site about foxes has "fox" in many
MIN_PAGES = 3  # pages from which a text or an image counts as repeated, whatever the size of the site
MIN_LINKED = 0.6  # share of letters inside links from which a text is a row of links
MIN_LINKS = 3  # links from which this holds even in the box of the image
MAX_LENGTHS = {Kind.ALT: 300, Kind.TITLE: 300, Kind.ANCHOR: 200, Kind.HEADING: 200, Kind.KEYWORDS: 500}  # characters
MAX_LENGTH_OTHER = 1500
MAX_COPIES = 2  # images with one text: an image and its larger copy
MIN_TERMS = 10  # entries from which a list counts as stuffed
FILE = re.compile(r"^\S+\.(?:jpe?g|png|gif|webp|bmp|tiff?|avif|heic|svg)$", re.IGNORECASE)
WORD, NAME = re.compile(r"[^\W\d_]{2,}"), re.compile(r"[^\W\d_]{3,}")
OWN = frozenset({Kind.ALT, Kind.TITLE, Kind.CAPTION, Kind.PRODUCT, Kind.KEYWORDS})
# In these parts not even text in the image's own box is about it; other parts contain lists of images with names.
BOILERPLATE = frozenset(
    {"navigation", "footer", "header", "cookie notice", "share buttons", "newsletter form", "dialog", "form"}
)


@dataclass(frozen=True)
class PageContext:
    """Properties of the page, its site, and the image."""

    language: str = ""
    main_text: str = ""  # `ingest.trash.phrases.plain` of the page's main text; empty if it is unknown
    part: str = ""  # the part of the page that contains the image
    is_main: bool = False  # the page is about this image
    pictures: int = 1  # on the page
    site: str = ""
    picture: str = ""
    repeats: Repeats | None = None
    alone: bool = False  # the text comes from a file or feed, without a page


@dataclass(frozen=True, slots=True)
class Verdict:
    """A weight below 1, and its reason."""

    weight: float
    reason: str


Rule = Callable[[ExtractedText, PageContext], Verdict | None]


def call_to_action(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """`click here`, `read more`, `image`, `photo 3 of 12`."""
    return Verdict(CALL, "a call to action, or a word for any picture") if phrases.is_call(extracted.text) else None


def notice(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Cookies, rights, newsletters."""
    if context.alone or not phrases.is_notice(extracted.text):
        return None
    return Verdict(NOTICE, "a notice: cookies, rights, newsletter")


def machine_words(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """`IMG_1234.jpg`, `12.90 €`, default texts of cameras. A file's own name stays: somebody may type it."""
    if extracted.kind is Kind.FILE_NAME and camera_name(extracted.text):
        return None
    if any(ord(letter) > IDEOGRAPHS for letter in extracted.text):
        return None
    if not WORD.search(extracted.text):
        return Verdict(MACHINE, "no words")
    is_file = bool(FILE.match(extracted.text))
    is_name = is_file or " " not in extracted.text
    words = words_of_name(extracted.text if is_file else f"{extracted.text}.x") if is_name else extracted.text
    if phrases.is_default(extracted.text) or not words or (is_file and not NAME.search(words)):
        return Verdict(MACHINE, "made by a machine")
    return Verdict(FILE_NAME, "a file's name") if is_file else None


def credit(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Names of the photographer or of the page's author."""
    if phrases.is_credit(extracted.text):
        return Verdict(CREDIT, "says who made it")
    return Verdict(CREDIT, "says who wrote it and when") if phrases.is_byline(extracted.text) and not context.alone else None


def page_part(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Navigation, footer, cookie notice: text around the content of every page."""
    if extracted.kind in OWN or not extracted.part:
        return None
    if extracted.part in BOILERPLATE or (extracted.part != context.part and not extracted.own):
        among_links = extracted.part == "links to other pages"
        return Verdict(AROUND, f"stands among {extracted.part}" if among_links else f"stands in the page's {extracted.part}")
    return None


def row_of_links(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Text that consists mostly of links leads to other pages."""
    if extracted.kind is not Kind.NEARBY or extracted.linked < MIN_LINKED or (extracted.own and extracted.links < MIN_LINKS):
        return None
    return Verdict(LINKS, f"{extracted.linked:.0%} of it are links")


def repeated(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """On many pages, and mostly not for this image. A name that follows its image is not repeated, on however many pages."""
    if context.repeats is None:
        return None
    pages = context.repeats.pages(context.site)
    repeats, of_this = context.repeats.of_text(context.site, extracted, context.picture)
    if repeats < max(MIN_PAGES, (MIN_SHARE_OWN if extracted.kind in OWN else MIN_SHARE) * pages) or of_this > repeats / 2:
        return None
    return Verdict(REPEATED, f"said on {repeats} of {pages} pages of this site")


def everywhere(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """A page's title is not about a logo that is on every page."""
    if context.repeats is None or context.is_main or extracted.kind in OWN or extracted.own:
        return None
    pages, shown = context.repeats.pages(context.site), context.repeats.of_picture(context.site, context.picture)
    if shown < MIN_PAGES or shown < MIN_SHARE * pages:
        return None
    return Verdict(EVERYWHERE, f"said of the page; the picture stands on {shown} of {pages} pages of this site")


def of_the_page(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Titles and headings of a page with several images."""
    if extracted.kind not in (Kind.PAGE_TITLE, Kind.HEADING) or context.is_main or extracted.own:
        return None
    if context.part:
        return Verdict(AROUND, f"said of the page, not of what stands in its {context.part}")
    if not extracted.general or extracted.sharing <= 1:
        return None
    return Verdict(SHARED, f"said of {extracted.sharing} pictures of the page")


def shared(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """One caption or alternative text for several images."""
    if extracted.kind not in (Kind.CAPTION, Kind.ALT, Kind.ANCHOR, Kind.NEARBY) or extracted.sharing <= MAX_COPIES:
        return None
    return Verdict(SHARED, f"said of {extracted.sharing} pictures of the page")


def elsewhere(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Outside the page's main text, as trafilatura finds it."""
    if extracted.kind is not Kind.NEARBY or extracted.own or phrases.plain(extracted.text) in context.main_text:
        return None
    return Verdict(ELSEWHERE, "stands outside the page's main text") if context.main_text else None


def stuffed(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Lists of search terms, and repeated words."""
    if extracted.kind is Kind.KEYWORDS:
        return None
    entries = [entry for entry in re.split(r"[,;|/]", extracted.text) if entry.strip()]
    words = [word.lower() for word in WORD.findall(extracted.text) if len(word) > 3]  # noqa: PLR2004  (small words repeat)
    short = len(entries) >= MIN_TERMS and len(extracted.text) / len(entries) < 25  # noqa: PLR2004  (characters: a term, not a clause)
    often = Counter(words).most_common(1)[0][1] if len(words) >= MIN_TERMS else 0
    return Verdict(STUFFED, "a list of search terms") if short or often > max(3, len(words) / 4) else None


def too_long(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Longer than texts of this kind usually are."""
    if context.alone or len(extracted.text) <= MAX_LENGTHS.get(extracted.kind, MAX_LENGTH_OTHER):
        return None
    return Verdict(LONG, f"{len(extracted.text)} characters, too long to be about the picture alone")


def other_language(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """In another language than its page. This alone does not make a text trash."""
    if not context.language:
        return None
    found, of_page = language_of(extracted.text), primary(context.language)
    return Verdict(LANGUAGE, f"in {found}, on a page in {of_page}") if found not in ("", of_page) else None


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        call_to_action, notice, machine_words, credit, page_part, row_of_links, repeated, everywhere, of_the_page, shared,
        elsewhere, stuffed, too_long, other_language,
    )
}  # fmt: skip
# Rules that need no page.
ALONE = ("call_to_action", "machine_words", "credit", "stuffed")
