"""Text found in the picture asked with, line by line."""

from collections.abc import Mapping
from typing import ClassVar

from answers.part import Found, Part
from query.answer import AnswerPart, Goal, PartItem
from query.question import Understood

MAX_LINES = 60  # of a page; more are left out, and the reason says so


class TextInIt(Part):
    """Each line, to be copied or searched."""

    name: ClassVar[str] = "text"
    title: ClassVar[str] = "Text in it"
    goals: ClassVar[Mapping[Goal, float]] = {"read": 1.0, "identify": 0.15, "shop": 0.1}

    def make(self, found: Found) -> AnswerPart | None:
        """Lines that were read with confidence; those of the chosen part, if there is one."""
        image = found.values[Understood].question.image_features
        lines = image.text.confident if image and image.text else ()
        if not lines:
            return None
        items = [
            PartItem(text=line.text, box=line.box.as_list(), confidence=round(line.confidence, 2)) for line in lines[:MAX_LINES]
        ]
        more = f"; the first {MAX_LINES} are shown" if len(lines) > MAX_LINES else ""
        reason = f"{len(lines)} line{'s' * (len(lines) != 1)} could be read{more}."
        return AnswerPart(name=self.name, title=self.title, reason=reason, items=items)
