"""A search request as the page, the API and the command line send it, and its query language."""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.errors import BadQuestion
from factors.text import Term, Words
from vision.image_features import Box

if TYPE_CHECKING:
    from ranking.judgements.judgement import Topic

MAX_RESULTS = 2000  # on one page
MAX_TEXT_LENGTH = 10_000  # characters
MAX_MARKED = 50  # documents, `more` and `less` together
SURROGATE = re.compile("[\ud800-\udfff]")  # an unpaired half of a character, which cannot be encoded
ACCEPTED = "accepted are `x,y,w,h` in pixels of the upright original, and `pct:x,y,w,h` in percent"
BOX_NUMBERS = 4
BOX_TOLERANCE = 0.01  # share of the image by which a part may leave it, to be clipped
MAX_QUERY_WORDS = 16  # the engine limits a query to 1,024 clauses, and each word is matched in some fifty fields
# Letters of Chinese, Japanese, Thai, Lao, Khmer and Burmese, two at a time; and what else stands between them.
UNSPACED_LETTERS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
UNSPACED = re.compile(f"[{UNSPACED_LETTERS}]{{1,2}} ?|[^{UNSPACED_LETTERS}]+")
QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
# A quote behind a digit, of a word that no quote opens, is an inch mark: 27" monitor.
TOKEN = re.compile(
    r'(?P<sign>[+-]?)(?:(?P<name>[^\W\d][\w.-]*):(?!//)(?="[^"]|[^\s"]))?'
    r'(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>(?:[^\s"]|(?<=\d)")+))'
)
Filters = dict[str, list[str]]


class SearchRequest(BaseModel):
    """Any mix of a picture (bytes, an address, or the id of a document), a part of it, words and filters.

    Raises BadQuestion, never pydantic's own error, for a mix that makes no sense.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: bytes | None = Field(None, description="Bytes of a picture to ask with", repr=False)
    address: str | None = Field(None, description="http(s) address of a picture to ask with")
    like: str | None = Field(None, description="Id of a document to ask with")
    box: list[float] | None = Field(None, description="The part asked with: x, y, w, h as fractions of the picture")
    region: str | None = Field(None, description="The same as IIIF has it: `x,y,w,h` in pixels, or `pct:x,y,w,h`")
    text: str = Field("", description='Words: `cat "old town" +red -dog category:pets`')
    filters: dict[str, list[str]] = Field({}, description="Name -> values, which are alternatives")
    more: list[str] = Field([], description="Ids of documents that the user wants more of: they move the question, and stay")
    less: list[str] = Field([], description="Ids of documents that the user wants less of: they are not shown again")
    page: int = Field(1, description="The first page is 1")
    number: int = Field(24, description="Results on a page")
    no_cutoff: bool = Field(False, description="Whether the irrelevant tail is shown, too")
    diversity: float | None = Field(
        None, ge=0, lt=1, description="How much results shall differ from those above them (MMR); by default as set"
    )
    dsl: bool = Field(False, description="Whether the answer holds the requests that were sent to the engine")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        """One picture at most, a part only of a picture, and numbers within reason."""
        pictures = [given for given in (self.image, self.address, self.like) if given is not None]
        if len(pictures) > 1:
            raise BadQuestion("ask with one picture: its bytes, its address, or the id of a document")
        if self.box is not None and self.region is not None:
            raise BadQuestion("name the part once: as a box of fractions, or as a region")
        if not pictures and (self.box is not None or self.region is not None):
            raise BadQuestion("a part of a picture needs the picture: bytes, an address, or the id of a document")
        if self.page < 1 or not 1 <= self.number <= MAX_RESULTS:
            raise BadQuestion(f"pages begin at 1 and have 1 to {MAX_RESULTS} results")
        if len(self.text) > MAX_TEXT_LENGTH:
            raise BadQuestion(f"words may have at most {MAX_TEXT_LENGTH} characters")
        if both := sorted({*self.more} & {*self.less}):
            raise BadQuestion(f"{both[0][:80]!r} is marked both `more` and `less`")
        if len(self.more) + len(self.less) > MAX_MARKED:
            raise BadQuestion(f"at most {MAX_MARKED} documents can be marked `more` or `less`")
        named = (
            self.like or "",
            *self.more,
            *self.less,
            *self.filters,
            *(value for values in self.filters.values() for value in values),
        )
        if broken := next((text for text in named if SURROGATE.search(text)), None):
            raise BadQuestion(f"{broken[:80]!a} is not valid Unicode: unpaired surrogate")
        return self

    @classmethod
    def of_topic(cls, topic: "Topic", picture: bytes | None) -> Self:
        """The search of a judged topic, without cutoff; BadQuestion where the topic asks for nothing."""
        return cls(
            image=picture, like=topic.like or None, box=topic.box, text=topic.text, filters=topic.filters, no_cutoff=True
        )

    @property
    def has_picture(self) -> bool:
        """Whether the request has an image, whatever its form."""
        return not (self.image is None and self.address is None and self.like is None)

    def box_within(self, width: int, height: int) -> Box | None:
        """The part asked with, of an image of that many pixels; BadQuestion where it does not lie in the image."""
        if self.box is not None:
            return from_fractions(self.box)
        return None if self.region is None else from_iiif(self.region, width, height)


def from_fractions(values: Sequence[float]) -> Box:
    """The part x, y, w, h (0..1); BadQuestion unless it lies within the picture."""
    if len(values) != BOX_NUMBERS or not all(math.isfinite(value) for value in values):
        raise BadQuestion("a box is four numbers: x, y, w, h as fractions of the picture")
    x, y, w, h = values
    if min(x, y) < -BOX_TOLERANCE or max(x + w, y + h) > 1 + BOX_TOLERANCE:
        raise BadQuestion(f"box {_list(values)} leaves the picture (fractions x, y, w, h within 0..1)")
    left, top = max(x, 0.0), max(y, 0.0)
    try:
        return Box(left, top, min(x + w, 1.0) - left, min(y + h, 1.0) - top)
    except ValueError as error:
        raise BadQuestion(f"box {_list(values)} is empty or outside the picture") from error


def from_iiif(region: str, width: int, height: int) -> Box:
    """The IIIF region of an image of that many pixels; BadQuestion where it is empty, outside, or not a region.

    As in IIIF, a region that runs over the right or lower edge ends there.
    """
    numbers = _numbers(region.strip().removeprefix("pct:"), region)
    sides = (100.0, 100.0) if region.strip().startswith("pct:") else (float(width), float(height))
    x, y, w, h = (value / side for value, side in zip(numbers, (*sides, *sides), strict=True))
    if min(x, y) < 0 or x >= 1 or y >= 1 or min(w, h) <= 0:
        raise BadQuestion(f"region {region!r} is empty or outside the picture of {width}x{height} pixels; {ACCEPTED}")
    return from_fractions((x, y, min(w, 1 - x), min(h, 1 - y)))


def _numbers(text: str, region: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadQuestion(f"region {region[:80]!r} is not four numbers; {ACCEPTED}") from error
    if len(numbers) != BOX_NUMBERS or not all(math.isfinite(number) for number in numbers):
        raise BadQuestion(f"region {region[:80]!r} is not four numbers; {ACCEPTED}")
    return numbers


def _list(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Words for the factors, filters that a result must meet, and filters that it must not."""

    words: Words = field(default_factory=Words)
    filters: Filters = field(default_factory=dict)
    excluded: Filters = field(default_factory=dict)


