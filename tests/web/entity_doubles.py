"""A double of what says what pictures show."""

from dataclasses import dataclass, field

from answers.entities import CardReason, EntityCard, Identification, Offer
from answers.entities.entity import Entity
from engine.errors import NotFoundError
from query.request import SearchRequest
from tests.web.judging_doubles import FakeJudgements

HOSTILE = '<script>alert("omma")</script><img src=x onerror=alert(1)>'
DOCUMENT = "0" * 64


def a_card(name: str = "Argentina", **more: object) -> EntityCard:
    """A card with every part that a page shows."""
    made = EntityCard(
        id=f"test:{name}", name=name, language="en", description="A country in South America.", description_language="en",
        type="product", facts={"capital": f"Buenos Aires{HOSTILE}"}, page="https://example.org/argentina", licence="CC0 1.0",
        source="Wikidata", pictures=[DOCUMENT], confidence=0.93, prices=[2.0, 3.5],
        why=[CardReason(kind="picture", text="A reference picture looks like yours.", documents=[DOCUMENT])],
        offers=[Offer(title="Flag", price=2.0, page="https://shop.example/1", document=DOCUMENT)],
    )  # fmt: skip
    return made.model_copy(update=more)


@dataclass
class FakeEntities:
    """One answer to every question; `known` are the entities that there are."""

    answer: Identification = field(default_factory=Identification)
    known: dict[str, Entity] = field(default_factory=dict)
    asked: list[tuple[SearchRequest, str]] = field(default_factory=list)
    judgements: FakeJudgements = field(default_factory=FakeJudgements)

    def identify(self, request: SearchRequest, language: str) -> Identification:
        """As set."""
        self.asked.append((request, language))
        return self.answer

    def entity(self, name: str) -> Entity:
        """As set."""
        if name not in self.known:
            raise NotFoundError(f"there is no entity {name!r}, or it was deleted")
        return self.known[name]
