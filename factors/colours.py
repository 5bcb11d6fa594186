"""Colours: both pictures have the same colours in the same shares."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np

from factors import knn
from factors.base import Clause, Description, DescriptionItem, Evidence, Factor, Feature, Json, Question, TextUse
from vision.image_features import Colour, ImageFeatures, Vector

ANCHOR_LIGHTNESS = (10.0, 35.0, 60.0, 85.0)  # of the palette's anchors, CIE L*
ANCHOR_CHROMA = 45.0  # of those that are not grey
ANCHOR_HUES = 8  # at each lightness
ANCHOR_WIDTH = 20.0  # standard deviation in CIELAB distance (about ten just noticeable differences)
BASIC_COLOURS = ("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
MIN_NAMED_SHARE = 0.12  # of a colour whose name a document gets
PALETTE_WEIGHT = 0.25  # of a palette, relative to a colour that the words name


class Colours(Factor):
    """Cosine of soft palettes, and the names of dominant colours."""

    name: ClassVar[str] = "colours"
    title: ClassVar[str] = "Colours"
    about: ClassVar[str] = (
        "The dominant colours with their shares are spread softly over anchors in CIELAB; the value is (1 + cosine) / 2 of two "
        "such palettes. It judges candidates and proposes none. `colours.words` is given where a word of the question names "
        "one of the eleven basic colours (Berlin and Kay) and the picture has it; it proposes candidates where all words do."
    )
    reads: ClassVar[tuple[str, ...]] = ("colours",)
    weight: ClassVar[float] = 0.4
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("colours", missing_as="median", retrieves=False, weight=PALETTE_WEIGHT, enabled_by_default=False),
        Feature("colours.words", compares="words", retrieval_is_evidence=True),
    )

    def fields(self, dimensions: object) -> Json:
        """The palette as a vector, the names as a facet, the colours as they are."""
        return {
            "palette": knn.field(len(ANCHORS)),
            "colour": {"type": "keyword"},
            "colours": {"type": "object", "enabled": False},
        }

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """Palette and names."""
        if not image_features.colours:
            return {}
        shown = [c.name for c in image_features.colours if c.share >= MIN_NAMED_SHARE]
        return {
            "palette": knn.as_list(palette(image_features.colours)),
            "colour": list(dict.fromkeys(shown)),
            "colours": {"list": [[c.name, list(c.rgb), round(c.share, 3)] for c in image_features.colours]},
        }

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The dominant colours."""
        kept = document.get("colours", {}).get("list")
        return {} if kept is None else {"colours": tuple(Colour(n, (r, g, b), s) for n, (r, g, b), s in kept)}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for the picture's palette, another for colours that the words name."""
        columns = []
        if question.image_features is not None and question.image_features.colours:
            asked = knn.as_list(palette(question.image_features.colours))
            exact = knn.exact("palette", asked)
            columns.append(Clause("colours", score=exact))
        words = question.words.text.casefold().replace("gray", "grey").split()
        if named := [word for word in words if word in BASIC_COLOURS]:
            has_one: Json = {"terms": {"colour": named}}
            columns.append(Clause("colours.words", score=has_one, retrieve=has_one if len(named) == len(words) else None))
        return columns

    def text_fields(self) -> tuple[str, ...]:
        """Names of colours can be required and forbidden."""
        return ("colour",)

    def refining_fields(self) -> Mapping[str, TextUse]:
        """The names count where a text names a colour; the facet offers them all."""
        return {"colour": "counted"}

    def facets(self) -> Mapping[str, str]:
        """The names of dominant colours."""
        return {"colour": "colour"}

    def unshown_fields(self) -> tuple[str, ...]:
        """The palette."""
        return ("palette",)

    def describe(self, image_features: ImageFeatures, document: Mapping[str, Any]) -> Sequence[Description]:
        """The dominant colours; the share of the image is given as the confidence."""
        items = tuple(DescriptionItem(found.name, found.share, rgb=found.rgb) for found in image_features.colours or ())
        return [Description("Colours", items, facet="colour")] if items else []

    def explain(self, evidence: Evidence) -> str:
        """The names."""
        names = ", ".join(evidence.document.get("colour", [])) or "its colours"
        if evidence.clause == "colours.words":
            return f"Has a colour that you named ({names})."
        return f"Similar colours: {names} (cosine {knn.cosine(evidence.value):.2f})."


def _anchors() -> Vector:
    """Points of CIELAB, [n, 3]: a grey and a ring of hues at each lightness."""
    angles = np.arange(ANCHOR_HUES) * 2 * np.pi / ANCHOR_HUES
    points = [(level, 0.0, 0.0) for level in ANCHOR_LIGHTNESS]
    points += [(level, ANCHOR_CHROMA * np.cos(a), ANCHOR_CHROMA * np.sin(a)) for level in ANCHOR_LIGHTNESS for a in angles]
    return np.asarray(points, dtype=np.float32)


ANCHORS = _anchors()


def to_lab(rgb: Sequence[int]) -> Vector:
    """sRGB (0..255) to CIELAB under D65: L* within 0..100."""
    pixel = np.asarray([[rgb]], dtype=np.float32) / 255
    lab: Vector = cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0]
    return lab


def palette(colours: Sequence[Colour]) -> Vector:
    """Shares of colours spread over the anchors by a Gaussian of CIELAB distance; unit length, [36]."""
    spread = np.zeros(len(ANCHORS), dtype=np.float32)
    for colour in colours:
        distance = ((ANCHORS - to_lab(colour.rgb)) ** 2).sum(axis=1)
        near = np.exp(-(distance - distance.min()) / (2 * ANCHOR_WIDTH**2))
        spread += colour.share * near / near.sum()
    unit: Vector = spread / max(float(np.linalg.norm(spread)), 1e-9)
    return unit
