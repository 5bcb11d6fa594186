"""The same collection made poorer or larger, as collections of users are: without text, with an extractor off, small, large."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evaluation.datasets import Known

MIN_DOCUMENTS = 300  # of a collection of which a tenth is asked, too
Change = Callable[[Sequence[Known]], list[Known]]


@dataclass(frozen=True, slots=True)
class Variant:
    """`indexed`: how the documents change before they are indexed, None where another index serves.

    `without`: factors that the extractor that is off would feed; their features are left out of a question that was asked of
    the whole collection, which is the same as never having had them.
    """

    name: str
    about: str
    indexed: Change | None = None
    without: tuple[str, ...] = ()


def whole(documents: Sequence[Known]) -> list[Known]:
    """The documents as they are."""
    return list(documents)


def without_text(documents: Sequence[Known]) -> list[Known]:
    """The documents without linked text."""
    return [replace(known, texts=()) for known in documents]


def on_a_third(documents: Sequence[Known]) -> list[Known]:
    """Linked text on a third of the documents, chosen by a hash of the file's name."""
    return [known if _share(known) < 1 / 3 else replace(known, texts=()) for known in documents]


def a_tenth(documents: Sequence[Known]) -> list[Known]:
    """A tenth of the documents, chosen by a hash of the file's name."""
    return [known for known in documents if _share(known) < 1 / 10]


def _share(known: Known) -> float:
    """A number in 0..1 that depends on the file's name alone."""
    return int(hashlib.sha256(known.path.name.encode()).hexdigest()[:8], 16) / 0x1_0000_0000


AS_IT_IS = Variant("as it is", "The collection by itself, with all its text.", whole)
NO_TEXT = Variant("no text", "Without linked text.", without_text)
THIRD = Variant("text on a third", "Linked text on a third of the documents.", on_a_third)
FOREIGN = Variant("foreign text", "Linked text in another language than the questions.")
TENTH = Variant("a tenth", "A tenth of the documents.", a_tenth)
AMONG_ALL = Variant("among everything", "One index of all collections.", whole)
OFF = (
    Variant("no OCR", "Nothing was read in images.", without=("ocr",)),
    Variant("no similar", "The extractor of the similar-image embedding is off.", without=("similar", "objects")),
    Variant("no joint", "The extractor of the joint embedding is off.", without=("semantic",)),
    Variant("no local", "The extractor of local descriptors is off.", without=("local",)),
)
VARIANTS = (AS_IT_IS, NO_TEXT, THIRD, FOREIGN, TENTH, AMONG_ALL, *OFF)


def own(documents: Sequence[Known], foreign: Sequence[Known]) -> list[tuple[Variant, list[Known]]]:
    """The variants of a collection that have an index of their own, with the documents of each."""
    has_text = any(known.texts for known in documents)
    chosen = [AS_IT_IS, *((NO_TEXT, THIRD) if has_text else ()), *((TENTH,) if len(documents) >= MIN_DOCUMENTS else ())]
    found = [(variant, variant.indexed(documents)) for variant in chosen if variant.indexed]
    return [*found, (FOREIGN, list(foreign))] if foreign else found
