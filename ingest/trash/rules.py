"""The rules of the trash filter: each knows one way in which a text is not about its picture.

A rule gives a weight (0..1) and a reason for people, or none where it has nothing to say. Weights of several rules
multiply; the reason that weighs most is kept.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from factors.text import Kind
from ingest.text import language_of, words_of_name
from ingest.trash import phrases
from ingest.trash.phrases import Repeats
from ingest.web.extracted import ExtractedText
from mappings.analysis import primary

# What a text weighs that ... (below factors.text.TRASH it is kept apart)
CALL = 0.05  # is a call to action, or a word for "picture"
NOTICE = 0.05  # is about cookies, rights, newsletters
MACHINE = 0.05  # is a file's or camera's name, or has no words
AROUND = 0.1  # stands in navigation, footer and the like
REPEATED = 0.1  # is said on many pages of the site
EVERYWHERE = 0.1  # is said of a page, while the picture stands on many of them
CREDIT = 0.2  # says who made it
LINKS = 0.2  # is a row of links
STUFFED = 0.25  # is a list of search terms
ELSEWHERE = 0.5  # stands outside the page's main text
FILE_NAME = 0.5  # is a file's name with words in it
SHARED = 0.5  # is said of several pictures at once
TWICE = 0.7  # says the same as another snippet
LANGUAGE = 0.6  # is in another language than its page
LONG = 0.7  # is so long that little of it is about the picture

MANY = 0.2  # share of a site's pages from which a text or a picture is everywhere
MANY_OWN = 0.5  # the same for texts that belong to a picture: a site about foxes says "fox" of many
AT_LEAST = 3  # pages; of a smaller site nothing is extracted
MOSTLY = 0.6  # share of letters inside links from which it is a row of links
ROW = 3  # links from which even a picture's own box holds a row of them
LONGEST = {Kind.ALT: 300, Kind.TITLE: 300, Kind.ANCHOR: 200, Kind.HEADING: 200, Kind.KEYWORDS: 500}  # characters
LONGEST_OTHER = 1500
TERMS = 10  # entries of a list from which it is stuffed
FILE = re.compile(r"^\S+\.(?:jpe?g|png|gif|webp|bmp|tiff?|avif|heic|svg)$", re.IGNORECASE)
WORD, NAME = re.compile(r"[^\W\d_]{2,}"), re.compile(r"[^\W\d_]{3,}")
IDEOGRAPHS = 0x2E80  # code point from which one sign may be a word
OWN = frozenset({Kind.ALT, Kind.TITLE, Kind.CAPTION, Kind.PRODUCT, Kind.KEYWORDS})
# In these parts even a picture's own box holds nothing about it; in the others, lists of pictures with their names.
BARE = frozenset({"navigation", "footer", "header", "cookie notice", "share buttons", "newsletter form", "dialog", "form"})


@dataclass(frozen=True)
class PageContext:
    """What a rule knows of the page and its site."""

    language: str = ""
    main_text: str = ""  # `ingest.trash.phrases.plain` of the page's main text; empty: not known
    part: str = ""  # of the picture
    is_main: bool = False  # the page is about this picture
    pictures: int = 1  # on the page
    site: str = ""
    picture: str = ""
    repeats: Repeats | None = None
    alone: bool = False  # the text comes from a file or feed, not from a page


@dataclass(frozen=True, slots=True)
class Verdict:
    """A weight below 1, and why."""

    weight: float
    reason: str


Rule = Callable[[ExtractedText, PageContext], Verdict | None]


def call_to_action(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """`click here`, `read more`, `image`, `photo 3 of 12`."""
    return Verdict(CALL, "a call to action, or a word for any picture") if phrases.is_call(extracted.text) else None


def notice(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Cookies, rights, newsletters."""
    return (
        Verdict(NOTICE, "a notice: cookies, rights, newsletter")
        if phrases.is_notice(extracted.text) and not context.alone
        else None
    )


