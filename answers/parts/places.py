"""Places: landmarks that the picture shows, and where the results were taken."""

from collections.abc import Mapping
from typing import ClassVar

from answers.part import NEAREST, Found, Part, item_of
from query.answer import AnswerPart, Goal, PartItem


class Places(Part):
    """Named landmarks first, then results with coordinates or with the name of a landmark."""

    name: ClassVar[str] = "places"
    title: ClassVar[str] = "Places"
    goals: ClassVar[Mapping[Goal, float]] = {"place": 1.0, "identify": 0.15}

    def make(self, found: Found) -> AnswerPart | None:
        """Each place once."""
        named = [
            PartItem(text=one.name, note=one.text, document=one.result, place=one.place, confidence=one.sure)
            for one in found.answer.landmarks
        ]
        placed = [result for result in found.answer.results if result.place or result.landmarks]
        others = [item_of(result, ", ".join(result.landmarks)) for result in placed]
        known = {item.document for item in named}
        landmarks = f"{len(named)} landmark{'s' * (len(named) != 1)} recognised; " if named else ""
        say = "say where they were" if len(placed) != 1 else "says where it was"
        far = not named and not any(result.place or result.landmarks for result in found.answer.results[:NEAREST])
        reason = f"{landmarks}{len(placed)} of the results {say} taken{'; the closest do not' if far else ''}."
        return self.part(reason, [*named, *(item for item in others if item.document not in known)], perhaps=far)
