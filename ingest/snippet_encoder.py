"""Where linked text lies in the joint embedding of pictures and words: each text is read once, if the text model understands
it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from cachetools import LRUCache

from engine.once_cache import OnceCache
from factors.linked import Kind, TextSnippet
from factors.registry import all_factors
from ingest.disagreement import filtered
from vision.image_features import Vector

logger = logging.getLogger(__name__)
EXTRACTOR = "joint"
MOST = 8  # texts of one document that are read; those that name pictures best come first
ORDER = tuple(Kind)
KEPT = 4096  # texts read lately: the pages of one site say the same again and again


class EncodesText(Protocol):
    """vision.feature_extractor.FeatureExtractor, as far as it is needed here."""

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors."""

    def understands(self, text: str, language: str = "") -> bool:
        """Whether it makes sense of a text in that language."""

    def min_agreement(self) -> float | None:
        """The cosine under which text and picture disagree, where it was measured."""


class SnippetEncoder:
    """EncodesText the texts of documents; thread-safe."""

    def __init__(self, reader: EncodesText) -> None:
        """The model is loaded with the first text."""
        self._reader = reader
        self._places: OnceCache[str, Vector] = OnceCache(LRUCache(KEPT))

    def of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> list[TextSnippet]:
        """The snippets, those that can be read with their meaning, and filtered by the document's picture.

        Where the model fails, which is logged, the snippets come back as they were: text is found by its words all the same.
        """
        try:
            chosen = self._chosen(snippets)
            read = dict(zip(chosen, self._places.get_all(chosen, self._reader.encode_text), strict=True))
            least = self._reader.min_agreement() if read else None
        except Exception:
            logger.exception("linked text was not read")
            return list(snippets)
        picture = picture_of(document)
        known = (replace(snippet, text_embedding=read.get(snippet.text)) for snippet in snippets)
        return [filtered(snippet, picture, least) for snippet in known]

    def _chosen(self, snippets: Sequence[TextSnippet]) -> list[str]:
        """The texts to read: of the kinds that say most, in a language that is understood."""
        chosen: dict[str, None] = {}
        kept = (snippet for snippet in snippets if not snippet.is_trash)
        for snippet in sorted(kept, key=lambda snippet: ORDER.index(snippet.kind)):
            if len(chosen) == MOST:
                break
            if snippet.text in self._places or self._reader.understands(snippet.text, snippet.language):
                chosen[snippet.text] = None
        return list(chosen)


def picture_of(document: Mapping[str, Any]) -> Vector | None:
    """Where the document's picture lies in the joint embedding, as its fields keep it."""
    for factor in all_factors():
        if EXTRACTOR in factor.reads and EXTRACTOR in (restored := factor.restore(document)):
            found: Vector = restored[EXTRACTOR]
            return found
    return None
