"""The entity card: what the picture shows, where it is surely known; else what it perhaps is."""

from collections.abc import Mapping
from typing import ClassVar

from answers.entities import Identification, identify
from answers.entities.card import EntityCard
from answers.part import Found, Part
from query.answer import AnswerPart, Goal, PartItem


class Card(Part):
    """The entity that the picture shows, in the reader's language."""

    name: ClassVar[str] = "card"
    title: ClassVar[str] = "What it is"
    goals: ClassVar[Mapping[Goal, float]] = {
        "identify": 1.0, "place": 0.8, "person": 0.8, "shop": 0.7, "copy": 0.5, "similar": 0.5, "pattern": 0.5, "read": 0.5,
    }  # fmt: skip
    waits: ClassVar[bool] = True
    awaits: ClassVar[str] = "What is known by name is compared with the picture."

    def make(self, found: Found) -> AnswerPart | None:
        """The card, or what it perhaps is; nothing where neither is known."""
        made = identify(found.searcher, found.values, language=found.languages[0], neighbours=found.neighbours)
        if made.card is None and not made.perhaps:
            return None
        items = [_item(card) for card in (made.card, *made.perhaps) if card]
        data = {"identification": made.model_dump(mode="json")}
        perhaps = made.card is None
        return AnswerPart(name=self.name, title=self.title, reason=_reason(made), perhaps=perhaps, items=items, data=data)

    def order(self, found: Found) -> tuple[str, ...]:
        """None: a name leads to no results."""
        return ()


def _reason(made: Identification) -> str:
    if made.card is None:
        return "Perhaps: nothing is certain enough. These are the closest."
    return " ".join(reason.text for reason in made.card.why[:1]) or "It is known by name."


def _item(card: EntityCard) -> PartItem:
    document = card.pictures[0] if card.pictures else ""
    return PartItem(
        text=card.name, note=card.description, document=document, page=card.page, confidence=round(card.confidence, 2)
    )  # fmt: skip
