"""A double of the whole answer: a goal and parts around what a double of the searcher finds."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from answers.answering import Asking
from answers.intent.goals import GOALS, chosen, made
from query.answer import Answer, AnswerPart, PartItem
from query.request import SearchRequest
from tests.web.web_doubles import HOSTILE, FakeSearcher, sha


@dataclass
class FakeAnswering:
    """Adds a goal and parts to what a searcher finds; those of `waits` come afterwards."""

    searcher: FakeSearcher
    parts: list[AnswerPart] = field(default_factory=list)
    waits: list[AnswerPart] = field(default_factory=list)
    asking: list[Asking] = field(default_factory=list)
    fails: Exception | None = None

    def begin(self, request: SearchRequest, asking: Asking) -> Answer:
        """With the parts that wait as pending ones."""
        answer = self.searcher.search(request)
        self.asking.append(asking)
        if not request.has_picture or request.page > 1:
            return answer
        guessed = made({goal: 0.65 if goal == "read" else 0.05 for goal in GOALS}, "It has many lines of text.", "classifier")
        pending = [AnswerPart(name=one.name, title=one.title, reason="It is awaited.", pending=True) for one in self.waits]
        intent = chosen(asking.goal, guessed) if asking.goal else guessed
        return answer.model_copy(update={"intent": intent, "parts": [*self.parts, *pending]})

    def ask(self, request: SearchRequest, asking: Asking) -> Answer:
        """With all parts."""
        return self.begin(request, asking).model_copy(update={"parts": [*self.parts, *self.waits]})

    def waiting(self, query_id: str, request: SearchRequest, asking: Asking) -> Iterator[AnswerPart]:
        """Those that wait."""
        yield from self.waits
        if self.fails:
            raise self.fails


def a_text_part() -> AnswerPart:
    """Lines of text, one of them hostile."""
    return AnswerPart(
        name="text", title="Text in it", reason="3 lines could be read.",
        items=[PartItem(text="TOTAL 12.50"), PartItem(text=HOSTILE), PartItem(text="שלום \u202e🎉 " + "x" * 300)],
    )  # fmt: skip


def an_offer_part(name: str = "products") -> AnswerPart:
    """Two offers."""
    page = "https://shop.example/1"
    items = [PartItem(text=f"Shape {n}", note="shop.example", document=sha(n), page=page, price=9.5 + n) for n in (1, 2)]
    return AnswerPart(name=name, title=name.capitalize(), reason="2 of the results have a price.", items=items)
