"""The joint embedding of the profile `hub`: the image model's space, with its own text tower or another of that space."""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModel, AutoTokenizer

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision import runtime
from vision.extractor import HUB, Joint, fingerprint_of_files, fingerprint_of_values
from vision.hub.embedding import DEFAULT_MODEL, HubEmbedding, loaded, weights_of
from vision.image_features import ImageFeatures, Vector, unit
from vision.picture import Picture

BATCH = 32
MAX_TOKENS = 128  # of a text, for a tower that takes any length
INPUTS = "input_ids", "attention_mask"


class HubJoint(Joint):
    """The image vector is that of the extractor `embedding`; the text vector is that of the text tower."""

    name: ClassVar[str] = "joint"
    variant: ClassVar[str] = HUB
    needs: ClassVar[tuple[str, ...]] = ("embedding",)
    borrows: ClassVar[tuple[str, ...]] = ("embedding",)

    def __init__(self, settings: Settings, embedding: HubEmbedding) -> None:
        """`embedding` is asked for its model only; its vectors come with the features."""
        super().__init__(settings)
        self._images, self._texts = embedding, TextTower(settings)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vectors."""
        return self._images.dimension

    @property
    def fingerprint(self) -> str:
        """Image tower and text tower."""
        mark = fingerprint_of_values(self._images.fingerprint, self._texts.fingerprint)
        return f"{self._images.fingerprint.partition('@')[0]}+text@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The weights of local folders."""
        return tuple(dict.fromkeys((*self._images.files(), *self._texts.files())))

    def export(self, *, force: bool = False) -> None:
        """The text tower as ONNX, written once per machine."""
        self._texts.export(force=force)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
        return [f.embedding for f in seen if f.embedding is not None]

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, d]. Raise ConfigurationError if the text tower has another dimension than the image tower."""
        vectors = self._texts.encode_text(texts)
        if len(vectors) and vectors.shape[1] != self.dimension:
            raise ConfigurationError(
                f"texts have {vectors.shape[1]} dimensions and pictures {self.dimension}: OMMA_JOINT_MODEL and "
                "OMMA_EMBEDDING_MODEL do not belong together"
            )
        return vectors

    def understands(self, text: str, language: str = "") -> bool:
        """Whether a text has letters: a public model does not declare its languages."""
        return any(letter.isalpha() for letter in text)


class TextTower:
    """Texts to unit vectors [n, d]; thread-safe. The model is loaded on first use."""

    def __init__(self, settings: Settings) -> None:
        """Load nothing yet."""
        self._settings = settings
        self._own = not settings.joint_model
        self._setting = "OMMA_EMBEDDING_MODEL" if self._own else "OMMA_JOINT_MODEL"
        self._model = settings.joint_model or settings.embedding_model or DEFAULT_MODEL
        self._lock = threading.Lock()
        self._ready: tuple[Any, runtime.Session] | None = None

    @cached_property
    def _config(self) -> Any:
        """The model's configuration. Raise ConfigurationError if it has no text tower."""
        config = loaded(AutoConfig, self._model, self._setting)
        if self._own and not hasattr(config, "text_config"):
            raise ConfigurationError(
                f"model {self._model!r} has no text tower; set OMMA_JOINT_MODEL to a model whose vectors lie in its "
                "space, or to `packaged`"
            )
        return config

    @property
    def fingerprint(self) -> str:
        """Model and weights."""
        local = self.files()
        mark = fingerprint_of_files(*local) if local else fingerprint_of_values(self._config._commit_hash)
        return f"{Path(self._model).name}-text@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The weights of a local folder."""
        _ = self._config  # raises if there is no such model
        return weights_of(self._model)

    def export(self, *, force: bool = False) -> Path:
        """The text tower as ONNX, written once per machine."""
        return runtime.exported(self._settings, self.fingerprint.replace("@", "-"), self._write, force=force)

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, d]."""
        tokenizer, session = self._loaded()
        batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        found = [session.run(*self._tokens(tokenizer, batch).values())[0] for batch in batches]
        return unit(np.concatenate(found)) if found else np.zeros((0, 0), dtype=np.float32)

    def _loaded(self) -> tuple[Any, runtime.Session]:
        with self._lock:
            if self._ready is None:
                session = runtime.Session(self.export(), self._settings)
                self._ready = self._tokenizer(), session
            return self._ready

    def _tokenizer(self) -> Any:
        return loaded(AutoTokenizer, self._model, self._setting)

    def _tokens(self, tokenizer: Any, texts: Sequence[str]) -> Mapping[str, NDArray[np.int64]]:
        """Inputs of the tower: ids, padded to the length of its training if it has one, and the mask if it takes one."""
        length = self._config.text_config.max_position_embeddings if self._own else MAX_TOKENS
        made = tokenizer(
            list(texts),
            padding="max_length" if self._own else "longest",
            max_length=length,
            truncation=True,
            return_tensors="np",
        )
        names = [name for name in INPUTS if not self._own or name in tokenizer.model_input_names]
        return {name: made[name].astype(np.int64) for name in names}

    def _write(self, path: Path) -> None:
        example = self._tokens(self._tokenizer(), ["a dog", "two words more"])
        free = ("batch",) if self._own else ("batch", "length")
        tower = own_tower(self._model) if self._own else separate_tower(self._model, self._setting)
        runtime.export_torch(tower, example, path, ["vectors"], free)


def own_tower(model: str) -> Any:
    """The text tower of an image model in torch; for export and comparison."""
    import torch  # noqa: PLC0415  (needed once in the life of a model)

    class Tower(torch.nn.Module):
        """Token ids and an optional mask [n, t] to vectors [n, d]."""

        def __init__(self) -> None:
            super().__init__()
            self.model = loaded(AutoModel, model, "OMMA_EMBEDDING_MODEL")

        def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> Any:
            found = self.model.get_text_features(input_ids=ids, attention_mask=mask)
            return getattr(found, "pooler_output", found)

    return Tower().eval()


def separate_tower(model: str, setting: str) -> Any:
    """A model of sentence-transformers (network, pooling, projections) in torch; for export and comparison."""
    import torch  # noqa: PLC0415  (needed once in the life of a model)
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    def of(name: str) -> Any:
        return SentenceTransformer(name, device="cpu", model_kwargs={"attn_implementation": "eager"})

    class Tower(torch.nn.Module):
        """Token ids and mask [n, t] to vectors [n, d]."""

        def __init__(self) -> None:
            super().__init__()
            self.parts = loaded(of, model, setting)

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> Any:
            return self.parts({"input_ids": ids, "attention_mask": mask})["sentence_embedding"]

    return Tower().eval()
