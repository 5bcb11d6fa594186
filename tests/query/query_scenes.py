"""A small collection whose answers are known, and a feature extractor with given outputs."""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from factors.text import Kind, TextSnippet
from ingest.documents import new_document
from ingest.fields import ExtractedImage
from ingest.item import Item
from tests.factors.scenes import DIMENSION, FACTORS, FINGERPRINTS, colour, label, text_of
from vision.image_features import Box, ImageFeatures, Object, Vector
from vision.picture import Picture

Json = dict[str, Any]
KINDS = ("dog", "cat", "car")
SHADES = ("red", "blue", "white", "green")
CLASSES = {"dog": "n02088364", "car": "n04285008"}
BOX = Box(0.25, 0.125, 0.5, 0.5)  # of the object in every picture
WIDTH, HEIGHT = 64, 48


def towards(axis: int, turned: float = 0.0) -> Vector:
    """A direction that makes this angle with an axis; turned ones of one axis lie in one plane."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[axis], vector[axis + DIMENSION // 2] = np.cos(turned), np.sin(turned)
    return vector


def png(shade: int = 0) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (shade, 90, 160)).save(out, "PNG")
    return out.getvalue()


def seen(name: str, kind: str, number: int) -> ImageFeatures:
    """A picture of the collection: the higher its number, the farther from its kind's axis."""
    at = KINDS.index(kind)
    return ImageFeatures(
        name,
        400 + 400 * number,
        300 + 100 * number,
        embedding=towards(at, 0.1 * number),
        labels=(label(CLASSES[kind], 0.9),) if kind in CLASSES else (),
        objects=(Object(kind, 0.9, BOX, towards(at + 3, 0.1 * number)),),
        text=text_of(f"PLATE 77{number}") if kind == "car" else text_of(),
        colours=(colour(SHADES[number], 1.0),),
        phash=int(np.random.default_rng(10 * at + number).integers(0, 2**63)),
    )


def document(image_features: ImageFeatures, added: str = "2026-01-01", **facts: Any) -> Json:
    """The document of a picture that was met in one place."""
    caption = facts.pop("caption", "")
    snippets = (TextSnippet(Kind.CAPTION, caption, "en"),) if caption else ()
    where: Json = {"source": "shop", "reference": image_features.picture_id, "collection": "home", "original": "0"}
    item = Item(**(where | facts), snippets=snippets)
    return new_document(ExtractedImage(image_features, "PNG", 10, FINGERPRINTS), [item], "job", FACTORS.active) | {
        "added": added
    }


def collection() -> dict[str, Json]:
    """Twelve documents: `dog0`..`dog3`, `cat0`..., `car0`..."""
    return {f"{kind}{n}": _entry(kind, n) for kind in KINDS for n in range(4)}


def _entry(kind: str, number: int) -> Json:
    name = f"{kind}{number}"
    return document(
        seen(name, kind, number),
        added=f"2026-01-{4 * KINDS.index(kind) + number + 1:02d}",
        caption=f"A {SHADES[number]} {kind} in the old town" if number % 2 == 0 else f"The {kind} at home",
        category="vehicles" if kind == "car" else "pets",
        collection="holiday" if number % 2 == 0 else "home",
        date=f"202{number}-05-17",
        price=10.0 * number if kind == "car" else None,
        facets={"Brand": "Acme" if number == 0 else "Other", "size": "XL"} if kind == "car" else {},
    )


@dataclass
class StubExtractor:
    """A query.encoder.CanEncode with the same given features for every whole image, and others for every part."""

    whole: ImageFeatures = field(default_factory=lambda: ImageFeatures("", WIDTH, HEIGHT, embedding=towards(0)))
    part: ImageFeatures | None = None
    made_by: Mapping[str, str] = field(default_factory=lambda: FINGERPRINTS)
    extracted: list[tuple[int, int]] = field(default_factory=list)
    text_vectors: Mapping[str, Vector] = field(default_factory=dict)  # of the texts that are understood

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """The given features, with the ids of the images."""
        self.extracted += [(picture.width, picture.height) for picture in pictures]
        return [self._extracted(picture) for picture in pictures]

    def fingerprints(self) -> dict[str, str]:
        """The given ones."""
        return dict(self.made_by)

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """The given vectors."""
        return np.stack([self.text_vectors[text] for text in texts])

    def understands(self, text: str) -> bool:
        """Whether a vector is given."""
        return text in self.text_vectors

    def warm_up(self, extractors: Collection[str] | None = None) -> None:
        """Nothing to load."""

    def _extracted(self, picture: Picture) -> ImageFeatures:
        whole = (picture.width, picture.height) == (WIDTH, HEIGHT)
        found = self.whole if whole or self.part is None else self.part
        return found.sized(picture.id, picture.width, picture.height)
