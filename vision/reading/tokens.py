"""Words of a line as an engine read them: agreement of two readings, confident lines, and scripts of languages."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from vision.image_features import Line, Text, Word
from vision.reading.page import Page, Points

CONFIDENCE_DECIMALS = 2
CLEARLY_BETTER = 0.25  # by which the second reading must be more confident to replace the first
MIN_SHOWN_CONFIDENCE = 0.4  # of a low-confidence line that is shown
MIN_LETTERS = 2  # of a confident line: texture reads as single letters
MAX_WORDS = 12_000  # of a picture, of confident and of low-confidence lines each


@dataclass(frozen=True, slots=True)
class Token:
    """A word with the reader's confidence (0..1); `left` and `right` are fractions of the line's width."""

    text: str
    confidence: float
    left: float
    right: float


def confidence(tokens: Sequence[Token]) -> float:
    """The mean confidence over letters; 0 without letters."""
    letters = sum(len(token.text) for token in tokens)
    return sum(token.confidence * len(token.text) for token in tokens) / letters if letters else 0.0


def line_of(tokens: Sequence[Token], quad: Points, page: Page) -> Line:
    """The tokens as words of the picture; `quad` [4, 2] is the line's outline on the page, clockwise from its top left."""
    return Line(tuple(Word(t.text, round(t.confidence, CONFIDENCE_DECIMALS), page.box(_part(quad, t))) for t in tokens))


def _part(quad: Points, token: Token) -> Points:
    (a, b, c, d), left, right = quad, token.left, max(token.right, token.left)
    return np.stack([a + (b - a) * left, a + (b - a) * right, d + (c - d) * right, d + (c - d) * left])


def agreed(first: Sequence[Token], second: Sequence[Token]) -> list[Token]:
    """The first reading of a line, corrected by the second.

    Confidences a and b of a word that both read combine to 1 - (1 - a)(1 - b). A word of the first that the second reads as
    several is split. If the readings have no word in common, the second replaces the first when it is clearly more confident.
    """
    split = [token for word in first for token in _split(word, second)]
    others: dict[str, list[Token]] = {}
    for token in second:
        others.setdefault(_bare(token.text), []).append(token)
    joined = [_confirmed(token, others) for token in split]
    if joined == split and confidence(second) > confidence(first) + CLEARLY_BETTER:
        return list(second)
    return joined


def _confirmed(token: Token, others: dict[str, list[Token]]) -> Token:
    """The word with the combined confidence, if the other reading has it too; that word is used up."""
    same = others.get(_bare(token.text))
    if not same:
        return token
    other = same.pop(0)
    return replace(token, confidence=1 - (1 - token.confidence) * (1 - other.confidence))


def _split(word: Token, others: Sequence[Token]) -> Iterator[Token]:
    """The word, or its parts if the other reading has the same letters as several words."""
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
    """The word cut into parts of these numbers of letters; marks stay with the part before them."""
    letters = [i for i, c in enumerate(word.text) for _ in _bare(c)]  # "ß" casefolds to two letters
    starts = [0, *(letters[sum(lengths[:n])] for n in range(1, len(lengths))), len(word.text)]
    step = (word.right - word.left) / len(word.text)
    for begin, end in pairwise(starts):
        yield replace(word, text=word.text[begin:end], left=word.left + begin * step, right=word.left + end * step)


def _bare(text: str) -> str:
    """Letters and digits only, casefolded."""
    return "".join(c for c in text.casefold() if c.isalnum())


def by_confidence(lines: Sequence[Line], threshold: float) -> Text:
    """The lines, apart by whether they reach a confidence."""
    confident = [line.confidence >= threshold and _letters(line) >= MIN_LETTERS for line in lines]
    shown = [line.confidence >= MIN_SHOWN_CONFIDENCE and _letters(line) > 0 for line in lines]
    rest = (line for line, sure, good in zip(lines, confident, shown, strict=True) if good and not sure)
    return bounded((line for line, sure in zip(lines, confident, strict=True) if sure), rest)


def bounded(confident: Iterable[Line], low_confidence: Iterable[Line] = ()) -> Text:
    """The first lines of each kind as a text, at most `MAX_WORDS` words of each."""
    return Text(_first(confident), _first(low_confidence))


def _first(lines: Iterable[Line]) -> tuple[Line, ...]:
    kept, words = [], 0
    for line in lines:
        words += len(line.words)
        if words > MAX_WORDS:
            break
        kept.append(line)
    return tuple(kept)


def _letters(line: Line) -> int:
    return sum(c.isalnum() for c in line.text)


# Tesseract's codes of languages by scripts. A script's name is the first word of the Unicode names of its letters.
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


@lru_cache(maxsize=1 << 16)
def script(character: str) -> str:
    """The script of a letter, such as `LATIN`; empty for digits and marks, which belong to every script."""
    return unicodedata.name(character, "").split(" ", maxsplit=1)[0].split("-")[0] if character.isalpha() else ""


def scripts_of(languages: str) -> frozenset[str]:
    """The scripts of languages joined by `+`; always with Latin, which occurs in texts of all languages."""
    return frozenset(LATIN).union(*(SCRIPTS.get(language, LATIN) for language in languages.split("+")))


def readable(languages: str, scripts: frozenset[str]) -> bool:
    """Whether all of these languages are in `SCRIPTS` and use only these scripts."""
    return all(language in SCRIPTS and scripts.issuperset(SCRIPTS[language]) for language in languages.split("+"))


def is_mostly(text: str, scripts: frozenset[str]) -> bool:
    """Whether at least half of the letters are of these scripts."""
    letters = [script(c) for c in text if script(c)]
    return bool(letters) and 2 * sum(name in scripts for name in letters) >= len(letters)
