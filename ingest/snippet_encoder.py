"""Vectors of linked text in the joint embedding of images and words; each text that the model understands is encoded once."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from cachetools import LRUCache

from engine.once_cache import OnceCache
from factors.text import Kind, TextSnippet
from ingest.names import is_camera_name
from vision.image_features import Vector

logger = logging.getLogger(__name__)
MAX_TEXTS = 8  # encoded per document, in the order of `Kind`: those that name images best come first
KIND_ORDER = tuple(Kind)
CACHED_TEXTS = 4096  # the pages of one site repeat their texts
# Only sentences are compared with the image; link texts, keywords and file names are not sentences.
SENTENCE_KINDS = frozenset({Kind.CAPTION, Kind.ALT, Kind.TITLE, Kind.NEARBY})
MIN_WORDS = 4  # lower-case words from which a text is a sentence
DISAGREEING_WEIGHT = 0.3  # of a text that disagrees, relative to one that does not
REASON = "is not about what the picture shows"


class EncodesText(Protocol):
    """The part of vision.feature_extractor.FeatureExtractor that is needed here."""

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors, one row per text."""

    def understands(self, text: str, language: str = "") -> bool:
        """Whether the model knows the language of a text."""

    def min_agreement(self) -> float | None:
        """The cosine below which text and image disagree; None where it was not measured."""


class SnippetEncoder:
    """Encodes the texts of documents; thread-safe."""

    def __init__(self, text_model: EncodesText) -> None:
        """The model is loaded when the first text is encoded."""
        self._text_model = text_model
        self._vectors: OnceCache[str, Vector] = OnceCache(LRUCache(CACHED_TEXTS))

    def encoded(self, snippets: Sequence[TextSnippet], image: Vector | None) -> list[TextSnippet]:
        """The snippets with their vectors; those that disagree with the image's vector get a lower weight.

        Where the model fails, the error is logged and the snippets are returned unchanged: word search still finds them.
        """
        try:
            chosen = self._chosen(snippets)
            vectors = dict(zip(chosen, self._vectors.get_all(chosen, self._text_model.encode_text), strict=True))
            threshold = self._text_model.min_agreement() if vectors else None
        except Exception:
            logger.exception("linked text was not encoded")
            return list(snippets)
        encoded = (replace(snippet, text_embedding=vectors.get(snippet.text)) for snippet in snippets)
        return [_compared(snippet, image, threshold) for snippet in encoded]

    def _chosen(self, snippets: Sequence[TextSnippet]) -> list[str]:
        """The texts to encode: the first kinds of `KIND_ORDER`, in languages the model understands; no trash, no numbers."""
        chosen: dict[str, None] = {}
        usable = (snippet for snippet in snippets if not snippet.is_trash and not is_camera_name(snippet))
        for snippet in sorted(usable, key=lambda snippet: KIND_ORDER.index(snippet.kind)):
            if len(chosen) == MAX_TEXTS:
                break
            if snippet.text in self._vectors or self._text_model.understands(snippet.text, snippet.language):
                chosen[snippet.text] = None
        return list(chosen)


def _compared(snippet: TextSnippet, image: Vector | None, threshold: float | None) -> TextSnippet:
    """The snippet, with less weight and a reason where its cosine to the image is below `threshold`."""
    if image is None or threshold is None or snippet.text_embedding is None or not _is_sentence(snippet):
        return snippet
    if float(snippet.text_embedding @ image) >= threshold:
        return snippet
    return snippet.lowered(DISAGREEING_WEIGHT, REASON)


def _is_sentence(snippet: TextSnippet) -> bool:
    words = sum(word.isalpha() and word.islower() for word in snippet.text.split())
    return snippet.kind in SENTENCE_KINDS and words >= MIN_WORDS
