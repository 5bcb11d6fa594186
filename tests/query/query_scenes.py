"""A small collection that is known by heart, and eyes that see what they are told to."""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

from factors.linked import Kind, Piece
from ingest.documents import Seen, new_document
from ingest.item import Item
from tests.factors.scenes import DIMENSION, FINGERPRINTS, colour, label, text_of
from vision.perception import Box, Object, Perception, Vector
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


def seen(name: str, kind: str, number: int) -> Perception:
    """A picture of the collection: the higher its number, the farther from its kind's axis."""
    at = KINDS.index(kind)
    return Perception(
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


def document(perception: Perception, added: str = "2026-01-01", **facts: Any) -> Json:
    """The document of a picture that was met in one place."""
    caption = facts.pop("caption", "")
    pieces = (Piece(Kind.CAPTION, caption, "en"),) if caption else ()
    where: Json = {"source": "shop", "reference": perception.picture_id, "collection": "home", "original": "0"}
    item = Item(**(where | facts), pieces=pieces)
    return new_document(Seen(perception, "PNG", 10, FINGERPRINTS), [item], "job") | {"added": added}


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
class Told:
    """Eyes (query.perceive.Looks) that see the same in every whole picture, and something else in every part."""

    whole: Perception = field(default_factory=lambda: Perception("", WIDTH, HEIGHT, embedding=towards(0)))
    part: Perception | None = None
    made_by: Mapping[str, str] = field(default_factory=lambda: FINGERPRINTS)
    looked: list[tuple[int, int]] = field(default_factory=list)
    meanings: Mapping[str, Vector] = field(default_factory=dict)  # of the texts that are understood

    def perceive(self, pictures: Sequence[Picture], senses: Collection[str] | None = None) -> list[Perception]:
        """What was told, under the pictures' ids."""
        self.looked += [(picture.width, picture.height) for picture in pictures]
        return [self._perceived(picture) for picture in pictures]

    def fingerprints(self) -> dict[str, str]:
        """As told."""
        return dict(self.made_by)

    def read(self, texts: Sequence[str]) -> Vector:
        """As told."""
        return np.stack([self.meanings[text] for text in texts])

    def understands(self, text: str) -> bool:
        """What was told."""
        return text in self.meanings

    def warm_up(self, senses: Collection[str] | None = None) -> None:
        """Nothing to load."""

    def _perceived(self, picture: Picture) -> Perception:
        whole = (picture.width, picture.height) == (WIDTH, HEIGHT)
        found = self.whole if whole or self.part is None else self.part
        return replace(found, picture_id=picture.id, width=picture.width, height=picture.height)
