"""Document fields that factors make, and extractor outputs that they restore; a factor that raises is left out.

A factor may come from anybody's package. Where it raises on one document, the document is indexed without its fields, the error
is logged, and the document's `failures` have an entry: `factor:NAME` for the fields made from the image, `factor:NAME:text` for
those made from linked text.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from factors.base import Factor, Json
from factors.text import TextSnippet
from vision.image_features import ImageFeatures

logger = logging.getLogger(__name__)
PREFIX = "factor:"
TEXT_SUFFIX = ":text"


@dataclass(slots=True)
class FactorFields:
    """Fields of several factors, and why some gave none."""

    fields: Json = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, make: Callable[[], Mapping[str, Any]]) -> None:
        """Add what `make` returns; where it raises, record the error under `key`."""
        try:
            self.fields |= make()
        except Exception as error:  # a plugin's method may raise anything
            logger.exception("%s failed on a document", key)
            self.failures[key] = f"{type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class Restored:
    """Outputs by extractor that a document's fields keep, and the names of factors that could not restore theirs."""

    outputs: Mapping[str, Any]
    failed: frozenset[str]


def image_fields(factors: Iterable[Factor], image_features: ImageFeatures) -> FactorFields:
    """The fields that these factors make from an image's features."""
    made = FactorFields()
    for factor in factors:
        made.add(image_failure(factor), partial(factor.image_fields, image_features))
    return made


def snippet_fields(factors: Iterable[Factor], snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> FactorFields:
    """The fields that these factors make from linked text; `document` has the fields that come from its image."""
    made = FactorFields()
    for factor in factors:
        made.add(f"{image_failure(factor)}{TEXT_SUFFIX}", partial(factor.snippet_fields_of, snippets, document))
    return made


def restored(factors: Iterable[Factor], document: Mapping[str, Any]) -> Restored:
    """Inverse of `image_fields`. An extractor that failed on the document has no output."""
    missing = set(document.get("missing", ()))
    outputs: dict[str, Any] = {}
    failed: set[str] = set()
    for factor in factors:
        try:
            outputs |= factor.restore(document)
        except Exception:
            logger.exception("factor %s cannot restore the features of a document", factor.name)
            failed.add(factor.name)
    return Restored({name: output for name, output in outputs.items() if name not in missing}, frozenset(failed))


def image_failure(factor: Factor) -> str:
    """The key in `failures` for fields that a factor makes from the image."""
    return f"{PREFIX}{factor.name}"


def is_text_failure(key: str) -> bool:
    """Whether a key in `failures` is about fields made from linked text."""
    return key.startswith(PREFIX) and key.endswith(TEXT_SUFFIX)
