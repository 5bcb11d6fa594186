"""Perceptual hash: 64 bits that hardly change by rescaling and recompression."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import ClassVar

import imagehash
from PIL import Image

from vision.extractor import Extractor
from vision.image_features import ImageFeatures
from vision.picture import Picture


class PhashExtractor(Extractor[int]):
    """The DCT hash of the ImageHash library."""

    name: ClassVar[str] = "phash"

    @property
    def fingerprint(self) -> str:
        """Method and major version of the library."""
        return f"imagehash-phash64@{version('imagehash').split('.', maxsplit=1)[0]}"

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[int]:
        return [int(str(imagehash.phash(Image.fromarray(picture.pixels))), 16) for picture in pictures]
