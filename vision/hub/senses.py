"""The strong public models, through the libraries that publish them."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel
from ultralytics.models import YOLO

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision import fingerprints
from vision.perception import Box, Object, Perception, Vector
from vision.picture import Picture
from vision.sense import Sense
from vision.senses.detector import Embed, best, with_embeddings
from vision.senses.embedding import unit

BATCH = 16


def hub_senses(settings: Settings) -> list[Sense]:
    """Embedding and detector of the profile `hub`."""
    embedding = HubEmbedding(settings)
    return [embedding, HubObjects(settings, embedding.embed, embedding)]


def device(settings: Settings) -> str:
    """Where torch runs; ConfigurationError where a GPU is demanded and there is none."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError("OMMA_DEVICE=cuda, but torch sees no GPU")
    return "cuda" if torch.cuda.is_available() and settings.device != "cpu" else "cpu"


class HubEmbedding(Sense):
    """SigLIP, CLIP or DINO by transformers: the image tower's pooled output, unit length."""

    name: ClassVar[str] = "embedding"

    @cached_property
    def _config(self) -> Any:
        return _loaded(AutoConfig, self.settings.hub_embedding)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vector, as the model's configuration tells it."""
        projected = getattr(self._config, "projection_dim", None)
        tower = getattr(self._config, "vision_config", self._config)
        return int(projected or tower.hidden_size)

    @property
    def fingerprint(self) -> str:
        """Model, and its weights: a local folder's files, or the hub's revision."""
        model = self.settings.hub_embedding
        weights = sorted(Path(model).glob("*.safetensors")) if Path(model).is_dir() else []
        mark = fingerprints.of_files(*weights) if weights else fingerprints.of_values(self._config._commit_hash)
        return f"{Path(model).name}@{mark}"

    def _load(self) -> None:
        model = self.settings.hub_embedding
        self._device = device(self.settings)
        self._processor = _loaded(AutoImageProcessor, model)
        self._model = _loaded(AutoModel, model).eval().to(self._device)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
        return list(self.embed([picture.pixels for picture in pictures]))

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        """Unit vectors [n, d] of RGB images [h, w, 3]."""
        self.load()
        parts = [self._pooled(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        return unit(np.concatenate(parts))

    def _pooled(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        inputs = self._processor([Image.fromarray(image) for image in images], return_tensors="pt").to(self._device)
        with torch.inference_mode():
            if hasattr(self._model, "get_image_features"):
                found = self._model.get_image_features(**inputs)
            else:
                found = self._model(**inputs)
        pooled = getattr(found, "pooler_output", found)
        vectors: Vector = pooled.float().cpu().numpy()
        return vectors


class HubObjects(Sense):
    """YOLO11 by ultralytics, each object with the embedding of its crop."""

    name: ClassVar[str] = "objects"

    def __init__(self, settings: Settings, embed: Embed, embedding: Sense) -> None:
        """Crops are looked at by the same network as whole pictures."""
        super().__init__(settings)
        self._embed, self._embedding = embed, embedding

    @property
    def fingerprint(self) -> str:
        """Detector, crops' embedding, and the confidence from which an object counts."""
        path = Path(self.settings.hub_detector)
        mark = fingerprints.of_files(path) if path.is_file() else "hub"
        rest = fingerprints.of_values(self._embedding.fingerprint, self.settings.object_confidence)
        return f"{path.stem}@{mark}+crops@{rest}"

    def _load(self) -> None:
        try:
            self._network = YOLO(self.settings.hub_detector, task="detect")
        except Exception as error:
            raise _unreachable("OMMA_HUB_DETECTOR", self.settings.hub_detector, "a .pt or .onnx file") from error

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
        images = [np.ascontiguousarray(picture.pixels[..., ::-1]) for picture in pictures]  # the library takes BGR
        where = device(self.settings)
        found = self._network.predict(images, conf=self.settings.object_confidence, device=where, verbose=False)
        return with_embeddings(pictures, [best(_objects(result)) for result in found], self._embed)


def _objects(result: Any) -> list[Object]:
    boxes = result.boxes
    sides = zip(boxes.xyxyn.tolist(), boxes.cls.tolist(), boxes.conf.tolist(), strict=True)
    return [Object(result.names[int(kind)], float(sure), _box(*corners)) for corners, kind, sure in sides]


def _box(left: float, top: float, right: float, bottom: float) -> Box:
    left, top = min(left, 0.999), min(top, 0.999)
    return Box(left, top, min(max(right - left, 0.001), 1 - left), min(max(bottom - top, 0.001), 1 - top))


def _loaded(kind: Any, model: str) -> Any:
    """What transformers loads of a model; ConfigurationError where neither hub nor folder has it."""
    try:
        return kind.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise _unreachable("OMMA_HUB_EMBEDDING", model, "a folder written by save_pretrained") from error


def _unreachable(setting: str, model: str, local: str) -> ConfigurationError:
    return ConfigurationError(
        f"model {model!r} could not be loaded: no model hub is in reach, or it has no such model; "
        f"set {setting} to {local}, or use OMMA_PROFILE=packaged"
    )
