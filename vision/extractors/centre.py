"""The centre crop: the backbone's features of the middle of the image, which several extractors read beside those of the whole.

The subject of a photo is seldom at its edge, and the backbone's input is small: the centre crop shows the subject larger and
with less background (multi-crop).
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files
from vision.extractors import backbone
from vision.image_features import Backbone, ImageFeatures, Vector
from vision.picture import Picture

SHARE = 0.65  # of width and of height


class CentreExtractor(Extractor[Backbone]):
    """Pooled features [1280] and logits of the centre crop."""

    name: ClassVar[str] = "centre"
    borrows: ClassVar[tuple[str, ...]] = ("backbone",)

    def __init__(self, settings: Settings, network: backbone.BackboneExtractor) -> None:
        """`network` computes the features of crops."""
        super().__init__(settings)
        self._network = network

    @property
    def fingerprint(self) -> str:
        """Model and weights, and the share of the crop."""
        return f"{backbone.MODEL}+centre{SHARE}@{fingerprint_of_files(backbone.weights())}"

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Backbone]:
        return self._network.run([centre_crop(picture.pixels) for picture in pictures])


def centre_crop(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The centre of an image [h, w, 3]; never empty."""
    top, left = (round(side * (1 - SHARE) / 2) for side in image.shape[:2])
    return image[top : image.shape[0] - top, left : image.shape[1] - left]


def multi_crop(network: backbone.BackboneExtractor, images: Sequence[NDArray[np.uint8]]) -> Vector:
    """Features [n, 2560] of RGB images [h, w, 3]: of the whole image and of its centre crop, side by side."""
    return joined(network.run(images), network.run([centre_crop(image) for image in images]))


def features_of(seen: Sequence[ImageFeatures]) -> Vector:
    """The same of images whose features are known."""
    return joined([p.backbone for p in seen if p.backbone is not None], [p.centre for p in seen if p.centre is not None])


def joined(wholes: Sequence[Backbone], centres: Sequence[Backbone]) -> Vector:
    """Features [n, 2560] of whole images and of their centres."""
    return np.stack([np.concatenate([w.features, c.features]) for w, c in zip(wholes, centres, strict=True)])
