"""Metric learning on frozen features: an embedding in which pictures of one class are near and others are not.

The loss is the hinge on triplets L = max(0, T - F(a)F(p) + F(a)F(n)) of unit vectors F (Weinberger and Saul, "Distance metric
learning for large margin nearest neighbor classification", 2009; with cosines as in Schroff et al., "FaceNet", 2015), each
anchor with its hardest negatives in the batch. A photo of a thing in the catalogue is compared with the whole catalogue: by the
same hinge, and by the cross-entropy of its cosines over a temperature (Wu et al., "Improving generalization via scalable
neighborhood component analysis", 2018). F is a linear map, which starts as the untrained projection, plus one hidden layer,
whose output starts at zero. Two terms preserve what the labels do not cover: views of one unlabelled picture are a class, and
cosines between unlabelled pictures stay those of the untrained projection.

The embedding is fitted in the space of the first principal components, which is smaller and evenly scaled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from training.labelled import Catalogue, Classes, Numbers, pairs_of_views
from vision.extractors.backbone import square_root
from vision.extractors.products import Projection
from vision.image_features import Vector, unit

DIMENSION = 256  # of the embedding
MAX_COMPONENTS = 384  # inputs of metric learning
MIN_VARIANCE = 1e-7  # of a component, by the largest; less is rounding
WHITENING = 0.75  # power of the spread; with 0.5 the best of 0, 0.25, ... 1 by leave-one-out precision on grocery train photos
COSINE_SCALE = 10.0  # brings squared changes of cosines to the size of the hinge


@dataclass(frozen=True, slots=True)
class Components:
    """Principal components: mean [2560] and matrix [2560, d], the strongest first; a row's length is about sqrt(d)."""

    mean: Vector
    matrix: Vector

    @classmethod
    def of(cls, features: Vector) -> "Components":
        """The components of features [n, 2560]."""
        rows = square_root(features)
        mean: Vector = rows.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov((rows - mean).T))
        kept = min(MAX_COMPONENTS, int((variances > MIN_VARIANCE * variances[-1]).sum()))
        spreads = np.sqrt(variances[: -kept - 1 : -1])
        matrix = directions[:, : -kept - 1 : -1] / spreads**WHITENING
        return cls(mean, (matrix / np.sqrt(np.mean(spreads ** (2 - 2 * WHITENING)))).astype(np.float32))

    def __call__(self, features: Vector) -> Vector:
        """Features [..., 2560] as components [..., d]."""
        rows: Vector = ((square_root(features) - self.mean) @ self.matrix).astype(np.float32)
        return rows

    def untrained(self) -> Projection:
        """The embedding of the first components, without fitting."""
        return Projection.linear(self.mean, self.matrix[:, :DIMENSION])


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parameters of fitting; `weights` are those of labelled sets in the loss, 1 by default."""

    heads: int = 5  # that differ by seed, and are joined
    hidden: int = 384
    margin: float = 0.3
    steps: int = 600
    classes: int = 40  # of a set in a batch
    members: int = 2  # of a class in a batch, from each of its sources
    photos: int = 192  # in a batch, compared with the catalogue
    unlabelled: int = 48  # pictures in a batch, two views each
    rate: float = 3e-3
    decay: float = 0.03
    dropout: float = 0.4
    found: float = 2.0  # weight of photos against the catalogue, in the hinge and in the cross-entropy
    temperature: float = 0.07
    smoothing: float = 0.1
    apart: float = 2.0  # weight of the hinge on views of one picture
    keep: float = 20.0  # weight of the cosines of unlabelled pictures
    averaged: float = 0.98  # share of the moving average that stays, at each step
    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Material:
    """Training data, in components: labelled sets by name, unlabelled pictures [n, views, d], and perhaps a catalogue."""

    labelled: Mapping[str, Classes]
    unlabelled: Sequence[Vector]
    catalogue: Catalogue | None = None


def fit(material: Material, space: Components, recipe: Recipe) -> Projection:
    """One head, its weights averaged over the last steps; deterministic by seed."""
    import torch  # noqa: PLC0415  (slow to import, and only needed for fitting)

    torch.manual_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    model, loss = _Model(space, recipe), _Loss(recipe)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps, pct_start=0.1)
    for _ in range(recipe.steps):
        optimiser.zero_grad()
        loss(model, material, random).backward()
        optimiser.step()
        schedule.step()
        model.remember()
    return model.averaged()


class _Model:
    """The embedding in torch, and a moving average of its weights."""

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
        self._average = {name: part.detach().clone() for name, part in self._parts.items()}
        self._space, self._recipe, self._torch, self._steps = space, recipe, torch, 0

    def parameters(self) -> list[Any]:
        return list(self._parts.values())

    def __call__(self, rows: Vector) -> Any:
        at, nn, given = self._parts, self._torch.nn.functional, self._torch.tensor(rows)
        inner = nn.dropout(nn.relu(given @ at["hidden"] + at["bias"]), self._recipe.dropout)
        return nn.normalize(given @ at["matrix"] + inner @ at["output"], dim=1)

    def remember(self) -> None:
        self._steps += 1
        share = min(self._recipe.averaged, self._steps / (self._steps + 9))
        for name, part in self._parts.items():
            self._average[name].mul_(share).add_(part.detach(), alpha=1 - share)

    def averaged(self) -> Projection:
        """The average as a projection of features."""
        return Projection(self._space.mean, self._space.matrix, **{name: part.numpy() for name, part in self._average.items()})


class _Loss:
    """The loss of one step, on a new batch of each kind."""

    def __init__(self, recipe: Recipe) -> None:
        import torch  # noqa: PLC0415
        from pytorch_metric_learning import distances, losses, miners  # noqa: PLC0415

        cosine = distances.CosineSimilarity()
        self._hinge = losses.TripletMarginLoss(margin=recipe.margin, distance=cosine)
        self._hardest = miners.BatchEasyHardMiner("all", "hard", distance=cosine)
        self._recipe, self._torch = recipe, torch

    def __call__(self, model: _Model, material: Material, random: np.random.Generator) -> Any:
        recipe, total = self._recipe, self._torch.zeros(())
        for name, known in material.labelled.items():
            rows, classes = known.sample(recipe.classes, recipe.members, random)
            total = total + recipe.weights.get(name, 1.0) * self._apart(model(rows), classes)
        if material.catalogue is not None:
            total = total + recipe.found * self._found(model, *material.catalogue.sample(recipe.photos, random))
        for pictures in material.unlabelled:
            rows, which = pairs_of_views(pictures, recipe.unlabelled, random)
            vectors = model(rows)
            total = total + recipe.apart * self._apart(vectors, which) + recipe.keep * self._kept(vectors, rows)
        return total

    def _apart(self, vectors: Any, classes: Numbers) -> Any:
        numbers = self._torch.tensor(classes)
        return self._hinge(vectors, numbers, self._hardest(vectors, numbers))

    def _found(self, model: _Model, photos: Vector, wanted: Numbers, pictures: Vector) -> Any:
        """Hinge and cross-entropy of photos against all pictures of the catalogue."""
        vectors, targets = model(np.concatenate([photos, pictures])), self._torch.tensor(wanted)
        asked, known = vectors[: len(photos)], vectors[len(photos) :]
        places = self._torch.arange(len(known))
        triplets = self._hardest(asked, targets, known, places)
        chosen = self._torch.nn.functional.cross_entropy(
            asked @ known.T / self._recipe.temperature, targets, label_smoothing=self._recipe.smoothing
        )
        return self._hinge(asked, targets, triplets, known, places) + chosen

    def _kept(self, vectors: Any, rows: Vector) -> Any:
        """Mean squared change of cosines against the untrained projection."""
        before = self._torch.tensor(unit(rows[:, :DIMENSION]))
        return COSINE_SCALE * ((vectors @ vectors.T - before @ before.T) ** 2).mean()


def joined(heads: Sequence[Projection], features: Vector) -> Projection:
    """One projection whose cosines approximate the mean of those of the heads, which share their components.

    The heads' outputs, scaled to one mean length and concatenated, are reduced to their first principal directions over
    features [n, 2560], without centring, so that cosines stay.
    """
    outputs = [head.mapped(features) for head in heads]
    scales = [np.float32(1 / np.linalg.norm(output, axis=1).mean()) for output in outputs]
    together = unit(np.concatenate([output * scale for output, scale in zip(outputs, scales, strict=True)], axis=1))
    _, directions = np.linalg.eigh(together.T @ together)
    turns = np.split(directions[:, : -DIMENSION - 1 : -1], len(heads))
    scaled = [turn * scale for turn, scale in zip(turns, scales, strict=True)]
    pairs = list(zip(heads, scaled, strict=True))
    return Projection(
        heads[0].mean,
        heads[0].components,
        np.sum([head.matrix @ turn for head, turn in pairs], axis=0, dtype=np.float32),
        np.concatenate([head.hidden for head in heads], axis=1),
        np.concatenate([head.bias for head in heads]),
        np.concatenate([head.output @ turn for head, turn in pairs]).astype(np.float32),
    )
