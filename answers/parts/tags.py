"""Tags: what the picture shows, in the words that similar pictures have in their text."""

from collections.abc import Mapping
from typing import ClassVar

from answers.part import Found, Part
from answers.tags import Tag, Tags, tags_of
from query.answer import AnswerPart, Goal, PartItem

MAX_PERHAPS = 4  # tags that are shown where none is certain


class TagsInIt(Part):
    """The tags, each with its confidence and the text that says so."""

    name: ClassVar[str] = "tags"
    title: ClassVar[str] = "Tags"
    goals: ClassVar[Mapping[Goal, float]] = {
        "identify": 0.9, "similar": 0.6, "shop": 0.6, "place": 0.6, "person": 0.6, "copy": 0.6, "pattern": 0.6, "read": 0.6,
    }  # fmt: skip
    waits: ClassVar[bool] = True
    awaits: ClassVar[str] = "Words are gathered from the text of similar pictures."

    def order(self, found: Found) -> tuple[str, ...]:
        """None: words lead to no results."""
        return ()

    def make(self, found: Found) -> AnswerPart | None:
        """The tags of the picture, or of its part; the reason says why there are none."""
        tags = tags_of(found.searcher, found.values, (), found.neighbours)
        if tags.perhaps:
            tags = tags.model_copy(update={"tags": tags.tags[:MAX_PERHAPS]})
        items, data = [_item(tag) for tag in tags.tags], {"tags": tags.model_dump()}
        return AnswerPart(
            name=self.name, title=self.title, reason=_reason(tags), perhaps=tags.perhaps, items=items, data=data
        )  # fmt: skip


def _reason(tags: Tags) -> str:
    if not tags.tags:
        return f"No tags: {tags.note or 'nothing is said of it'}."
    start = "Perhaps: none of these is certain. From" if tags.perhaps else "From"
    return f"{start} the text of {tags.neighbours} similar picture{'s' * (tags.neighbours != 1)}."


def _item(tag: Tag) -> PartItem:
    more = [f"a kind of {', '.join(tag.broader)}"] if tag.broader else []
    also = [f"also {', '.join(tag.also)}"] if tag.also else []
    document = tag.evidence[0].id if tag.evidence else ""
    return PartItem(text=tag.name, note="; ".join([*more, *also]), confidence=round(tag.confidence, 2), document=document)
