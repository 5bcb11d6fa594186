"""Two small networks that map features of pictures and vectors of sentences to one space, and their fitting.

The loss is InfoNCE in both directions (van den Oord et al. 2018; CLIP, Radford et al. 2021): in a batch of photos with one text
each, every photo must find its text among all, and every text its photo. Several texts of a photo make several such tasks, so
that none of them counts as a wrong answer; the mean of their vectors makes one more. The result is the moving average of the
weights, reduced to the principal directions of the space.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as f
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from vision.extractors.joint import Tower as KeptTower
from vision.image_features import Vector

WARM_UP = 0.1  # of all steps, in which the learning rate rises; afterwards it falls with a cosine
AVERAGE = 0.95  # share of the moving average that stays, at every step
MAX_SHARPNESS = 100.0  # inverse of the least temperature
MIN_SPREAD = 0.1  # of an input, by the median spread, so that standardising does not amplify inputs that hardly vary
SEED = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sizes of towers, and parameters of fitting."""

    dimension: int = 256  # of the result
    wide: int = 512  # of the space while fitting
    hidden: int = 1536  # of the text tower; the image tower is linear
    picture_dropout: float = 0.3
    picture_noise: float = 0.6  # standard deviation, in spreads of a feature
    text_dropout: float = 0.2
    hidden_dropout: float = 0.5
    smoothing: float = 0.2
    sharpness: float = 30.0  # inverse temperature, at first
    rate: float = 6e-4
    decay: float = 1.0
    batch: int = 512
    texts: int = 4  # of a photo, in one step
    epochs: int = 60


@dataclass(frozen=True, slots=True)
class Pairs:
    """Training data: features of photos [n, p], and vectors of the texts of each photo [n, c, t]."""

    photos: Tensor
    texts: Tensor


class Tower(nn.Module):
    """The sum of a linear map and, if `hidden` > 0, a network of one hidden layer; inputs are standardised."""

    def __init__(self, rows: Tensor, width: int, hidden: int, dropout: float, hidden_dropout: float) -> None:
        super().__init__()
        spread = rows.std(0)
        self.mean, self.spread = rows.mean(0), spread.clamp(min=float(MIN_SPREAD * spread.median()))
        self.direct = nn.Linear(rows.shape[1], width)
        self.before = nn.Dropout(dropout)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")  # without a hidden layer
            first, last = nn.Linear(rows.shape[1], hidden), nn.Linear(hidden, width, bias=False)
        self.network = nn.Sequential(first, nn.ReLU(), nn.Dropout(hidden_dropout), last)

    def forward(self, rows: Tensor, noise: float = 0.0) -> Tensor:
        """Rows [n, p] to unit vectors [n, d]; `noise` is the standard deviation, in spreads of an input."""
        scaled = (rows - self.mean) / self.spread
        scaled = self.before(scaled + noise * torch.randn_like(scaled) if noise else scaled)
        return f.normalize(self.direct(scaled) + self.network(scaled), dim=-1)

    def kept(self, turn: Tensor) -> KeptTower:
        """The tower as the extractor runs it, its output multiplied by a matrix [d, k]; matrices include the spreads."""
        scale = self.spread[:, None]
        first, last = self.network[0], self.network[3]
        assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
        parts = {
            "mean": self.mean,
            "direct": self.direct.weight.T @ turn / scale,
            "bias": self.direct.bias @ turn,
            "inner": first.weight.T / scale,
            "inner_bias": first.bias,
            "outer": last.weight.T @ turn,
        }
        return KeptTower(**{name: part.detach().numpy() for name, part in parts.items()})


class Towers(nn.Module):
    """The image tower, the text tower, and the inverse temperature of their comparison."""

    def __init__(self, pairs: Pairs, recipe: Recipe) -> None:
        super().__init__()
        self.picture = Tower(pairs.photos, recipe.wide, 0, recipe.picture_dropout, 0.0)
        self.text = Tower(pairs.texts.flatten(0, 1), recipe.wide, recipe.hidden, recipe.text_dropout, recipe.hidden_dropout)
        self.sharpness = nn.Parameter(torch.tensor(recipe.sharpness).log())
        self.recipe = recipe

    def loss(self, photos: Tensor, texts: Tensor) -> Tensor:
        """InfoNCE in both directions, the mean over k tasks; photo i of [n, p] belongs to texts i of [n, k, t]."""
        pictures = self.picture(photos, self.recipe.picture_noise)
        read = self.text(texts.flatten(0, 1)).unflatten(0, texts.shape[:2]).transpose(0, 1)
        likeness = read @ pictures.T * self.sharpness.exp().clamp(max=MAX_SHARPNESS)
        own = torch.arange(len(photos)).repeat(len(likeness))
        ways = (likeness, likeness.transpose(1, 2))
        losses = [f.cross_entropy(way.flatten(0, 1), own, label_smoothing=self.recipe.smoothing) for way in ways]
        return torch.stack(losses).mean()


def fitted(pairs: Pairs, recipe: Recipe) -> tuple[KeptTower, KeptTower]:
    """The image tower and the text tower, fitted on all pairs; deterministic on one machine."""
    torch.manual_seed(SEED)
    towers = Towers(pairs, recipe)
    averaging: Any = get_ema_multi_avg_fn
    kept = AveragedModel(towers, multi_avg_fn=averaging(AVERAGE))
    optimiser = torch.optim.AdamW(towers.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * -(-len(pairs.photos) // recipe.batch)
    schedule = OneCycleLR(optimiser, recipe.rate, total_steps=steps, pct_start=WARM_UP)
    for _ in range(recipe.epochs):
        for photos, texts in batches(pairs, recipe):
            optimiser.zero_grad()
            loss: Any = towers.loss(photos, texts)
            loss.backward()
            optimiser.step()
            schedule.step()
            kept.update_parameters(towers)
    averaged: Any = kept.module
    return reduced(averaged.eval(), pairs, recipe.dimension)


@torch.no_grad()
def reduced(towers: Towers, pairs: Pairs, dimension: int) -> tuple[KeptTower, KeptTower]:
    """Both towers, reduced to the principal directions of their outputs for photos and texts."""
    rows = torch.cat([towers.picture(pairs.photos), towers.text(pairs.texts[:, 0])])
    _, directions = torch.linalg.eigh(rows.T @ rows)
    turn = directions[:, -dimension:]
    return towers.picture.kept(turn), towers.text.kept(turn)


def batches(pairs: Pairs, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of one epoch: every photo once, with some of its texts and their mean."""
    order = torch.randperm(len(pairs.photos))
    for start in range(0, len(order), recipe.batch):
        rows = order[start : start + recipe.batch]
        chosen = torch.rand(len(rows), pairs.texts.shape[1]).argsort(dim=1)[:, : recipe.texts]
        texts = pairs.texts[rows[:, None], chosen]
        mean = f.normalize(texts.mean(dim=1, keepdim=True), dim=-1)
        yield pairs.photos[rows], torch.cat([texts, mean], dim=1)


def kept_arrays(picture: KeptTower, text: KeptTower) -> dict[str, Vector]:
    """Arrays of both towers by their name in the file of weights."""
    sides = (("picture", picture), ("text", text))
    return {f"{side}_{name}": getattr(tower, name) for side, tower in sides for name in KeptTower.__slots__}
