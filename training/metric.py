"""Metric learning on frozen features: an embedding in which pictures of one class are near and others are not.

The loss is the hinge on triplets L = max(0, T - F(a)F(p) + F(a)F(n)) of unit vectors F (Weinberger and Saul, "Distance metric
learning for large margin nearest neighbor classification", 2009; with cosines as in Schroff et al., "FaceNet", 2015), each
anchor with its hardest negatives in the batch. F is a linear map, which starts as the untrained projection, plus one hidden
layer, which starts at nothing. Two more terms keep what the labels say nothing of: views of one unlabelled picture are a class
of their own, and cosines between unlabelled pictures stay what the untrained projection makes of them.

It is fitted in the space of the first principal components, which is smaller and evenly scaled, and then written down for the
features themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.projection import DIMENSION, Components
from vision.perception import Vector
from vision.senses.embedding import Projection, unit

Numbers = NDArray[np.int64]
KEPT = 10.0  # brings squared changes of cosines to the size of the hinge


@dataclass(frozen=True, slots=True)
class Recipe:
    """How it is fitted; `weights` are those of the labelled sets in the loss, 1 where nothing is said."""

    hidden: int = 384
    margin: float = 0.3
    steps: int = 1000
    classes: int = 24  # of a set in a batch
    members: int = 3  # of a class in a batch, from each of its sources
    unlabelled: int = 48  # pictures in a batch, two views each
    rate: float = 3e-3
    decay: float = 1e-2
    dropout: float = 0.2
    apart: float = 1.0  # weight of the hinge on views of one picture
    keep: float = 2.0  # weight of the cosines that are to stay
    averaged: float = 0.98  # of the weights, at each step
    positives: str = "all"  # with which an anchor is compared; its negatives are always the hardest
    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Classes:
    """A labelled set: rows [n, d] of each class, apart by where they come from (shop or catalogue)."""

    rows: tuple[tuple[Vector, ...], ...]

    @classmethod
    def of(cls, *sources: tuple[Vector, Sequence[str]]) -> "Classes":
        """Rows [n, views, d] of pictures and the class of each, source by source; each view is a member."""
        names = sorted({name for _, classes in sources for name in classes})
        found = ([_members(rows, classes, name) for rows, classes in sources] for name in names)
        return cls(tuple(tuple(rows for rows in members if len(rows)) for members in found))

    def some(self, recipe: Recipe, random: np.random.Generator) -> tuple[Vector, Numbers]:
        """As many members of as many classes as the recipe says, from each of their sources; and the class of each."""
        kinds = random.permutation(len(self.rows))[: recipe.classes]
        drawn = [(kind, rows[random.integers(0, len(rows), recipe.members)]) for kind in kinds for rows in self.rows[kind]]
        classes = np.repeat([kind for kind, _ in drawn], recipe.members)
        return np.concatenate([rows for _, rows in drawn]), classes.astype(np.int64)


def _members(rows: Vector, classes: Sequence[str], name: str) -> Vector:
    chosen: Vector = rows[np.asarray(classes) == name]
    return chosen.reshape(-1, rows.shape[-1])


def fit(labelled: Mapping[str, Classes], unlabelled: Sequence[Vector], space: Components, recipe: Recipe) -> Projection:
    """The weights, averaged over the last steps; the same for the same seed.

    `labelled` and `unlabelled` [n, views, d] are given in the space.
    """
    import torch  # noqa: PLC0415  (slow to import, and needed for fitting only)

    torch.manual_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    model, loss = _Model(space, recipe), _Loss(recipe)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps, pct_start=0.1)
    for _ in range(recipe.steps):
        optimiser.zero_grad()
        loss(model, labelled, unlabelled, random).backward()
        optimiser.step()
        schedule.step()
        model.remember()
    return model.averaged()


class _Model:
    """The embedding in torch, and a running average of its weights."""

    def __init__(self, space: Components, recipe: Recipe) -> None:
        import torch  # noqa: PLC0415

        inputs = space.matrix.shape[1]
        hidden = torch.nn.Linear(inputs, recipe.hidden)
        self._parts: dict[str, Any] = {
            "matrix": torch.eye(inputs, DIMENSION),
            "hidden": hidden.weight.detach().T.clone(),
            "bias": hidden.bias.detach().clone(),
            "output": torch.zeros(recipe.hidden, DIMENSION),
        }
        for part in self._parts.values():
            part.requires_grad_()
        self._kept = {name: part.detach().clone() for name, part in self._parts.items()}
        self._space, self._recipe, self._torch, self._seen = space, recipe, torch, 0

    def parameters(self) -> list[Any]:
        return list(self._parts.values())

    def __call__(self, rows: Any) -> Any:
        at, nn = self._parts, self._torch.nn.functional
        inner = nn.dropout(nn.relu(rows @ at["hidden"] + at["bias"]), self._recipe.dropout)
        return nn.normalize(rows @ at["matrix"] + inner @ at["output"], dim=1)

    def remember(self) -> None:
        self._seen += 1
        share = min(self._recipe.averaged, self._seen / (self._seen + 9))
        for name, part in self._parts.items():
            self._kept[name].mul_(share).add_(part.detach(), alpha=1 - share)

    def averaged(self) -> Projection:
        """Written down for features."""
        kept = {name: part.numpy() for name, part in self._kept.items()}
        first = {name: self._space.matrix @ kept[name] for name in ("matrix", "hidden")}
        return Projection(self._space.mean, **(kept | first))


class _Loss:
    """The hinge on labelled sets and on views of one picture, and what keeps cosines."""

    def __init__(self, recipe: Recipe) -> None:
        import torch  # noqa: PLC0415
        from pytorch_metric_learning import distances, losses, miners  # noqa: PLC0415

        cosine = distances.CosineSimilarity()
        self._hinge = losses.TripletMarginLoss(margin=recipe.margin, distance=cosine)
        self._hardest = miners.BatchEasyHardMiner(recipe.positives, "hard", distance=cosine)
        self._recipe, self._torch = recipe, torch

    def __call__(self, model: _Model, labelled: Mapping[str, Classes], unlabelled: Sequence[Vector], random: Any) -> Any:
        total = self._torch.zeros(())
        for name, known in labelled.items():
            rows, classes = known.some(self._recipe, random)
            total = total + self._recipe.weights.get(name, 1.0) * self._apart(model(self._torch.tensor(rows)), classes)
        for pictures in unlabelled:
            rows, which = pairs_of_views(pictures, self._recipe.unlabelled, random)
            vectors = model(self._torch.tensor(rows))
            total = total + self._recipe.apart * self._apart(vectors, which) + self._recipe.keep * self._kept(vectors, rows)
        return total

    def _apart(self, vectors: Any, classes: Numbers) -> Any:
        numbers = self._torch.tensor(classes)
        return self._hinge(vectors, numbers, self._hardest(vectors, numbers))

    def _kept(self, vectors: Any, rows: Vector) -> Any:
        """Mean squared change of cosines."""
        before = self._torch.tensor(unit(rows[:, :DIMENSION]))
        return KEPT * ((vectors @ vectors.T - before @ before.T) ** 2).mean()


def pairs_of_views(pictures: Vector, number: int, random: np.random.Generator) -> tuple[Vector, Numbers]:
    """Of pictures [n, views, d]: rows of some as they are, then of one view of each; and which picture each is of."""
    chosen = random.permutation(len(pictures))[:number]
    views = random.integers(1, pictures.shape[1], len(chosen))
    return np.concatenate([pictures[chosen, 0], pictures[chosen, views]]), np.concatenate([chosen, chosen])
