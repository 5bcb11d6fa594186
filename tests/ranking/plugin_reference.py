"""What the Learning to Rank plugin makes of a model, from its description: strict reading, float32 sums."""

import json
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

Json = dict[str, Any]
Row = dict[str, float]  # feature -> value; a missing one is not in it


class Node(BaseModel):
    """A node as the plugin's parser takes it: a leaf, or a split with all of its fields; nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True)

    nodeid: int
    depth: int | None = None
    split: str | None = None
    split_condition: float | None = None
    yes: int | None = None
    no: int | None = None
    missing: int | None = None
    leaf: float | None = None
    children: "list[Node]" = []

    @model_validator(mode="after")
    def whole(self) -> "Node":
        asked = (self.depth, self.split, self.split_condition, self.yes, self.no)
        if self.leaf is not None:
            assert not self.children and set(asked) == {None}
        else:
            assert None not in asked
            assert [self.yes, self.no] == [child.nodeid for child in self.children]
            assert self.missing in (self.yes, self.no)
        return self

    def ids(self) -> list[int]:
        return [self.nodeid, *(i for child in self.children for i in child.ids())]

    def features(self) -> set[str]:
        return {name for child in self.children for name in child.features()} | ({self.split} if self.split else set())


class Definition(BaseModel):
    """A `model/xgboost+json` in the form of an object."""

    model_config = ConfigDict(extra="forbid", strict=True)

    objective: Literal["rank:ndcg", "rank:pairwise", "rank:map", "reg:linear", "binary:logitraw"]
    splits: list[Node]


def read(body: Json) -> Definition:
    """The trees of a request that makes a model; JSON as text, in which there is no infinity."""
    assert set(body) == {"model"} and set(body["model"]) == {"name", "model"}
    assert body["model"]["model"]["type"] == "model/xgboost+json"
    return parsed(json.loads(body["model"]["model"]["definition"], parse_constant=lambda name: 1 / 0))


def parsed(definition: Json) -> Definition:
    found = Definition.model_validate(definition)
    for tree in found.splits:
        assert len(set(tree.ids())) == len(tree.ids())
    return found


def score(model: Definition, row: Row, *, reads_missing: bool) -> float:
    """The sum of the trees; only since OpenSearch 3.8 is a split's `missing` read, before it NaN went to `no`."""
    total = np.float32(0)
    for tree in model.splits:
        total += _leaf(tree, row, reads_missing=reads_missing)
    return float(total)


def _leaf(node: Node, row: Row, *, reads_missing: bool) -> np.float32:
    while node.leaf is None:
        value = np.float32(row.get(node.split or "", np.nan))
        if reads_missing and np.isnan(value):
            node = node.children[node.missing == node.no]
        else:
            node = node.children[0 if np.float32(node.split_condition) > value else 1]
    return np.float32(node.leaf)