def machine_words(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """`IMG_1234.jpg`, `12.90 €`, what a camera writes into every picture."""
    if any(ord(letter) > IDEOGRAPHS for letter in extracted.text):
        return None
    if not WORD.search(extracted.text):
        return Verdict(MACHINE, "no words")
    is_file = bool(FILE.match(extracted.text))
    said = (
        words_of_name(extracted.text if is_file else f"{extracted.text}.x") if is_file or " " not in extracted.text else "words"
    )
    if phrases.is_default(extracted.text) or not said or (is_file and not NAME.search(said)):
        return Verdict(MACHINE, "made by a machine")
    return Verdict(FILE_NAME, "a file's name") if is_file else None


def credit(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Who took the picture; who wrote the page."""
    if phrases.is_credit(extracted.text):
        return Verdict(CREDIT, "says who made it")
    return Verdict(CREDIT, "says who wrote it and when") if phrases.is_byline(extracted.text) and not context.alone else None


def page_part(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Navigation, footer, cookie notice: what stands around every page."""
    if extracted.kind in OWN or not extracted.part:
        return None
    if extracted.part in BARE or (extracted.part != context.part and not extracted.own):
        return Verdict(
            AROUND,
            f"stands in the page's {extracted.part}"
            if extracted.part != "links to other pages"
            else "stands among links to other pages",
        )
    return None


def row_of_links(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Text that is mostly links leads away from the picture."""
    if extracted.kind is not Kind.NEARBY or extracted.linked < MOSTLY or (extracted.own and extracted.links < ROW):
        return None
    return Verdict(LINKS, f"{extracted.linked:.0%} of it are links")


def repeated(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Said on many pages, and mostly not of this picture: a name goes with its picture, on however many pages."""
    if context.repeats is None:
        return None
    pages = context.repeats.pages(context.site)
    said, of_this = context.repeats.of_text(context.site, extracted, context.picture)
    if said < max(AT_LEAST, (MANY_OWN if extracted.kind in OWN else MANY) * pages) or of_this > said / 2:
        return None
    return Verdict(REPEATED, f"said on {said} of {pages} pages of this site")


def everywhere(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """A page's title is not about a logo that stands on every page."""
    if context.repeats is None or context.is_main or extracted.kind in OWN or extracted.own:
        return None
    pages, shown = context.repeats.pages(context.site), context.repeats.of_picture(context.site, context.picture)
    if shown < AT_LEAST or shown < MANY * pages:
        return None
    return Verdict(EVERYWHERE, f"said of the page; the picture stands on {shown} of {pages} pages of this site")


def of_the_page(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Titles and headings of a page with several pictures."""
    if extracted.kind not in (Kind.PAGE_TITLE, Kind.HEADING) or context.is_main or extracted.own:
        return None
    if context.part:
        return Verdict(AROUND, f"said of the page, not of what stands in its {context.part}")
    return (
        Verdict(SHARED, f"said of {extracted.sharing} pictures of the page")
        if extracted.general and extracted.sharing > 1
        else None
    )


def shared(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """One caption for several pictures, one alternative text for all."""
    if extracted.kind not in (Kind.CAPTION, Kind.ALT, Kind.ANCHOR, Kind.NEARBY) or extracted.sharing <= 2:  # noqa: PLR2004  (a picture and its larger copy)
        return None
    return Verdict(SHARED, f"said of {extracted.sharing} pictures of the page")


def elsewhere(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Outside what trafilatura takes for the page's main text."""
    if extracted.kind is not Kind.NEARBY or extracted.own or not context.main_text:
        return None
    return (
        None
        if phrases.plain(extracted.text) in context.main_text
        else Verdict(ELSEWHERE, "stands outside the page's main text")
    )


def stuffed(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Lists of search terms, and words said over and over."""
    if extracted.kind is Kind.KEYWORDS:
        return None
    entries = [entry for entry in re.split(r"[,;|/]", extracted.text) if entry.strip()]
    words = [word.lower() for word in WORD.findall(extracted.text) if len(word) > 3]  # noqa: PLR2004  (small words repeat)
    short = len(entries) >= TERMS and len(extracted.text) / len(entries) < 25  # noqa: PLR2004  (characters: a term, not a clause)
    often = Counter(words).most_common(1)[0][1] if len(words) >= TERMS else 0
    return Verdict(STUFFED, "a list of search terms") if short or often > max(3, len(words) / 4) else None


def too_long(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """A name of a picture is no essay."""
    if context.alone or len(extracted.text) <= LONGEST.get(extracted.kind, LONGEST_OTHER):
        return None
    return Verdict(LONG, f"{len(extracted.text)} characters, too long to be about the picture alone")


def other_language(extracted: ExtractedText, context: PageContext) -> Verdict | None:
    """Lowers what is in another language than its page; nothing is dropped for its language."""
    if not context.language:
        return None
    found = language_of(extracted.text)
    return (
        Verdict(LANGUAGE, f"in {found}, on a page in {primary(context.language)}")
        if found not in ("", primary(context.language))
        else None
    )


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        call_to_action, notice, machine_words, credit, page_part, row_of_links, repeated, everywhere, of_the_page, shared,
        elsewhere, stuffed, too_long, other_language,
    )
}  # fmt: skip
# What can be extracted of a text without its page.
ALONE = ("call_to_action", "machine_words", "credit", "stuffed")
