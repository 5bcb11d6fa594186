"""What a text is: names made by machines, characters that no text should carry, its language."""

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
MOST = 10_000  # characters of one snippet of text


def words_of_name(reference: str) -> str:
    """What a file's name says to people, or nothing: `IMG_1234.jpg`, hashes and bare numbers say nothing."""
    stem = PurePosixPath(reference.replace("\\", "/").partition("?")[0]).stem
    if HEXADECIMAL.match(stem) or RANDOM.match(stem):
        return ""
    text = SEPARATORS.sub(" ", clean(stem)).strip(" .-()")
    if all(CAMERA.match(word) for word in text.split()) or sum(letter.isalpha() for letter in text) < 2:  # noqa: PLR2004  (one letter is no word)
        return ""
    return " ".join(word for word in text.split() if not HEXADECIMAL.match(word) or word.isalpha())


def clean(text: str) -> str:
    """The text as Unicode can be sent anywhere: NFC, without control characters and lone surrogates, bounded."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # pairs become one character
    kept = "".join(letter if _is_text(letter) else " " for letter in unicodedata.normalize("NFC", joined[: 4 * MOST]))
    return SPACES.sub(" ", kept).strip()[:MOST]


def has_surrogates(text: str) -> bool:
    """Whether the text carries halves of characters, which no encoding can send."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_text(letter: str) -> bool:
    if letter in "\n\u200c\u200d":  # joiners are part of words in several scripts
        return True
    return letter != "\ufffd" and unicodedata.category(letter) not in ("Cc", "Cs", "Co", "Cn", "Cf")


ENOUGH = 40  # letters from which a text's language can be extracted
SURE = 0.9  # probability from which it is believed
REMEMBERED = 4096  # texts; a site says many of them again
LONG = 200  # letters from which a page's text is believed more than what the page says of itself


@lru_cache(maxsize=REMEMBERED)
def language_of(text: str, enough: int = ENOUGH) -> str:
    """BCP 47 primary language; empty where the text is too short or could be several."""
    if sum(map(str.isalpha, text)) < enough:
        return ""
    code, probability = _identifier().classify(text[:4000])
    return str(code) if probability >= SURE else ""


def page_language(declared: str, text: str) -> str:
    """The page's language: what most of its text is in, where there is enough of it; else what it declares.

    Templates declare `en` on pages in any language.
    """
    found = language_of(text, LONG)
    return found if found and found != primary(declared) else declared


@cache
def _identifier() -> Any:
    """Loaded once, when first needed: it takes seconds."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
