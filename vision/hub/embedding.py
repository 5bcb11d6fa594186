"""The embedding of the profile `hub`: SigLIP 2, CLIP or DINOv2, through the library transformers."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel

from vision import runtime
from vision.extractor import HUB, Extractor, fingerprint_of_files, fingerprint_of_values
from vision.hub import unreachable
from vision.image_features import ImageFeatures, Vector, unit
from vision.picture import Picture

DEFAULT_MODEL = "google/siglip2-base-patch16-224"  # where the settings name none
BATCH = 16
WEIGHT_FILES = ("*.safetensors", "*.bin")


class HubEmbedding(Extractor[Vector]):
    """The pooled output of the image tower, scaled to unit length."""

    name: ClassVar[str] = "embedding"
    variant: ClassVar[str] = HUB

    @property
    def _model(self) -> str:
        return self.settings.embedding_model or DEFAULT_MODEL

    @cached_property
    def _config(self) -> Any:
        return loaded(AutoConfig, self._model)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vectors, from the model's configuration."""
        projected = getattr(self._config, "projection_dim", None)
        tower = getattr(self._config, "vision_config", self._config)
        return int(projected or tower.hidden_size)

    @property
    def fingerprint(self) -> str:
        """Model and weights: a hash of local files, or of the hub's revision."""
        local = self.files()
        mark = fingerprint_of_files(*local) if local else fingerprint_of_values(self._config._commit_hash)
        return f"{Path(self._model).name}@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The weights of a local folder; none for a hub's model, which is in the library's own cache."""
        local = weights_of(self._model)
        if not local:
            _ = self._config  # raises if there is no such model
        return local

    def export(self, *, force: bool = False) -> None:
        """The image tower as ONNX, written once per machine."""
        self._onnx(force=force)

    def _load(self) -> None:
        self._processor = loaded(AutoImageProcessor, self._model)
        self._session = runtime.Session(self._onnx(), self.settings)

    def _onnx(self, *, force: bool = False) -> Path:
        return runtime.exported(self.settings, self.fingerprint.replace("@", "-"), self._write, force=force)

    def _write(self, path: Path) -> None:
        processor = loaded(AutoImageProcessor, self._model)
        example = prepared(processor, [np.zeros((64, 64, 3), np.uint8)] * 2)
        runtime.export_torch(image_tower(self._model), example, path, ["vectors"])

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
        return list(self.embed([picture.pixels for picture in pictures]))

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        """Unit vectors [n, d] of RGB images [h, w, 3]."""
        batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        with self.in_use():
            return unit(np.concatenate([self._session.run(prepared(self._processor, batch))[0] for batch in batches]))


def prepared(processor: Any, images: Sequence[NDArray[np.uint8]]) -> Vector:
    """RGB images [h, w, 3] as the model takes them: float32 [n, 3, side, side]."""
    inputs = processor([Image.fromarray(image) for image in images], return_tensors="pt")
    pixels: Vector = inputs["pixel_values"].numpy().astype(np.float32)
    return pixels


def image_tower(model: str) -> Any:
    """The image tower in torch; for export and comparison."""
    import torch  # noqa: PLC0415  (needed once in the life of a model)

    class Tower(torch.nn.Module):
        """Pictures [n, 3, side, side] to pooled vectors [n, d]."""

        def __init__(self) -> None:
            super().__init__()
            self.model = loaded(AutoModel, model)

        def forward(self, pixels: torch.Tensor) -> Any:
            joint = hasattr(self.model, "get_image_features")
            found = self.model.get_image_features(pixel_values=pixels) if joint else self.model(pixel_values=pixels)
            return getattr(found, "pooler_output", found)

    return Tower().eval()


def weights_of(model: str) -> tuple[Path, ...]:
    """Files of weights below a local folder; none for a hub's id."""
    folder = Path(model)
    return tuple(sorted(path for pattern in WEIGHT_FILES for path in folder.rglob(pattern))) if folder.is_dir() else ()


def loaded(kind: Any, model: str, setting: str = "OMMA_EMBEDDING_MODEL") -> Any:
    """A part of a model, loaded by a library. Raise ConfigurationError, which names the setting, if it cannot be loaded."""
    try:
        return kind.from_pretrained(model) if hasattr(kind, "from_pretrained") else kind(model)
    except (OSError, ValueError) as error:
        raise unreachable(setting, model, "a folder written by save_pretrained") from error
