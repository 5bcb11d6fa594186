"""What is seen of the picture asked with: looked at, or restored from the document that it is."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cachetools import LRUCache

from engine.errors import NotFoundError
from engine.once_cache import OnceCache
from engine.settings import Settings
from engine.store import Store
from factors.base import Factor
from ingest.fetch import fetch
from query import region
from query.request import SearchRequest
from vision.image_features import Box, ImageFeatures, Line, Text, Vector
from vision.picture import Picture, decode

KEPT = 64  # extracted_features of pictures asked with lately: a part of the same picture is often asked for next
SAME_OBJECT = 0.97  # overlap from which a box is that of a found object


class CanEncode(Protocol):
    """vision.feature_extractor.FeatureExtractor."""

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """Run the extractors."""

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> weights, without loading models."""

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Where texts lie in the joint embedding of pictures and words: unit vectors [n, d]."""

    def understands(self, text: str) -> bool:
        """Whether `encode_text` makes sense of the language of a text."""

    def warm_up(self, extractors: Collection[str] | None = None) -> None:
        """Load models."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The picture asked with: all that was seen of it, and of the part that was chosen.

    `restored`: no model looked, everything comes from the document, so it was made by the index's own weights.
    """

    whole: ImageFeatures
    part: ImageFeatures | None = None
    box: Box | None = None
    restored: bool = False

    @property
    def chosen(self) -> ImageFeatures:
        """What factors go by."""
        return self.part or self.whole


class QueryEncoder:
    """Looks at pictures asked with; remembers what was seen lately."""

    def __init__(self, settings: Settings, factors: Sequence[Factor], extractor: Callable[[], CanEncode]) -> None:
        """`extractor` gives the feature_extractor, and is called only where a model must look."""
        self._settings, self._factors, self._extractor = settings, factors, extractor
        self.extractors = sorted({extractor for factor in factors for extractor in factor.reads})
        self.unread = ("sources", "texts", *_fields_of_words(factors))
        self._seen_lately: OnceCache[tuple[str, Box | None], ImageFeatures] = OnceCache(LRUCache(KEPT))

    def at_bytes(self, request: SearchRequest) -> Asked:
        """The picture sent along or fetched from an address; BadPicture, FetchError."""
        data = request.image if request.image is not None else fetch(request.address or "", self._settings).data
        digest = hashlib.sha256(data).hexdigest()
        whole = self._seen(digest, None, lambda: decode(data, self._settings))
        return self._with_part(request, Asked(whole), lambda: decode(data, self._settings))

    def at_document(self, request: SearchRequest, document: Mapping[str, Any]) -> Asked:
        """The picture of a document: restored; only a part is looked at anew, where what is known of it does not do."""
        digest = request.like or ""
        whole = restore(digest, document, self._factors)
        store = Store(self._settings)
        return self._with_part(request, Asked(whole, restored=True), lambda: decode(store.original(digest), self._settings))

    def _with_part(self, request: SearchRequest, asked: Asked, picture: Callable[[], Picture]) -> Asked:
        whole = asked.whole
        box = box_of(request, whole.width, whole.height)
        if box is None:
            return asked
        found = as_object(whole, box)
        known = None if found is None else replace(asked, part=found, box=box)
        if known and not self._words_move(request):
            return known
        try:
            return Asked(whole, part=self._seen(whole.picture_id, box, lambda: picture().crop(box)), box=box)
        except NotFoundError:  # the bytes are gone from the store: what is known of an object still does
            if known is None:
                raise
            return known

    def _words_move(self, request: SearchRequest) -> bool:
        """Whether words come with the picture that move it in the joint embedding, in which found objects have no place."""
        return bool(request.text.strip()) and "joint" in self.extractors

    def _seen(self, digest: str, box: Box | None, picture: Callable[[], Picture]) -> ImageFeatures:
        """Its features, extracted once for all who ask at the same time; kept unless an extractor failed."""
        return self._seen_lately.get(
            (digest, box),
            lambda: self._extractor().extract([picture()], self.extractors)[0],
            keep=lambda seen: not seen.failures,
        )


def _fields_of_words(factors: Sequence[Factor]) -> Iterator[str]:
    """Fields from which nothing that was seen can be restored."""
    for factor in factors:
        if type(factor).restore is Factor.restore:
            yield from factor.fields(dict.fromkeys(factor.reads, 1))


def restore(digest: str, document: Mapping[str, Any], factors: Sequence[Factor]) -> ImageFeatures:
    """The image_features that a document was made from, as far as its fields keep it."""
    observations: dict[str, Any] = {}
    for factor in factors:
        observations |= factor.restore(document)
    return ImageFeatures(digest, int(document.get("width") or 1), int(document.get("height") or 1), **observations)


def box_of(request: SearchRequest, width: int, height: int) -> Box | None:
    """The part asked for; BadQuestion where it does not lie in the picture."""
    if request.box is not None:
        return region.from_fractions(request.box)
    if request.region is not None:
        return region.from_iiif(request.region, width, height)
    return None


def as_object(whole: ImageFeatures, box: Box) -> ImageFeatures | None:
    """The part as it was seen with the whole, where the box is that of a found object; no model looks again."""
    near = [found for found in whole.objects or () if found.embedding is not None]
    best = max(near, key=lambda found: region.overlap(found.box, box), default=None)
    if best is None or region.overlap(best.box, box) < SAME_OBJECT:
        return None
    text = None if whole.text is None else Text(_lines_in(whole.text.confident, box), _lines_in(whole.text.low_confidence, box))
    local = None if whole.local is None else whole.local.within(box, whole.width, whole.height)
    width, height = max(1, round(box.w * whole.width)), max(1, round(box.h * whole.height))
    return ImageFeatures(whole.picture_id, width, height, embedding=best.embedding, text=text, local=local)


def _lines_in(lines: Sequence[Line], box: Box) -> tuple[Line, ...]:
    """The lines, with only their words that lie in the box."""
    parts = (tuple(word for word in line.words if _inside(word.box, box)) for line in lines)
    return tuple(Line(words) for words in parts if words)


def _inside(word: Box, box: Box) -> bool:
    """Whether the middle of the word lies in the box."""
    x, y = word.x + word.w / 2, word.y + word.h / 2
    return box.x <= x <= box.x + box.w and box.y <= y <= box.y + box.h
