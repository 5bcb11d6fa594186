"""Cleaning text: names that programs made, characters that no index accepts, and the language of a text."""

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from mappings.analysis import primary

MACHINE_WORDS = (
    "img|imag|image|images|dsc|dscn|dscf|dscp|dji|pict|pic|picture|photo|foto|mvi|mvimg|vid|video|gopr|gx|pxl|pano|mg|cimg|sam|"
    "hpim|imgp|sdc|burst|scan|scanned|screenshot|screen|shot|capture|download|downloaded|untitled|unnamed|wa|fb|file|thumb|"
    "thumbnail|p|whatsapp|signal|received|snapchat|copy|of|at|am|pm"
)
CAMERA = re.compile(rf"^(?:{MACHINE_WORDS})?[\d().-]*$", re.IGNORECASE)
HEXADECIMAL = re.compile(r"^(?=.*\d)[0-9a-f-]{8,}$", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
HEX_WORD = re.compile(r"(?=[a-f]*[ae])[a-f]{3,}(?:\d{1,4}|(?:19|20)\d{6})?|\d{1,8}", re.IGNORECASE)  # `facade2021` is no hash
RANDOM = re.compile(r"^(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[A-Za-z0-9]{10,}$")
SYLLABLES = re.compile(r"[A-Z]?(?=[a-z]*[aeiouy])[a-z]{2,}")
MIN_WORD_SHARE = 0.5  # of a name's letters in such words from which it is not random
CAPITAL = "A-ZÀ-ÖØ-ÞА-ЯЁΑ-Ω"
SMALL = rf"[^\W\d_{CAPITAL}]"
# `EiffelTower2019`: before a capital within a word, and between a word and a number.
JOINTS = re.compile(rf"(?<={SMALL}{{2}})(?=[{CAPITAL}]{SMALL}{{2}})|(?<={SMALL}{{3}})(?=\d)")
ASKED_WORDS = re.compile(
    r"^(?:image|images|photo|foto|picture|pic|video|scan|screenshot|screen|file|download|copy|of|at)[-\s]+|(?<=\s)(?:image|at|of|copy)\s",
    re.IGNORECASE,
)
MIN_NUMBER = 3  # digits of a camera's name without letters
MAX_CAMERA_NAME = 60  # characters
MAX_FILE_NAME = 255  # characters, of usual file systems
IDEOGRAPHS = 0x2E80  # code point from which one character may be a word
SEPARATORS = re.compile(r"[_+\s]+|(?<=\w)[.-](?=\w)")
QUERY = re.compile(r"(?<=\.\w{3})\?.*|(?<=\.\w{4})\?.*|\?\S*=\S*$", re.DOTALL)
ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
SPACES = re.compile(r"[^\S\n]+")
MAX_LENGTH = 10_000  # characters of one text snippet
MIN_LETTERS = 40  # from which the language of a text is detected
MIN_PROBABILITY = 0.9  # of a detected language
CACHED_TEXTS = 4096  # sites repeat their texts
MIN_PAGE_LETTERS = 200  # from which the language of a page's text overrides the declared one


def words_of_name(reference: str) -> str:
    """The words of the file's name in an address or path; empty for `IMG_1234.jpg`, hashes and bare numbers."""
    return words_of_stem(stem_of(reference))


def stem_of(reference: str) -> str:
    """The name of the file in an address or path, without its suffix; `?` begins the query of an address, or is in a name."""
    path = QUERY.sub("", reference.replace("\\", "/"))
    return PurePosixPath(unquote(path) if ESCAPE.search(path) else path).stem


def words_of_stem(stem: str) -> str:
    """The words of a file's name without suffix, or of a folder's name; empty where a program or camera made it.

    Words that are written together are taken apart: `EiffelTower2019` is `Eiffel Tower 2019`.
    """
    if _is_hash(stem) or _is_random(stem):
        return ""
    text = SEPARATORS.sub(" ", JOINTS.sub(" ", clean(stem))).strip(" .-()")
    if all(CAMERA.match(word) for word in text.split()) or not _has_word(text):
        return ""
    return " ".join(word for word in text.split() if not _is_hash(word) or word.isalpha())


def compounds(stem: str) -> str:
    """The words of a name that `words_of_stem` takes apart, as they are written: `EiffelTower2019`."""
    return " ".join(word for word in SEPARATORS.sub(" ", clean(stem)).split() if JOINTS.search(word))


def camera_name(stem: str) -> str:
    """A name that a camera or program gave, as somebody would type it: `IMG_1234`; empty for hashes and names with words.

    Words that people ask for (`image`, `screenshot`) are left out where they stand by themselves.
    """
    name = ASKED_WORDS.sub("", clean(stem)).strip(" _.-()")
    digits, letters = (sum(map(is_kind, name)) for is_kind in (str.isdigit, str.isalpha))
    is_code = digits >= MIN_NUMBER or (digits > 0 and letters > 1 and " " not in name)
    noise = (_is_hash(stem) and not stem.isdigit()) or _is_random(stem)
    return name if is_code and len(name) <= MAX_CAMERA_NAME and not noise and not words_of_stem(stem) else ""


def _has_word(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) > 1 or any(ord(letter) >= IDEOGRAPHS for letter in letters)


def _is_hash(text: str) -> bool:
    """Hexadecimal digits, but not words with a year that happen to consist of these: `cafe-2020`."""
    if not HEXADECIMAL.match(text):
        return False
    is_words = all(HEX_WORD.fullmatch(part) for part in text.split("-") if part) and any(map(str.isalpha, text))
    return bool(UUID.fullmatch(text)) or not is_words


def _is_random(text: str) -> bool:
    """Letters of both cases and digits, of which few are words: `dQw4w9WgXcQ1`, but not `EiffelTower2019`."""
    if not RANDOM.match(text):
        return False
    if len(text) > MAX_FILE_NAME:
        return True
    in_words = sum(map(len, SYLLABLES.findall(text)))
    return in_words < MIN_WORD_SHARE * sum(map(str.isalpha, text)) or len(re.findall(r"\d+", text)) > 2  # noqa: PLR2004


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
