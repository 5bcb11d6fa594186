"""A picture: decoded, upright, size-checked pixels with the sha256 of the original bytes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.perception import Box


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels ready to be looked at.

    `pixels` is uint8 [height, width, 3] RGB, upright, alpha laid over white, its longest side at most
    `WORKING_SIDE`; `width` and `height` are those of the whole original, upright.
    """

    id: str
    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str

    def crop(self, box: Box) -> "Picture":
        """The part inside the box, as a picture of its own (the id stays that of the original)."""
        raise NotImplementedError
