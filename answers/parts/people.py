"""People in the picture asked with: each is a part to search by."""

from collections.abc import Mapping
from typing import ClassVar

from answers.part import Found, Part
from query.answer import AnswerPart, Goal, PartItem

PERSON = "person"


class People(Part):
    """Detected people. Faces are not compared, so nobody is named here."""

    name: ClassVar[str] = "people"
    title: ClassVar[str] = "People"
    goals: ClassVar[Mapping[Goal, float]] = {"person": 1.0}

    def make(self, found: Found) -> AnswerPart | None:
        """The largest first."""
        people = sorted((o for o in found.answer.question.objects if o.label == PERSON), key=lambda o: -o.box[2] * o.box[3])
        items = [PartItem(text=f"Person {n}", box=one.box, confidence=one.confidence) for n, one in enumerate(people, start=1)]
        number = f"{len(people)} people were" if len(people) != 1 else "One person was"
        return self.part(f"{number} found in the picture; faces are not compared.", items)
