"""The question's side of the feature extractors: features of its image, and the vector of its words.

Features of an image are extracted by models, or restored from the document where the image is indexed. Both encoders cache
their latest results, and are safe to share between threads.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from cachetools import LRUCache

from engine.connections import Context
from engine.errors import NotFoundError
from engine.once_cache import OnceCache
from factors.base import Factor, Marked
from factors.text import Words
from ingest.fetch import fetch
from ingest.fields import restored
from query.engine_calls import Calls
from query.request import SearchRequest
from vision.image_features import Box, ImageFeatures, Line, Text, Vector
from vision.picture import Picture, decode

MAX_IMAGES_KEPT = 64  # a part of the same image is often asked for next
MAX_TEXTS_KEPT = 256  # further pages, and the same words with other filters, are asked for next
SAME_OBJECT_OVERLAP = 0.97  # intersection over union from which a box is that of a detected object
EXCLUDED_WEIGHT = 0.25  # of excluded words, subtracted from the wanted ones (measured by `omma train joint`)


class CanEncode(Protocol):
    """vision.feature_extractor.FeatureExtractor."""

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """Run the extractors."""

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> weights, without loading models."""

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Vectors of texts in the joint embedding of images and words: unit vectors [n, d]."""

    def understands(self, text: str) -> bool:
        """Whether `encode_text` supports the language of a text."""

    def warm_up(self, extractors: Collection[str] | None = None) -> None:
        """Load models."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Features of the question's image: of the whole, and of the chosen part.

    `restored`: all features come from the document, so that they have the index's own weights.
    """

    whole: ImageFeatures
    part: ImageFeatures | None = None
    box: Box | None = None
    restored: bool = False

    @property
    def chosen(self) -> ImageFeatures:
        """The features that factors compare: those of the part, if there is one."""
        return self.part or self.whole


class QueryEncoder:
    """Encodes the images of questions."""

    def __init__(self, context: Context, factors: Sequence[Factor], extractor: Callable[[], CanEncode]) -> None:
        """`extractor` gives the feature extractor, and is called only where a model must run."""
        self._context, self._factors, self._extractor = context, factors, extractor
        self.extractors = sorted({extractor for factor in factors for extractor in factor.reads})
        self.unused_fields = ("sources", "texts", *_fields_without_features(factors))
        self._features: OnceCache[tuple[str, Box | None], ImageFeatures] = OnceCache(LRUCache(MAX_IMAGES_KEPT))

    def at_bytes(self, request: SearchRequest) -> Asked:
        """The image that was sent, or fetched from an address; BadPicture, FetchError."""
        settings = self._context.settings
        data = request.image if request.image is not None else fetch(request.address or "", settings).data
        picture = partial(decode, data, settings)
        whole = self._extracted(hashlib.sha256(data).hexdigest(), None, picture)
        return self._with_part(request, Asked(whole), picture)

    def at_document(self, request: SearchRequest, document: Mapping[str, Any]) -> Asked:
        """The image of a document: restored; models run only for a part that is not a detected object."""
        digest, context = request.like or "", self._context
        whole = restore(digest, document, self._factors)
        return self._with_part(
            request, Asked(whole, restored=True), lambda: decode(context.store.original(digest), context.settings)
        )

    def marked(self, request: SearchRequest, calls: Calls) -> Marked:
        """Features of the documents that were marked, restored; NotFoundError where one is unknown."""
        ids = [*dict.fromkeys((*request.more, *request.less))]
        documents = dict(zip(ids, calls.documents(ids, self.unused_fields), strict=True))
        features = {name: restore(name, document, self._factors) for name, document in documents.items()}
        return Marked({name: features[name] for name in request.more}, {name: features[name] for name in request.less})

    def _with_part(self, request: SearchRequest, asked: Asked, picture: Callable[[], Picture]) -> Asked:
        """With the features of the requested part: those of a detected object, or extracted from the pixels."""
        whole = asked.whole
        box = request.box_within(whole.width, whole.height)
        if box is None:
            return asked
        found = as_object(whole, box)
        known = None if found is None else replace(asked, part=found, box=box)
        if known and not self._needs_joint_embedding(request):
            return known
        try:
            return Asked(whole, part=self._extracted(whole.picture_id, box, lambda: picture().crop(box)), box=box)
        except NotFoundError:  # the original was deleted from the store: the detected object remains
            if known is None:
                raise
            return known

    def _needs_joint_embedding(self, request: SearchRequest) -> bool:
        """Whether the words of the question need the joint embedding of the part, which detected objects do not have."""
        return bool(request.text.strip()) and "joint" in self.extractors

    def _extracted(self, digest: str, box: Box | None, picture: Callable[[], Picture]) -> ImageFeatures:
        """Features of an image or its part: extracted once for simultaneous questions, cached unless an extractor failed."""
        return self._features.get(
            (digest, box),
            lambda: self._extractor().extract([picture()], self.extractors)[0],
            keep=lambda features: not features.failures,
        )


class TextQueryEncoder:
    """Encodes words in the joint embedding of images and words."""

    def __init__(self, extractor: Callable[[], CanEncode]) -> None:
        """`extractor` gives the feature extractor, and is called with the first words."""
        self._extractor = extractor
        self._vectors: OnceCache[str, Vector | None] = OnceCache(LRUCache(MAX_TEXTS_KEPT))

    def encode(self, words: Words) -> Vector | None:
        """wanted - 0.25 x excluded, of unit length; None where there are no words, or the text model supports none of them.

        Raises whatever the model raises.
        """
        wanted = self._vector(words.text)
        unwanted = [vector for term in words.must_not if (vector := self._vector(term.text)) is not None]
        parts = [] if wanted is None else [wanted]
        if unwanted:
            parts.append(-EXCLUDED_WEIGHT * np.mean(unwanted, axis=0))
        if not parts or (words and wanted is None):
            return None
        moved = np.sum(parts, axis=0, dtype=np.float32)
        return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)

    def _vector(self, text: str) -> Vector | None:
        """The vector of a text, or None where its language is not supported."""
        return self._vectors.get(text, lambda: self._encoded(text))

    def _encoded(self, text: str) -> Vector | None:
        extractor = self._extractor()
        return extractor.encode_text([text])[0] if text and extractor.understands(text) else None


def _fields_without_features(factors: Sequence[Factor]) -> Iterator[str]:
    """Document fields from which no feature can be restored."""
    for factor in factors:
        if type(factor).restore is Factor.restore:
            yield from factor.fields(dict.fromkeys(factor.reads, 1))


def restore(digest: str, document: Mapping[str, Any], factors: Sequence[Factor]) -> ImageFeatures:
    """The image features that a document was made from, as far as its fields keep them."""
    outputs = restored(factors, document).outputs
    return ImageFeatures(digest, int(document.get("width") or 1), int(document.get("height") or 1), **outputs)


def as_object(whole: ImageFeatures, box: Box) -> ImageFeatures | None:
    """The features of a detected object that has this box, without running a model; None where there is no such object."""
    near = [found for found in whole.objects or () if found.embedding is not None]
    best = max(near, key=lambda found: found.box.overlap(box), default=None)
    if best is None or best.box.overlap(box) < SAME_OBJECT_OVERLAP:
        return None
    text = None if whole.text is None else Text(_lines_in(whole.text.confident, box), _lines_in(whole.text.low_confidence, box))
    local = None if whole.local is None else whole.local.within(box, whole.width, whole.height)
    width, height = max(1, round(box.w * whole.width)), max(1, round(box.h * whole.height))
    return ImageFeatures(whole.picture_id, width, height, embedding=best.embedding, text=text, local=local)


def objects_in(asked: Asked, most: int) -> list[Asked]:
    """The image with each detected object as its part, without running a model: at most so many, the largest first."""
    boxes = [found.box for found in asked.whole.objects or () if found.embedding is not None]
    largest = sorted(boxes, key=lambda box: -box.area)[:most]
    return [replace(asked, part=as_object(asked.whole, box), box=box) for box in largest]


def _lines_in(lines: Sequence[Line], box: Box) -> tuple[Line, ...]:
    """The lines, reduced to their words in the box."""
    parts = (tuple(word for word in line.words if _inside(word.box, box)) for line in lines)
    return tuple(Line(words) for words in parts if words)


def _inside(word: Box, box: Box) -> bool:
    """Whether the centre of the word lies in the box."""
    x, y = word.x + word.w / 2, word.y + word.h / 2
    return box.x <= x <= box.x + box.w and box.y <= y <= box.y + box.h
