"""How text is cut into terms: what the engine ships with, and two analyzers of our own."""

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

# Script (first word of a letter's Unicode name) -> analyzers for languages written in it. A question in Cyrillic need not be
# looked for in twenty-five fields of languages in Latin letters.
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

# Letters that readers of print take for one another, after lower-casing: all of a class become one of them. The Cyrillic ones
# look the same as the Latin ones, and come when both are looked for.
LOOKALIKES = {
    "0": "oо",
    "1": "il|!",
    "5": "s",
    "8": "bв",
    "2": "z",
    "a": "а", "c": "с", "e": "её", "h": "н", "k": "к", "m": "м", "p": "р", "t": "т", "x": "х", "y": "у",
}  # fmt: skip

# `folded`: words of any language, without case and accents. `trigram`: runs of three letters or digits of what stands between
# two blanks, without hyphens and dots, look-alikes as one: it survives misread letters and finds a part of a part number.
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
        "folded": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]},
        "trigram": {
            "type": "custom",
            "tokenizer": "whitespace",
            "filter": ["lowercase", "asciifolding", "solid", *(f"like_{kind}" for kind in LOOKALIKES), "three"],
        },
    },
}

# `visual`: BM25 for texts of visual words, whose length says little, since it is how much there is to see in a picture.
SIMILARITY: dict[str, Any] = {"visual": {"type": "BM25", "k1": 1.2, "b": 0.5}}


def primary(language: str) -> str:
    """`pt-BR`, `pt_BR` -> `pt`; empty stays empty."""
    return language.replace("_", "-").split("-")[0].split("@")[0].lower()


def analyzer(language: str) -> str | None:
    """The analyzer that the engine has for a BCP 47 language, if any."""
    return LANGUAGE_ANALYZERS.get(primary(language))


def analyzers_for(text: str) -> tuple[str, ...]:
    """Analyzers for the languages that these words may be in, by their letters."""
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha()}
    found = {name for script in scripts for name in SCRIPTS.get(script, LATIN if script == "LATIN" else ())}
    return tuple(sorted(found))
