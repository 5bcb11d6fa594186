"""Outputs of the extractors: the typed record from which documents and queries are made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
BOX_TOLERANCE = 1e-4  # by which a rounded box may extend beyond the edge
MIN_BOX_SIDE = 1e-3  # least width and height of a detected box
MIN_NORM = 1e-9  # divisor of a vector of zeros


def unit(vectors: Vector) -> Vector:
    """The vectors [..., d] scaled to unit length; zeros stay zeros."""
    scaled: Vector = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), MIN_NORM)
    return scaled


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle as fractions of the oriented picture: left, top, width, height, each within 0..1."""

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        """Raise ValueError for a rectangle that is empty or extends beyond the picture."""
        edge = 1 + BOX_TOLERANCE
        inside = 0 <= self.x < 1 and 0 <= self.y < 1 and self.x + self.w <= edge and self.y + self.h <= edge
        if not inside or self.w <= 0 or self.h <= 0:
            raise ValueError(f"box {self.as_list()} does not lie within the picture (fractions x, y, w, h)")

    @classmethod
    def of_corners(cls, left: float, top: float, right: float, bottom: float) -> "Box":
        """A rectangle between corners, clipped to the picture; never empty, whatever a model returns."""
        left, top, right, bottom = (min(max(value, 0.0), 1.0) for value in (left, top, right, bottom))
        left, top = min(left, 1 - MIN_BOX_SIDE), min(top, 1 - MIN_BOX_SIDE)
        return cls(left, top, max(right - left, MIN_BOX_SIDE), max(bottom - top, MIN_BOX_SIDE))

    @property
    def area(self) -> float:
        """The share of the picture that the box covers."""
        return self.w * self.h

    def overlap(self, other: "Box") -> float:
        """Intersection over union, 0..1."""
        across = max(0.0, min(self.x + self.w, other.x + other.w) - max(self.x, other.x))
        down = max(0.0, min(self.y + self.h, other.y + other.h) - max(self.y, other.y))
        return across * down / (self.area + other.area - across * down)

    def as_list(self) -> list[float]:
        """x, y, w, h, rounded to four decimals: enough for one pixel of a large picture."""
        return [round(v, 4) for v in (self.x, self.y, self.w, self.h)]


@dataclass(frozen=True, slots=True)
class Object:
    """A detected object; `embedding` is that of its crop, of unit length."""

    label: str
    confidence: float
    box: Box
    embedding: Vector | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A word read in the picture, with the reader's confidence (0..1)."""

    text: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True)
