"""The entity card: the answer to "what is this?", with its reasons."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from answers.entities.candidates import Candidate
from answers.entities.entity import Entity
from answers.entities.features import Evidence
from answers.entities.mentions import Linked, Mention
from answers.entities.names import by_language
from answers.neighbours import Neighbour
from factors import knn
from factors.local import INLIERS_AT_HALF
from ingest.documents import several

Json = dict[str, Any]
MAX_PARAGRAPH = 600  # characters
MAX_OFFERS, MAX_PICTURES = 12, 6
MIN_VOTES, MIN_AGREEMENT, MIN_READ = 0.1, 0.5, 0.3  # from which they are a reason to name
SURE_SIMILARITY = 0.75  # (1 + cosine) / 2 from which a reference looks alike


class CardReason(BaseModel):
    """One reason for an entity."""

    kind: str = Field(description="`picture`, `keypoints`, `neighbours`, `name`, `read`, `asked`, `label`")
    text: str
    documents: list[str] = Field([], description="The pictures that it rests on")


class Offer(BaseModel):
    """Where a product is sold, as a document says."""

    title: str
    price: float
    page: str = ""
    document: str


class EntityCard(BaseModel):
    """An entity as a reader sees it, in their language where it has texts in that language."""

    id: str
    name: str
    language: str = Field("", description="Of the name")
    description: str = ""
    description_language: str = ""
    type: str = "thing"
    facts: dict[str, str] = {}
    image: str = ""
    page: str = Field("", description="Where the reader finds more")
    licence: str = ""
    source: str = ""
    pictures: list[str] = Field([], description="Ids of documents that show it")
    confidence: float = Field(0.0, description="That the question shows it, 0..1")
    why: list[CardReason] = []
    prices: list[float] = Field([], description="The lowest and the highest price of the offers")
    offers: list[Offer] = []


def shown(entity: Entity, language: str = "en", confidence: float = 0.0) -> EntityCard:
    """The card of an entity by itself, in a reader's language."""
    named, name = by_language(entity.names, language)
    described, description = by_language(entity.descriptions, language)
    return EntityCard(
        id=entity.id, name=name, language=named, description=paragraph(description), description_language=described,
        type=entity.type, facts=entity.facts, image=entity.image, page=entity.page, licence=entity.licence,
        source=entity.source, pictures=entity.references[:MAX_PICTURES], confidence=confidence,
    )  # fmt: skip


def card_of(candidate: Candidate, evidence: Evidence, confidence: float, linked: Linked, language: str) -> EntityCard:
    """The card of a candidate, with reasons, and for a product with the offers of neighbours."""
    entity = candidate.entity
    offers = offers_of(entity, linked.neighbours) if entity.type == "product" else []
    prices = [offer.price for offer in offers]
    return shown(entity, language, confidence).model_copy(update={
        "why": reasons(entity, evidence, linked),
        "offers": offers[:MAX_OFFERS],
        "prices": [min(prices), max(prices)] if prices else [],
    })  # fmt: skip


def paragraph(text: str) -> str:
    """The first paragraph of a text, ended after a sentence or a word."""
    first = text.strip().partition("\n\n")[0].strip()
    if len(first) <= MAX_PARAGRAPH:
        return first
    cut = first[:MAX_PARAGRAPH]
    return cut[: cut.rfind(". ") + 1] if ". " in cut[MAX_PARAGRAPH // 2 :] else f"{cut.rpartition(' ')[0] or cut}…"


def offers_of(entity: Entity, neighbours: Sequence[Neighbour]) -> list[Offer]:
    """Prices of the documents among the neighbours that show the product, the lowest first; each page once."""
    own = frozenset(entity.references)
    found: dict[tuple[str, float], Offer] = {}
    for neighbour in neighbours:
        for document, source in neighbour.documents.items():
            if document in own:
                found |= {(offer.page, offer.price): offer for offer in _offers(document, source)}
    return sorted(found.values(), key=lambda offer: (offer.price, offer.title))


def _offers(document: str, source: Json) -> list[Offer]:
    """An offer for each place of a document that has a price; documents keep the places' prices, too."""
    title = str(source.get("title", ""))
    places = [(entry.get("price"), entry.get("page", "")) for entry in source.get("sources", ())]
    priced = [(price, page) for price, page in places if price is not None]
    priced = priced or [(price, "") for price in several(source.get("price", []))]
    return [
        Offer(title=title, price=float(price), page=page if page.startswith(("http://", "https://")) else "", document=document)
        for price, page in priced
    ]


def reasons(entity: Entity, evidence: Evidence, linked: Linked) -> list[CardReason]:
    """What speaks for the entity, the strongest kinds first."""
    by_picture = _by_picture(entity, evidence, linked.neighbours)
    return [*by_picture, *_by_name(evidence, linked.mentioned), *_by_label(evidence)]


def _by_picture(entity: Entity, evidence: Evidence, neighbours: Sequence[Neighbour]) -> list[CardReason]:
    features, best = evidence.features, [evidence.reference] if evidence.reference else entity.references[:1]
    found = []
    if value := features.get("inliers", 0.0):
        count = round(INLIERS_AT_HALF * value / (1 - value))
        text = f"{count} points of a reference picture lie alike in yours."
        found.append(CardReason(kind="keypoints", text=text, documents=best))
    if (value := features.get("similar", 0.0)) >= SURE_SIMILARITY:
        text = f"A reference picture looks like yours (cosine {knn.cosine(value):.2f})."
        found.append(CardReason(kind="picture", text=text, documents=best))
    if features.get("votes", 0.0) >= MIN_VOTES:
        mine = [one.id for one in neighbours[:10] if one.documents.keys() & {*entity.references}]
        text = f"{len(mine)} of the {min(len(neighbours), 10)} most similar pictures show it."
        found.append(CardReason(kind="neighbours", text=text, documents=mine))
    return found


def _by_name(evidence: Evidence, mentioned: Mapping[str, Mention]) -> list[CardReason]:
    mention = mentioned.get(evidence.mention)
    if mention is None:
        return []
    found = []
    if mention.asked:
        found.append(CardReason(kind="asked", text=f"Your words name it: “{evidence.mention}”."))
    if mention.read >= MIN_READ:
        found.append(CardReason(kind="read", text=f"“{evidence.mention}” is written in the picture."))
    if mention.who:
        number = len(mention.who)
        text = f"“{evidence.mention}” is in the text of {number} similar picture{'s' * (number > 1)}."
        found.append(CardReason(kind="name", text=text, documents=mention.who[:MAX_PICTURES]))
    return found


def _by_label(evidence: Evidence) -> list[CardReason]:
    features = evidence.features
    if (value := features.get("label", 0.0)) > 0:
        return [CardReason(kind="label", text=f"The classifier calls it that ({value:.0%}).")]
    if (value := features.get("broader", 0.0)) > 0:
        return [CardReason(kind="label", text=f"The classifier sees a kind of it ({value:.0%}).")]
    if features.get("agreement", 0.0) >= MIN_AGREEMENT:
        return [CardReason(kind="label", text="The classifier sees the same kind of thing.")]
    return []
