"""Vectors of linked text in the joint embedding of images and words; each text that the model understands is encoded once."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from cachetools import LRUCache

from engine.once_cache import OnceCache
from factors.base import Factor
from factors.text import Kind, TextSnippet
from ingest.factor_fields import restored
from vision.image_features import Vector

MIN_WORDS = 4
DISAGREEING_WEIGHT = 0.3  # of a text that disagrees, relative to one that does not
REASON = "is not about what the picture shows"
SENTENCE_KINDS = frozenset(
    {Kind.CAPTION, Kind.ALT, Kind.TITLE, Kind.NEARBY}
)  # anchors, keywords and file names are no sentences


def filtered(snippet: TextSnippet, image: Vector | None, threshold: float | None) -> TextSnippet:
    """The snippet, with less weight and a reason where its cosine to the image is below `threshold`."""
    if image is None or threshold is None or snippet.text_embedding is None or not can_disagree(snippet):
        return snippet
    if float(snippet.text_embedding @ image) >= threshold:
        return snippet
    return snippet.lowered(DISAGREEING_WEIGHT, REASON)


def can_disagree(snippet: TextSnippet) -> bool:
    """Whether the snippet describes enough to be compared with an image."""
    return (
        snippet.kind in SENTENCE_KINDS and sum(word.isalpha() and word.islower() for word in snippet.text.split()) >= MIN_WORDS
    )


logger = logging.getLogger(__name__)
EXTRACTOR = "joint"
MAX_TEXTS = 8  # encoded per document; those that name images best come first
ORDER = tuple(Kind)
CACHED_TEXTS = 4096  # the pages of one site repeat their texts


class EncodesText(Protocol):
    """The part of vision.feature_extractor.FeatureExtractor that is needed here."""

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors."""

    def understands(self, text: str, language: str = "") -> bool:
        """Whether the model knows the language of a text."""

    def min_agreement(self) -> float | None:
        """The cosine below which text and image disagree, where it was measured."""


class SnippetEncoder:
    """Encodes the texts of documents; thread-safe."""

    def __init__(self, text_model: EncodesText) -> None:
        """The model is loaded when the first text is encoded."""
        self._text_model = text_model
        self._vectors: OnceCache[str, Vector] = OnceCache(LRUCache(CACHED_TEXTS))

    def of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any], factors: Iterable[Factor]) -> list[TextSnippet]:
        """The snippets with their vectors; those that disagree with the document's image weigh less.

        `factors` restore the image's vector from the document.

        Where the model fails, which is logged, the snippets are returned as they are: text is found by its words all the same.
        """
        try:
            chosen = self._chosen(snippets)
            vectors = dict(zip(chosen, self._vectors.get_all(chosen, self._text_model.encode_text), strict=True))
            threshold = self._text_model.min_agreement() if vectors else None
        except Exception:
            logger.exception("linked text was not encoded")
            return list(snippets)
        image = embedding_of(document, factors)
        encoded = (replace(snippet, text_embedding=vectors.get(snippet.text)) for snippet in snippets)
        return [filtered(snippet, image, threshold) for snippet in encoded]

    def _chosen(self, snippets: Sequence[TextSnippet]) -> list[str]:
        """The texts to encode: of the kinds that say most, in a language that the model understands."""
        chosen: dict[str, None] = {}
        kept = (snippet for snippet in snippets if not snippet.is_trash)
        for snippet in sorted(kept, key=lambda snippet: ORDER.index(snippet.kind)):
            if len(chosen) == MAX_TEXTS:
                break
            if snippet.text in self._vectors or self._text_model.understands(snippet.text, snippet.language):
                chosen[snippet.text] = None
        return list(chosen)


def embedding_of(document: Mapping[str, Any], factors: Iterable[Factor]) -> Vector | None:
    """The image's vector in the joint embedding, as the document's fields keep it."""
    reading = [factor for factor in factors if EXTRACTOR in factor.reads]
    found: Vector | None = restored(reading, document).outputs.get(EXTRACTOR)
    return found
