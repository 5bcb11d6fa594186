"""How text becomes terms: the engine's analyzers by language and script, and two analyzers of Omma."""

import unicodedata
from typing import Any

# BCP 47 primary language -> analyzer that OpenSearch ships with.
LANGUAGE_ANALYZERS = {
    "ar": "arabic",
    "bg": "bulgarian",
    "bn": "bengali",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "gl": "galician",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "ja": "cjk",
    "ko": "cjk",
    "ku": "sorani",
    "lt": "lithuanian",
    "lv": "latvian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "zh": "cjk",
}

# Script (first word of a letter's Unicode name) -> analyzers of languages written in it: a query in Cyrillic need not search
# the twenty-five fields of languages in Latin letters.
SCRIPTS = {
    "ARABIC": ("arabic", "persian", "sorani"),
    "ARMENIAN": ("armenian",),
    "BENGALI": ("bengali",),
    "CJK": ("cjk",),
    "CYRILLIC": ("bulgarian", "russian"),
    "DEVANAGARI": ("hindi",),
    "GREEK": ("greek",),
    "HANGUL": ("cjk",),
    "HIRAGANA": ("cjk",),
    "KATAKANA": ("cjk",),
    "THAI": ("thai",),
}
ANALYZERS = tuple(sorted(set(LANGUAGE_ANALYZERS.values())))
LATIN = tuple(name for name in ANALYZERS if not any(name in other for other in SCRIPTS.values()))

# Characters that OCR confuses, after lower-casing: key <- those that become the key. The Cyrillic letters look like the Latin
# ones; OCR of both scripts mixes them.
LOOKALIKES = {
    "0": "oо",
    "1": "il|!",
    "5": "s",
    "8": "bв",
    "2": "z",
    "a": "а", "c": "с", "e": "её", "h": "н", "k": "к", "m": "м", "p": "р", "t": "т", "x": "х", "y": "у",
}  # fmt: skip

# `folded`: words of any language, without case and accents; umlauts are found in both writings (`ü`, `ue`), as the engine's
# German analyzer has it. `trigram`: runs of three letters or digits between two blanks, without hyphens and dots, look-alikes
# as one; it matches despite misread letters, and finds a part of a part number.
ANALYSIS: dict[str, Any] = {
    "filter": {
        "three": {"type": "ngram", "min_gram": 3, "max_gram": 3},
        "solid": {"type": "pattern_replace", "pattern": r"[^\p{L}\p{N}|!]+", "replacement": ""},
        **{
            f"like_{kind}": {"type": "pattern_replace", "pattern": f"[{letters}]", "replacement": kind}
            for kind, letters in LOOKALIKES.items()
        },
    },
    "analyzer": {
        "folded": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding", "german_normalization"]},
        "trigram": {
            "type": "custom",
            "tokenizer": "whitespace",
            "filter": ["lowercase", "asciifolding", "solid", *(f"like_{kind}" for kind in LOOKALIKES), "three"],
        },
    },
}

# `visual`: BM25 for texts of visual words. Their length depends on the amount of detail in a picture, so it counts less.
SIMILARITY: dict[str, Any] = {"visual": {"type": "BM25", "k1": 1.2, "b": 0.5}}


# Letters that the engine folds to ASCII and that have no accent to take away.
FOLDED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th"})
LIKE = {ord(letter): kind for kind, letters in LOOKALIKES.items() for letter in letters}


def trigrams(word: str) -> list[str]:
    """The terms of one word in a field of the analyzer `trigram`, each once, in order.

    The engine puts all trigrams of a word at one place, like synonyms, so that a query by that analyzer cannot ask for several.
    """
    apart = unicodedata.normalize("NFKD", word.lower().translate(FOLDED))
    kept = "".join(c for c in unicodedata.normalize("NFC", _latin_without_accents(apart)) if c.isalnum() or c in "|!")
    solid = kept.translate(LIKE)
    return list(dict.fromkeys(solid[at : at + 3] for at in range(len(solid) - 2)))


def _latin_without_accents(apart: str) -> str:
    """Decomposed text without the accents of Latin letters; those of other scripts stay, as in the engine."""
    found: list[str] = []
    for character in apart:
        if unicodedata.combining(character) and found and found[-1].isascii():
            continue
        found.append(character)
    return "".join(found)


def primary(language: str) -> str:
    """`pt-BR`, `pt_BR` -> `pt`; empty stays empty."""
    return language.replace("_", "-").split("-")[0].split("@")[0].lower()


def analyzer(language: str) -> str | None:
    """The engine's analyzer for a BCP 47 language, if any."""
    return LANGUAGE_ANALYZERS.get(primary(language))


def analyzers_for(text: str) -> tuple[str, ...]:
    """The analyzers of all languages that the text may be in, by the scripts of its letters."""
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha()}
    found = {name for script in scripts for name in SCRIPTS.get(script, LATIN if script == "LATIN" else ())}
    return tuple(sorted(found))
