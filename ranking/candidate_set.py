"""One question as rankers read it: its kind, the factor table of its candidates, and the interface of a ranker."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from vision.image_features import Label  # numpy, which reading an answer does not need

Table = Mapping[str, Mapping[str, float]]  # document -> column -> value (higher is better); missing stays missing
Intent = Literal["words", "picture", "part", "picture and words"]
# Vertical -> WordNet hypernyms that lead to it; the first that fits. All classes of ImageNet have one or are a `thing`.
HYPERNYMS = {
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
VERTICALS = (*HYPERNYMS, "thing")
_VERTICAL_OF = {name: vertical for vertical, names in reversed(HYPERNYMS.items()) for name in names}


class QueryFeatures(BaseModel):
    """What kind of question it is; the same for every row of the table."""

    model_config = ConfigDict(frozen=True)

    intent: Intent = "words"
    category: str = Field("", description="What the picture asked with shows, one of VERTICALS; empty: not known")
    words: int = Field(0, description="How many words were asked with")


class FusionConfig(BaseModel):
    """Parameters of rank fusion: its constant, weights by column, and columns in which a missing value means "not known"."""

    model_config = ConfigDict(frozen=True)

    k: int = 5
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
    """A document's place: its score, and its rank in each column (equal values share the worse rank; 1 is first)."""

    id: str
    score: float
    ranks: Mapping[str, int]


class Ranker(Protocol):
    """Orders documents by the factor table."""

    @property
    def name(self) -> str:
        """`fusion`, or the id of a learned model."""

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """All documents of the table, best first; ties by id, so that the order is always the same."""

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """Each column's part of the scores of these documents, positive or negative: document -> column -> part.

        The parts of a document and a constant add up to its score. Names other than columns stand for further input of the
        ranker (`list`, `question`).
        """


def shares(parts: Mapping[str, float]) -> dict[str, float]:
    """Each part's share of the sum of absolute values; shares add up to 1 where any part is not 0."""
    total = sum(abs(part) for part in parts.values())
    return {name: abs(part) / total for name, part in parts.items()} if total else {}


def ranks(table: Table, column: str) -> dict[str, int]:
    """The rank of every document that has a value in the column: the number of documents that are at least as good.

    Equal values share the worse rank, since a value that many documents have says little for each of them.
    """
    valued = sorted((values[column], document) for document, values in table.items() if column in values)
    found: dict[str, int] = {}
    last, rank = None, 0
    for better, (value, document) in enumerate(valued):
        rank = rank if value == last else len(valued) - better
        found[document], last = rank, value
    return found


def columns_of(table: Table) -> list[str]:
    """Every column in which some document has a value, by name."""
    return sorted({column for values in table.values() for column in values})


def vertical(labels: Iterable["Label"]) -> str:
    """The vertical with most of the classes' probability; `thing` where no hypernym leads to one, empty without labels."""
    votes: dict[str, float] = {}
    for label in labels:
        kind = next((_VERTICAL_OF[name] for name in (*label.names, *label.hypernyms) if name in _VERTICAL_OF), "thing")
        votes[kind] = votes.get(kind, 0.0) + label.confidence
    return max(sorted(votes), key=lambda kind: votes[kind], default="")
