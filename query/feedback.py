"""Relevance feedback: documents that were marked "more like this" or "less like this" move the question.

Rocchio: Relevance feedback in information retrieval (1971), in every embedding that the question or the documents have:
question' = unit(question + b mean(more) - c mean(less)). Labels move in the same way, by their confidences. The weights b and c
are OMMA_FEEDBACK_MORE and OMMA_FEEDBACK_LESS; docs/measurements/feedback.md compares them with 0.75 and 0.15 of Manning,
Raghavan, Schütze: Introduction to Information Retrieval (2008), chapter 9. Documents marked "less" move the question only
beside others marked "more": alone, they say where not to go, and the best wrong results lie close to the right ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np

from engine.settings import Settings
from factors.base import Marked
from vision.image_features import ImageFeatures, Label, Vector, unit

MARKED_ID = "marked"  # of the features of a question that has no image but those that were marked


@dataclass(frozen=True, slots=True)
class Rocchio:
    """Moves questions; `more` and `less` are the weights b and c."""

    more: float = 1.0
    less: float = 0.5

    @classmethod
    def of(cls, settings: Settings) -> "Rocchio":
        """With the weights of the settings."""
        return cls(settings.feedback_more, settings.feedback_less)

    def image(self, asked: ImageFeatures | None, marked: Marked) -> ImageFeatures | None:
        """The features of the question's image, moved; made of the documents marked "more" where the question has no image."""
        if not marked.more:
            return asked
        whole = asked or ImageFeatures(MARKED_ID, 1, 1)
        names = {*_vectors(whole), *(name for features in marked.more.values() for name in _vectors(features))}
        moved = {
            name: self.vector(_vectors(whole).get(name), _all(marked.more, name), _all(marked.less, name)) for name in names
        }
        return whole.with_values(**moved, labels=self._labels(whole, marked))

    def text(self, asked: Vector | None, marked: Marked) -> Vector | None:
        """The vector of the question's words, moved by images in the joint embedding of images and words."""
        if asked is None or not marked.more:
            return asked
        return self.vector(asked, _all(marked.more, "joint"), _all(marked.less, "joint"))

    def vector(self, asked: Vector | None, more: Sequence[Vector], less: Sequence[Vector]) -> Vector | None:
        """The moved vector, of unit length; None where the question has none and nothing is marked "more"."""
        parts = [] if asked is None else [asked]
        parts += [self.more * np.mean(more, axis=0)] if more else []
        parts += [-self.less * np.mean(less, axis=0)] if less and parts else []
        if not parts:
            return None
        moved: Vector = np.asarray(np.sum(parts, axis=0), dtype=np.float32)
        return unit(moved) if np.linalg.norm(moved) > 0 else asked

    def _labels(self, asked: ImageFeatures, marked: Marked) -> tuple[Label, ...] | None:
        """The labels by moved confidence, the surest first; None where no image was classified."""
        sides = (
            (1.0, [asked]),
            (self.more, list(marked.more.values())),
            (-self.less, list(marked.less.values())),
        )
        sums: dict[str, float] = {}
        known: dict[str, Label] = {}
        for weight, images in sides:
            classified = [features.labels for features in images if features.labels is not None]
            for label in (label for labels in classified for label in labels):
                known[label.synset] = label
                sums[label.synset] = sums.get(label.synset, 0.0) + weight * label.confidence / len(classified)
        positive = {synset: value for synset, value in sums.items() if value > 0}
        whole = sum(positive.values())
        moved = (replace(known[synset], confidence=value / whole) for synset, value in positive.items())
        return tuple(sorted(moved, key=lambda label: (-label.confidence, label.synset))) or None


def _vectors(features: ImageFeatures) -> dict[str, Vector]:
    """The embeddings among the outputs, whichever extractors gave them."""
    return {name: value for name, value in features.values.items() if _is_vector(value)}


def _is_vector(value: object) -> TypeGuard[Vector]:
    return isinstance(value, np.ndarray) and value.ndim == 1 and np.issubdtype(value.dtype, np.floating)


def _all(marked: Mapping[str, ImageFeatures], name: str) -> list[Vector]:
    return [vectors[name] for features in marked.values() if name in (vectors := _vectors(features))]
