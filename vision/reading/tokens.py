"""What an engine read: words of a line, the scripts they are in, two readings made one, and which lines count."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from vision.image_features import Line, Text, Word
from vision.reading.page import Page, Points

CERTAIN = 2  # decimals of a confidence that are kept
CLEARLY = 0.25  # by which the second reader must be surer, to be believed against the first
FAINT = 0.4  # confidence from which a line that does not count is shown
LEAST_LETTERS = 2  # of a line that counts: single letters are what texture gives
MOST_WORDS = 12_000  # of each sort in one picture
# Tesseract's names of languages by what they are written with, which is called by the first word of Unicode's names of letters.
LANGUAGES = {
    (
        "LATIN",
    ): """afr aze bre cat ceb ces cos cym dan deu eng epo est eus fao fil fin fra frk frm fry gla gle glg hat hrv hun ind
        isl ita jav lat lav lit ltz mlt mri msa nld nor oci pol por que ron slk slv spa sqi srp_latn sun swa swe ton tur uzb vie
        yor""",
    ("CYRILLIC",): "bel bul kaz kir mkd mon rus srp tgk tat ukr uzb_cyrl",
    ("GREEK",): "ell grc",
    ("ARABIC",): "ara fas pus snd uig urd kur_ara",
    ("HEBREW",): "heb yid",
    ("DEVANAGARI",): "hin mar nep san",
    ("BENGALI",): "ben asm",
    ("CJK",): "chi_sim chi_tra chi_sim_vert chi_tra_vert",
    ("CJK", "HIRAGANA", "KATAKANA"): "jpn jpn_vert",
    ("HANGUL", "CJK"): "kor kor_vert",
    ("ETHIOPIC",): "amh tir",
    ("THAI",): "tha",
    ("GEORGIAN",): "kat kat_old",
    ("ARMENIAN",): "hye",
    ("TAMIL",): "tam",
    ("TELUGU",): "tel",
    ("KANNADA",): "kan",
    ("MALAYALAM",): "mal",
    ("GUJARATI",): "guj",
    ("GURMUKHI",): "pan",
    ("SINHALA",): "sin",
    ("KHMER",): "khm",
    ("LAO",): "lao",
    ("MYANMAR",): "mya",
    ("TIBETAN",): "bod dzo",
}
SCRIPTS = {language: scripts for scripts, names in LANGUAGES.items() for language in names.split()}
LATIN = ("LATIN",)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, with the reader's confidence (0..1), from `left` to `right` as fractions of the line's width."""

    text: str
    confidence: float
    left: float
    right: float


def confidence(tokens: Sequence[Token]) -> float:
    """The mean over letters, 0 where there are none."""
    letters = sum(len(token.text) for token in tokens)
    return sum(token.confidence * len(token.text) for token in tokens) / letters if letters else 0.0


def line_of(tokens: Sequence[Token], quad: Points, page: Page) -> Line:
    """The tokens as words of the picture; `quad` [4, 2] is the line's outline on the page, from its top left clockwise."""
    return Line(tuple(Word(t.text, round(t.confidence, CERTAIN), page.box(_part(quad, t))) for t in tokens))


def _part(quad: Points, token: Token) -> Points:
    (a, b, c, d), left, right = quad, token.left, max(token.right, token.left)
    return np.stack([a + (b - a) * left, a + (b - a) * right, d + (c - d) * right, d + (c - d) * left])


def agreed(first: Sequence[Token], second: Sequence[Token]) -> list[Token]:
    """The first reading, mended by the second.

    Words that both have are as sure as two witnesses make them, 1 - (1 - a)(1 - b). Words that the first runs together
    and the second sets apart are set apart. Where nothing of a line is agreed on, the clearly surer reading of it stands.
    """
    apart = [token for word in first for token in _set_apart(word, second)]
    said: dict[str, list[Token]] = {}
    for token in second:
        said.setdefault(_bare(token.text), []).append(token)
    joined = [_surer(token, said) for token in apart]
    if joined == apart and confidence(second) > confidence(first) + CLEARLY:
        return list(second)
    return joined


def _surer(token: Token, said: dict[str, list[Token]]) -> Token:
    """The word as sure as both make it, if the other says it, too."""
    others = said.get(_bare(token.text))
    if not others:
        return token
    other = others.pop(0)
    return replace(token, confidence=1 - (1 - token.confidence) * (1 - other.confidence))


def _set_apart(word: Token, others: Sequence[Token]) -> Iterator[Token]:
    """The word, or the parts in which the other reader sees the same letters."""
    whole = _bare(word.text)
    for n in range(len(others)):
        run, text = n, ""
        while run < len(others) and len(text) < len(whole):
            text += _bare(others[run].text)
            run += 1
        if text == whole and run - n > 1:
            yield from _parts(word, [len(_bare(other.text)) for other in others[n:run]])
            return
    yield word


def _parts(word: Token, lengths: Sequence[int]) -> Iterator[Token]:
    """The word cut after so many letters each; marks between letters stay with the part before them."""
    letters = [i for i, c in enumerate(word.text) for _ in _bare(c)]  # ß without case is two
    starts = [0, *(letters[sum(lengths[:n])] for n in range(1, len(lengths))), len(word.text)]
    step = (word.right - word.left) / len(word.text)
    for begin, end in pairwise(starts):
        yield replace(word, text=word.text[begin:end], left=word.left + begin * step, right=word.left + end * step)


def _bare(text: str) -> str:
    """Letters and digits only, without case."""
    return "".join(c for c in text.casefold() if c.isalnum())


def by_confidence(lines: Sequence[Line], sure: float) -> Text:
    """Lines that count from this confidence on, and those below."""
    counts = [line.confidence >= sure and _letters(line) >= LEAST_LETTERS for line in lines]
    shown = [line.confidence >= FAINT and _letters(line) > 0 for line in lines]
    rest = (line for line, counted, good in zip(lines, counts, shown, strict=True) if good and not counted)
    return bounded((line for line, counted in zip(lines, counts, strict=True) if counted), rest)


def bounded(sure: Iterable[Line], low_confidence: Iterable[Line] = ()) -> Text:
    """A text of the first lines of each sort."""
    return Text(_first(sure), _first(low_confidence))


def _first(lines: Iterable[Line]) -> tuple[Line, ...]:
    kept, words = [], 0
    for line in lines:
        words += len(line.words)
        if words > MOST_WORDS:
            break
        kept.append(line)
    return tuple(kept)


def _letters(line: Line) -> int:
    return sum(c.isalnum() for c in line.text)


@lru_cache(maxsize=1 << 16)
def script(character: str) -> str:
    """The script of a letter, `LATIN` or `CYRILLIC`; empty for digits and marks, which belong to all."""
    return unicodedata.name(character, "").split(" ", maxsplit=1)[0].split("-")[0] if character.isalpha() else ""


def scripts_of(languages: str) -> frozenset[str]:
    """The scripts of languages joined by `+`; Latin letters stand in texts of all of them."""
    return frozenset(LATIN).union(*(SCRIPTS.get(language, LATIN) for language in languages.split("+")))


def readable(languages: str, scripts: frozenset[str]) -> bool:
    """Whether all of these languages are known here, and written with these scripts."""
    return all(language in SCRIPTS and scripts.issuperset(SCRIPTS[language]) for language in languages.split("+"))


def is_mostly(text: str, scripts: frozenset[str]) -> bool:
    """Whether at least half of its letters are of these scripts."""
    letters = [script(c) for c in text if script(c)]
    return bool(letters) and 2 * sum(name in scripts for name in letters) >= len(letters)
