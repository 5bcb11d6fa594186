"""This very picture: other copies of the picture asked with, the largest first."""

from collections.abc import Mapping
from typing import ClassVar

from answers.part import Found, Part, item_of
from factors.registry import FactorRegistry
from query.answer import AnswerPart, Goal, Result
from query.landmarks import thresholds
from query.question import Understood

MIN_EQUAL_BITS = 0.9  # of the perceptual hash (`near_duplicate`): at most 6 of 64 bits differ


class Copies(Part):
    """Copies by their perceptual hash, or by points that only the same picture has."""

    name: ClassVar[str] = "copies"
    title: ClassVar[str] = "This very picture"
    goals: ClassVar[Mapping[Goal, float]] = {"copy": 1.0, "identify": 0.25, "place": 0.1}

    def make(self, found: Found) -> AnswerPart | None:
        """Sizes and places of all copies."""
        sure = thresholds(found.values[FactorRegistry], found.values[Understood])
        least = {"near_duplicate": MIN_EQUAL_BITS} | {name: one.value for name, one in sure.items() if name == "local.inliers"}
        copies = [result for result in found.results if _is_copy(result, least)]
        copies.sort(key=lambda result: -result.width * result.height)
        same = sum(result.factors.get("near_duplicate", 0.0) >= MIN_EQUAL_BITS for result in copies)
        how = f"{same} by their fingerprint" if same else "by the points that match"
        reason = f"{len(copies)} of the results show{'s' * (len(copies) == 1)} the same picture, {how}; the largest first."
        return self.part(reason, [item_of(result, _note(result)) for result in copies])


def _is_copy(result: Result, least: Mapping[str, float]) -> bool:
    return any(result.factors.get(name, 0.0) >= value for name, value in least.items())


def _note(result: Result) -> str:
    """Size, and where it was found."""
    places = [source.page or source.collection for source in result.sources]
    size = f"{result.width} × {result.height}" if result.width else ""
    return " · ".join(dict.fromkeys(filter(None, [size, *places[:1]])))
