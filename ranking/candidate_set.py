"""One question as rankers see it: what kind it is, and the factor table of its candidates.

Searching makes it, clicks are logged with it, training reads it: there is no other way from a question to features.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Table = Mapping[str, Mapping[str, float]]  # document -> column -> value (higher is better); missing stays missing
Intent = Literal["words", "picture", "part", "picture and words"]


class QueryFeatures(BaseModel):
    """What kind of question it is; the same for every row of the table."""

    model_config = ConfigDict(frozen=True)

    intent: Intent = "words"
    category: str = Field("", description="What the picture asked with shows, as one of ranking.verticals; empty: not known")
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
