"""What the words of a question mean: their place in the joint embedding of pictures and words, remembered."""

from collections.abc import Callable

import numpy as np
from cachetools import LRUCache

from engine.once_cache import OnceCache
from factors.words import Words
from query.encoder import CanEncode
from vision.image_features import Vector

KEPT = 256  # texts asked with lately: pages of one answer, and words with other filters, are asked for next
MINUS = 0.25  # of what is not wanted, taken away from what is (`omma train joint` measured it)


class TextQueryEncoder:
    """Reads words with what looks at pictures; safe to share between threads."""

    def __init__(self, extractor: Callable[[], CanEncode]) -> None:
        """`extractor` gives the feature_extractor, and is called with the first words."""
        self._extractor = extractor
        self._places: OnceCache[str, Vector | None] = OnceCache(LRUCache(KEPT))

    def encode(self, words: Words) -> Vector | None:
        """wanted - 0.25 x unwanted, of unit length; None where there are no words, or none that the text model understands.

        Raises whatever the model raises.
        """
        wanted = self._place(words.text)
        unwanted = [place for term in words.must_not if (place := self._place(term.text)) is not None]
        parts = [] if wanted is None else [wanted]
        if unwanted:
            parts.append(-MINUS * np.mean(unwanted, axis=0))
        if not parts or (words and wanted is None):
            return None
        moved = np.sum(parts, axis=0, dtype=np.float32)
        return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)

    def _place(self, text: str) -> Vector | None:
        """The place of a text, or None where it is not understood."""
        return self._places.get(text, lambda: self._encoded(text))

    def _encoded(self, text: str) -> Vector | None:
        extractor = self._extractor()
        return extractor.encode_text([text])[0] if text and extractor.understands(text) else None