class Line:
    """The words of one line, at least one; text, confidence and box follow from them."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words, separated by spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """The mean over letters, 0..1."""
        return sum(w.confidence * len(w.text) for w in self.words) / max(1, sum(len(w.text) for w in self.words))

    @property
    def box(self) -> Box:
        """The rectangle around its words."""
        boxes = [word.box for word in self.words]
        right, bottom = max(b.x + b.w for b in boxes), max(b.y + b.h for b in boxes)
        return Box.of_corners(min(b.x for b in boxes), min(b.y for b in boxes), right, bottom)


@dataclass(frozen=True, slots=True)
class Text:
    """Lines read in the picture, in reading order: confident ones, and `low_confidence` ones, which are only shown.

    A low-confidence line may be a smudged word or the texture of a wall.
    """

    confident: tuple[Line, ...] = ()
    low_confidence: tuple[Line, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """Words of the confident lines."""
        return tuple(word for line in self.confident for word in line.words)

    @property
    def lines(self) -> tuple[str, ...]:
        """Texts of the confident lines."""
        return tuple(line.text for line in self.confident)


@dataclass(frozen=True, slots=True)
class Label:
    """A class of the classifier: WordNet synset (`n02099601`), its names, names of its hypernyms, probability (0..1)."""

    synset: str
    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Colour:
    """A dominant colour: basic colour term, sRGB, and the share of the picture that it covers."""

    name: str
    rgb: tuple[int, int, int]
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """Keypoints of a picture, the strongest first.

    `points` [n, 2] are fractions of the picture, `sizes` [n] diameters as fractions of its longer side, `angles` [n] degrees
    within 0..360, `words` [n] the nearest visual words, and `codes` [n, bytes] binary signatures.
    """

    points: Vector
    sizes: Vector
    angles: Vector
    words: NDArray[np.int32]
    codes: NDArray[np.uint8]

    def __len__(self) -> int:
        """The number of points."""
        return len(self.points)

    def chosen(self, which: NDArray[np.bool_] | slice) -> "Local":
        """Some of the points."""
        return Local(self.points[which], self.sizes[which], self.angles[which], self.words[which], self.codes[which])

    def within(self, box: Box, width: int, height: int) -> "Local":
        """The points inside a box, as fractions of the box; `width` and `height` are those of the picture, in pixels."""
        corner = np.array([box.x, box.y], dtype=np.float32)
        extent = np.array([box.w, box.h], dtype=np.float32)
        places = (self.points - corner) / extent
        inside = np.asarray(((places >= 0) & (places < 1)).all(axis=1), dtype=np.bool_)
        longer = max(width, height) / max(box.w * width, box.h * height)
        kept = self.chosen(inside)
        return replace(kept, points=places[inside].astype(np.float32), sizes=(kept.sizes * longer).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Backbone:
    """Raw output of the shared network: pooled features and class logits. Never stored."""

    features: Vector
    logits: Vector


class ImageFeatures:
    """Everything extracted from one image: outputs by extractor, built-in and third-party alike.

    An extractor without an entry did not run, or failed (then `failures` says why). Immutable; `with_values`, `with_failures`
    and `sized` give changed copies. `of(name)` reads any output; the properties below read those of built-in extractors.
    """

    __slots__ = ("failures", "height", "picture_id", "values", "width")

    def __init__(
        self, picture_id: str, width: int, height: int, *, failures: Mapping[str, str] | None = None, **values: object
    ) -> None:
        """`values` are outputs by extractor; None stands for no output."""
        self.picture_id, self.width, self.height = picture_id, width, height
        self.values: Mapping[str, object] = {name: value for name, value in values.items() if value is not None}
        self.failures: Mapping[str, str] = dict(failures or {})

    def of(self, extractor: str) -> Any:
        """The output of the extractor of that name, or None."""
        return self.values.get(extractor)

    def with_values(self, **values: object) -> "ImageFeatures":
        """A copy with these outputs added or replaced; None removes one."""
        return ImageFeatures(self.picture_id, self.width, self.height, failures=self.failures, **{**self.values, **values})

    def with_failures(self, failures: Mapping[str, str]) -> "ImageFeatures":
        """A copy with these failures added."""
        return ImageFeatures(self.picture_id, self.width, self.height, failures={**self.failures, **failures}, **self.values)

    def sized(self, picture_id: str, width: int, height: int) -> "ImageFeatures":
        """A copy with this id and size in pixels."""
        return ImageFeatures(picture_id, width, height, failures=self.failures, **self.values)

    @property
    def backbone(self) -> Backbone | None:
        """Features and logits of the shared network."""
        return cast("Backbone | None", self.of("backbone"))

    @property
    def centre(self) -> Backbone | None:
        """The same of the centre crop."""
        return cast("Backbone | None", self.of("centre"))

    @property
    def products(self) -> Vector | None:
        """[d], unit length, in the embedding of products."""
        return cast("Vector | None", self.of("products"))

    @property
    def embedding(self) -> Vector | None:
        """[d], unit length."""
        return cast("Vector | None", self.of("embedding"))

    @property
    def joint(self) -> Vector | None:
        """[d], unit length, in the joint embedding of pictures and words."""
        return cast("Vector | None", self.of("joint"))

    @property
    def labels(self) -> tuple[Label, ...] | None:
        """Classes of the whole image, the most likely first."""
        return cast("tuple[Label, ...] | None", self.of("labels"))

    @property
    def objects(self) -> tuple[Object, ...] | None:
        """Detected objects, the most confident first."""
        return cast("tuple[Object, ...] | None", self.of("objects"))

    @property
    def text_presence(self) -> float | None:
        """Probability that the image contains text, 0..1."""
        return cast("float | None", self.of("text_presence"))

    @property
    def text(self) -> Text | None:
        """Text read in the image."""
        return cast("Text | None", self.of("text"))

    @property
    def colours(self) -> tuple[Colour, ...] | None:
        """Dominant colours, the largest first."""
        return cast("tuple[Colour, ...] | None", self.of("colours"))

    @property
    def phash(self) -> int | None:
        """Perceptual hash, 64 bits."""
        return cast("int | None", self.of("phash"))

    @property
    def local(self) -> Local | None:
        """Keypoints with their descriptors."""
        return cast("Local | None", self.of("local"))
