"""One question as rankers see it: its kind, the factor table of its candidates, and the interface that orders them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from vision.image_features import Label  # numpy, which reading an answer does not need


# A vertical, and the WordNet hypernyms that lead to it; the first that fits. The classes of ImageNet spread over these.
KINDS = {
    "food": ("food", "foodstuff", "edible fruit", "vegetable", "produce", "beverage", "dish", "nutriment"),
    "package": ("container", "vessel", "bottle", "packaging", "box", "bag", "wrapping"),
    "plant": ("plant", "flora", "flower", "fungus", "tree", "fruit"),
    "animal": ("animal", "beast"),
    "person": ("person", "individual"),
    "clothing": ("clothing", "article of clothing", "garment", "footwear", "headdress", "accessory", "fabric", "covering"),
    "vehicle": ("vehicle", "conveyance", "transport"),
    "building": ("structure", "construction", "building", "edifice"),
    "nature": ("geological formation", "natural object", "scene"),
    "document": ("written communication", "creation", "communication", "signboard", "paper"),
}
VERTICALS = (*KINDS, "thing")
_OF = {name: vertical for vertical, names in reversed(KINDS.items()) for name in names}


def vertical(labels: Iterable["Label"]) -> str:
    """The vertical with most of the classes' probability; `thing` for none of them, empty where nothing is known."""
    votes: dict[str, float] = {}
    for label in labels:
        kind = next((_OF[name] for name in (*label.names, *label.hypernyms) if name in _OF), "thing")
        votes[kind] = votes.get(kind, 0.0) + label.confidence
    return max(sorted(votes), key=lambda kind: votes[kind], default="")


Table = Mapping[str, Mapping[str, float]]  # document -> column -> value (higher is better); missing stays missing
Intent = Literal["words", "picture", "part", "picture and words"]


class QueryFeatures(BaseModel):
    """What kind of question it is; the same for every row of the table."""

    model_config = ConfigDict(frozen=True)

    intent: Intent = "words"
    category: str = Field("", description="What the picture asked with shows, one of VERTICALS; empty: not known")
    words: int = Field(0, description="How many words were asked with")


class FusionConfig(BaseModel):
    """What rank fusion goes by: its constant, weights by column, and columns in which missing means that nothing is known."""

    model_config = ConfigDict(frozen=True)

    k: int = 10
    weights: dict[str, float] = {}
    median_if_missing: list[str] = []


class CandidateSet(BaseModel):
    """A question's candidates, in the order in which they were proposed, with the value of every column that has one."""

    model_config = ConfigDict(frozen=True)

    table: dict[str, dict[str, float]] = Field(description="document -> column -> value")
    query_features: QueryFeatures = QueryFeatures()
    fusion_config: FusionConfig = FusionConfig()
    duplicate_pairs: list[tuple[str, str]] = Field([], description="Pairs of documents that show the same picture")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document's place: its score, and its rank in each column (equal values share the better rank; 1 is first)."""

    id: str
    score: float
    ranks: Mapping[str, int]


class Ranker(Protocol):
    """Puts documents in order by what the factor table says of them."""

    @property
    def name(self) -> str:
        """`fusion`, or the id of a learned model."""

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """All documents of the table, best first; ties by id, so that the order is always the same."""

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """What each column adds to the scores of these documents, or takes from them: document -> column -> part.

        The parts of a document, with what is the same for all of them, add up to its score. Names that are no columns
        stand for what the ranker reads beside them (`list`, `question`).
        """


def shares(parts: Mapping[str, float]) -> dict[str, float]:
    """Each part's share of all of them, whatever their sign; adds up to 1 where there is any."""
    total = sum(abs(part) for part in parts.values())
    return {name: abs(part) / total for name, part in parts.items()} if total else {}


def ranks(table: Table, column: str) -> dict[str, int]:
    """The rank of every document that has a value in the column."""
    valued = sorted(((values[column], document) for document, values in table.items() if column in values), reverse=True)
    found: dict[str, int] = {}
    last, rank = None, 0
    for position, (value, document) in enumerate(valued, start=1):
        rank = rank if value == last else position
        found[document], last = rank, value
    return found


def columns_of(table: Table) -> list[str]:
    """Every column in which some document has a value, by name."""
    return sorted({column for values in table.values() for column in values})
