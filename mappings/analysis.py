"""How text is cut into terms: what the engine ships with, and two analyzers of our own."""

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

# `folded`: words of any language, without case and accents. `trigram`: runs of three letters or digits, which
# survive a misread letter and find a part of a part number.
ANALYSIS: dict[str, Any] = {
    "filter": {"three": {"type": "ngram", "min_gram": 3, "max_gram": 3}},
    "analyzer": {
        "folded": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]},
        "trigram": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding", "three"]},
    },
}


def primary(language: str) -> str:
    """`pt-BR`, `pt_BR` -> `pt`; empty stays empty."""
    return language.replace("_", "-").split("-")[0].split("@")[0].lower()


def analyzer(language: str) -> str:
    """The analyzer for a BCP 47 language; `folded` where the engine has none for it."""
    return LANGUAGE_ANALYZERS.get(primary(language), "folded")
