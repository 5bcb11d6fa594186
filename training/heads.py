"""Several heads as one: what single fits are sure of by chance is averaged out, and the embedding stays as long as it was."""

from collections.abc import Sequence

import numpy as np

from training.projection import DIMENSION
from vision.extractors.embedding import Projection
from vision.image_features import Vector, unit


def joined(heads: Sequence[Projection], features: Vector) -> Projection:
    """One projection whose cosines are near the mean of those of the heads; they share their components.

    The outputs side by side, each brought to a like length, are turned to their first principal directions, by features
    [n, 2560] of any pictures, without centring, so that cosines stay.
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
