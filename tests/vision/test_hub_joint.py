"""The joint embedding of the profile `hub`, with tiny models of random weights, saved and loaded by the libraries' own
calls.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules as parts
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import (
    AutoModel,
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.present import present
from tests.vision.drawing import photo, picture
from tests.vision.test_hub import SIDE, TOWER, saved
from vision.feature_extractor import FeatureExtractor
from vision.hub.embedding import HubEmbedding
from vision.hub.joint import HubJoint
from vision.registry import extractors_of

LENGTH = 12
VOCABULARY = ["[PAD]", "[UNK]", "[EOS]", "a", "red", "blue", "dog", "ball", "собака"]
READER: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "vocab_size": len(VOCABULARY),
    "max_position_embeddings": LENGTH,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
TEXTS = ["a red dog", "blue ball", "собака"]


def tokenizer(folder: Path, *names: str) -> None:
    """One number per word, saved as published tokenizers are."""
    words = Tokenizer(WordLevel({word: number for number, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", eos_token="[EOS]", model_input_names=list(names)
    )
    made.save_pretrained(folder)


def clip(folder: Path) -> Path:
    """Both towers, and a tokenizer that gives a mask."""
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(vision_config=TOWER, text_config=READER, projection_dim=24)).save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    tokenizer(folder, "input_ids", "attention_mask")
    return folder


def siglip(folder: Path) -> Path:
    """Both towers, and a tokenizer that gives no mask."""
    torch.manual_seed(0)
    SiglipModel(SiglipConfig(vision_config=TOWER, text_config=READER)).save_pretrained(folder)
    SiglipImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    tokenizer(folder, "input_ids")
    return folder


def sentences(folder: Path, dimension: int) -> Path:
    """A network, the mean over its tokens, and a map, as multilingual text towers of CLIP are published."""
    torch.manual_seed(1)
    network = folder.with_name(f"{folder.name}-network")
    BertModel(BertConfig(**READER)).save_pretrained(network)
    tokenizer(network, "input_ids", "token_type_ids", "attention_mask")
    reader = parts.Transformer(str(network))
    mapping = parts.Dense(32, dimension, bias=False, activation_function=torch.nn.Identity())
    SentenceTransformer(modules=[reader, parts.Pooling(32, "mean"), mapping], device="cpu").save(str(folder))
    return folder


def hub(home: Path, embedding: Path, text: Path | str = "") -> Settings:
    return Settings(home=home, profile="hub", embedding_model=str(embedding), joint_model=str(text), device="cpu", threads=1)


def extractor(settings: Settings) -> HubJoint:
    return HubJoint(settings, HubEmbedding(settings))


def unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("made", [clip, siglip])
def test_the_models_own_text_tower_gives_the_same_as_in_torch(made: Any, tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    joint = extractor(hub(tmp_path, folder))
    model = AutoModel.from_pretrained(folder).eval()
    words = PreTrainedTokenizerFast.from_pretrained(folder)
    with torch.inference_mode():
        truth = model.get_text_features(**words(TEXTS, padding="max_length", max_length=LENGTH, return_tensors="pt")).numpy()
    vectors = joint.encode_text(TEXTS)
    np.testing.assert_allclose(vectors, unit(truth), atol=1e-4)
    assert vectors.shape == (3, joint.dimension)
    assert joint.encode_text(TEXTS[1:2])[0] == pytest.approx(vectors[1], abs=1e-4)


def test_a_separate_text_tower_gives_the_same_as_its_library(tmp_path: Path) -> None:
    folder = sentences(tmp_path / "reader", 24)
    joint = extractor(hub(tmp_path, clip(tmp_path / "model"), folder))
    truth = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(joint.encode_text(TEXTS), unit(truth), atol=1e-4)
    assert joint.understands("собака", "ru") and not joint.understands("12")


def test_the_image_tower_runs_once_for_both_extractors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feature_extractor = FeatureExtractor(extractors_of(hub(tmp_path, clip(tmp_path / "model"))))
    looked: list[int] = []
    embed = HubEmbedding.embed

    def counted(self: HubEmbedding, images: Any) -> Any:
        looked.append(len(images))
        return embed(self, images)

    monkeypatch.setattr(HubEmbedding, "embed", counted)
    seen = feature_extractor.extract([picture(photo(90, 60, 1))], ["embedding", "joint"])[0]
    assert looked == [1] and not seen.failures
    assert np.array_equal(present(seen.joint), present(seen.embedding))
    assert feature_extractor.encode_text(["a dog"]).shape == (1, 24)


def test_other_texts_weights_are_another_fingerprint(tmp_path: Path) -> None:
    model = clip(tmp_path / "model")
    marks = {
        extractor(hub(tmp_path, model, text)).fingerprint
        for text in ("", sentences(tmp_path / "one", 24), sentences(tmp_path / "other", 8))
    }
    assert len(marks) == 3
    assert all(mark.startswith("model+text@") for mark in marks)


def test_a_text_tower_of_another_space_is_refused(tmp_path: Path) -> None:
    joint = extractor(hub(tmp_path, clip(tmp_path / "model"), sentences(tmp_path / "reader", 8)))
    with pytest.raises(ConfigurationError, match=r"8 dimensions.*24.*OMMA_JOINT_MODEL"):
        joint.encode_text(["a dog"])


def test_a_model_without_a_text_tower_says_what_to_set(tmp_path: Path) -> None:
    joint = extractor(hub(tmp_path, saved("dino", tmp_path / "dino")))
    with pytest.raises(ConfigurationError, match=r"no text tower.*OMMA_JOINT_MODEL"):
        joint.encode_text(["a dog"])


def test_a_text_tower_out_of_reach_is_named_with_its_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    joint = extractor(hub(tmp_path, clip(tmp_path / "model"), "nobody/no-such-reader"))
    with pytest.raises(ConfigurationError, match=r"nobody/no-such-reader.*OMMA_JOINT_MODEL"):
        _ = joint.fingerprint


def test_the_packaged_space_serves_where_a_model_has_none(tmp_path: Path) -> None:
    extractors = {extractor.name: extractor for extractor in extractors_of(hub(tmp_path, tmp_path / "unused", "packaged"))}
    assert extractors["joint"].needs == ("backbone",)