def parse_words(text: str, check: Callable[[str], None] = lambda name: None) -> Parsed:
    """Parse the words of a question. `check` raises BadQuestion for the name of an unknown filter.

    Raises nothing else, whatever the text.
    """
    should: list[Term] = []
    must: list[Term] = []
    must_not: list[Term] = []
    filters: Filters = {}
    excluded: Filters = {}
    for match in TOKEN.finditer(_clean(text)):
        value = (match["quoted"] if match["quoted"] is not None else match["plain"].replace('"', "")).strip()
        if match["name"] and value:
            check(match["name"].casefold())
            (excluded if match["sign"] == "-" else filters).setdefault(match["name"].casefold(), []).append(value)
        elif any(character.isalnum() for character in value):
            value = unicodedata.normalize("NFKC", value)  # full-width letters are letters
            term = Term(value, phrase=match["quoted"] is not None and len(value.split()) > 1)
            required = match["sign"] == "+" or match["quoted"] is not None
            (must_not if match["sign"] == "-" else must if required else should).append(term)
    words = Words(_once(should), _once(must), _once(must_not))
    return Parsed(words, filters, excluded)


def signed_terms(text: str) -> list[tuple[str, str]]:
    """The required and excluded terms with a sign (`+red`, `-"old town"`), each with the text that is left without it."""
    cleaned = _clean(text)
    signed = [match for match in TOKEN.finditer(cleaned) if match["sign"] and any(map(str.isalnum, match[0]))]
    return [(one[0], " ".join(f"{cleaned[: one.start()]} {cleaned[one.end() :]}".split())) for one in signed]


def _clean(text: str) -> str:
    """The text in NFC, as documents are, with one kind of quote and of blank, without control characters."""
    text = unicodedata.normalize("NFC", text)
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp") else c for c in text)
    return "".join(kept).translate(QUOTES)


def _once(terms: list[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))


def limit_words(wanted: Words) -> tuple[Words, bool]:
    """At most MAX_QUERY_WORDS words, and whether any were dropped: required words first, then others, from the beginning.

    Excluded terms are kept whole or not at all: a part of one would exclude more.
    """
    left = MAX_QUERY_WORDS
    parts: list[tuple[Term, ...]] = []
    for terms, whole in ((wanted.must, False), (wanted.should, False), (wanted.must_not, True)):
        kept = []
        for term in terms:
            found = _words_in(term.text)
            if left > 0 and len(found) > left and not whole:
                kept.append(replace(term, text="".join(found[:left]).strip()))
            elif len(found) <= left:
                kept.append(term)
            left -= len(found)
        parts.append(tuple(kept))
    must, should, must_not = parts
    return Words(should, must, must_not), left < 0


def _words_in(text: str) -> list[str]:
    """The words as analyzers split them, each with a blank behind it: `a,b` are two.

    Scripts without blanks count as a word for every two letters, which follow one another without a blank.
    """
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text).split()
    return [part for word in words for part in UNSPACED.findall(f"{word} ")]
