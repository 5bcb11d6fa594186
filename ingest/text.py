"""Cleaning text: names that programs made, characters that no index accepts, and the language of a text."""

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import Any

from mappings.analysis import primary

MACHINE_WORDS = (
    "img|imag|image|images|dsc|dscn|dscf|dscp|pict|pic|picture|photo|foto|mvi|vid|video|gopr|gx|pxl|pano|mg|cimg|sam|scan|"
    "scanned|screenshot|screen|shot|capture|download|downloaded|untitled|unnamed|wa|fb|file|thumb|thumbnail|p|"
    "whatsapp|signal|received|snapchat|copy|of|at|am|pm"
)
CAMERA = re.compile(rf"^(?:{MACHINE_WORDS})?[\d().-]*$", re.IGNORECASE)
HEXADECIMAL = re.compile(r"^(?=.*\d)[0-9a-f-]{8,}$", re.IGNORECASE)
RANDOM = re.compile(r"^(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[A-Za-z0-9]{10,}$")
SEPARATORS = re.compile(r"[_+\s]+|(?<=\w)[.-](?=\w)")
SPACES = re.compile(r"[^\S\n]+")
MAX_LENGTH = 10_000  # characters of one text snippet
MIN_LETTERS = 40  # from which the language of a text is detected
MIN_PROBABILITY = 0.9  # of a detected language
CACHED_TEXTS = 4096  # sites repeat their texts
MIN_PAGE_LETTERS = 200  # from which the language of a page's text overrides the declared one


def words_of_name(reference: str) -> str:
    """The words of a file's name; empty for `IMG_1234.jpg`, hashes and bare numbers."""
    stem = PurePosixPath(reference.replace("\\", "/").partition("?")[0]).stem
    if HEXADECIMAL.match(stem) or RANDOM.match(stem):
        return ""
    text = SEPARATORS.sub(" ", clean(stem)).strip(" .-()")
    if all(CAMERA.match(word) for word in text.split()) or sum(letter.isalpha() for letter in text) < 2:  # noqa: PLR2004  (one letter is no word)
        return ""
    return " ".join(word for word in text.split() if not HEXADECIMAL.match(word) or word.isalpha())


def clean(text: str) -> str:
    """The text as valid Unicode in NFC, without control characters and lone surrogates, of at most `MAX_LENGTH` characters."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # pairs become one character
    kept = "".join(letter if _is_text(letter) else " " for letter in unicodedata.normalize("NFC", joined[: 4 * MAX_LENGTH]))
    return SPACES.sub(" ", kept).strip()[:MAX_LENGTH]


def has_surrogates(text: str) -> bool:
    """Whether the text contains lone surrogates, which cannot be encoded."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_text(letter: str) -> bool:
    if letter in "\n\u200c\u200d":  # joiners are part of words in several scripts
        return True
    return letter != "\ufffd" and unicodedata.category(letter) not in ("Cc", "Cs", "Co", "Cn", "Cf")


@lru_cache(maxsize=CACHED_TEXTS)
def language_of(text: str, min_letters: int = MIN_LETTERS) -> str:
    """BCP 47 primary language; empty where the text is too short or the language uncertain."""
    if sum(map(str.isalpha, text)) < min_letters:
        return ""
    code, probability = _identifier().classify(text[:4000])
    return str(code) if probability >= MIN_PROBABILITY else ""


def page_language(declared: str, text: str) -> str:
    """The language of most of the page's text, if there is enough text; otherwise the declared one.

    Templates declare `en` on pages in any language.
    """
    found = language_of(text, MIN_PAGE_LETTERS)
    return found if found and found != primary(declared) else declared


@cache
def _identifier() -> Any:
    """Loaded at the first use, because it takes seconds."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
