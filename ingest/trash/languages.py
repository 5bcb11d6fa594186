"""Which language a text is in, where it is long enough to tell."""

from functools import cache, lru_cache
from typing import Any

from mappings.analysis import primary

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
