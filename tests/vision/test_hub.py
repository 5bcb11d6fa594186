"""The profile `hub`, with tiny models of random weights, saved and loaded through the libraries' own calls."""

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    BitImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.present import present
from tests.vision.drawing import photo, picture
from vision.feature_extractor import FeatureExtractor
from vision.hub import yolo
from vision.hub.detector import HubObjects, prepare
from vision.hub.embedding import HubEmbedding, image_tower, prepared
from vision.image_features import Box
from vision.registry import extractors_of

SIDE = 32
TOWER: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 8,
}
WORDS = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
PICTURES = [picture(photo(90, 60, seed)) for seed in range(3)]


def tiny_clip() -> tuple[Any, Any]:
    model = CLIPModel(CLIPConfig(vision_config=TOWER, text_config=WORDS, projection_dim=24))
    return model, CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


def tiny_siglip() -> tuple[Any, Any]:
    model = SiglipModel(SiglipConfig(vision_config=TOWER, text_config=WORDS))
    return model, SiglipImageProcessor(size={"height": SIDE, "width": SIDE})


def tiny_dino() -> tuple[Any, Any]:
    processor = BitImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return Dinov2Model(Dinov2Config(**TOWER)), processor


TINY = {"clip": (tiny_clip, 24), "siglip": (tiny_siglip, 32), "dino": (tiny_dino, 32)}


def saved(kind: str, folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    for part in TINY[kind][0]():
        part.save_pretrained(folder)
    return folder


def hub(home: Path, embedding: Path | str, detector: Path | str = "none.pt") -> Settings:
    return Settings(
        home=home, profile="hub", embedding_model=str(embedding), objects_model=str(detector), device="cpu", threads=1
    )


def plain_yolo(model: Path | str) -> Any:
    """The library itself, whose import changes Pillow for the whole process, which is put back."""
    pillow = Image.open
    os.environ.update(yolo.ENVIRONMENT)
    from ultralytics.models import YOLO  # noqa: PLC0415

    Image.open = pillow
    return YOLO(model, task="detect")


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLO11n that was never trained, its layers only brought to scale, so that it finds many things everywhere."""
    torch.manual_seed(0)
    network = plain_yolo("yolo11n.yaml")
    for layer in network.model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        network.model.train()(torch.from_numpy(np.stack([prepare(p.pixels) for p in PICTURES])))
        for branch in network.model.eval().model[-1].cv3:
            branch[-1].bias.fill_(-3.0)
    path = tmp_path_factory.mktemp("yolo") / "tiny.pt"
    network.save(path)
    return path


@pytest.mark.parametrize("kind", TINY)
def test_an_image_tower_gives_the_same_as_in_torch(kind: str, tmp_path: Path) -> None:
    folder = saved(kind, tmp_path / kind)
    extractor = HubEmbedding(hub(tmp_path, folder))
    vectors = extractor.embed([p.pixels for p in PICTURES])
    with torch.inference_mode():
        batch = torch.from_numpy(prepared(extractor._processor, [p.pixels for p in PICTURES]))
        truth = image_tower(str(folder))(batch).numpy()
    np.testing.assert_allclose(vectors, truth / np.linalg.norm(truth, axis=1, keepdims=True), atol=1e-4)
    assert vectors.shape == (3, extractor.dimension) == (3, TINY[kind][1])
    assert extractor.embed([PICTURES[1].pixels])[0] == pytest.approx(vectors[1], abs=1e-4)


def test_fingerprints_differ_by_weights_only(tmp_path: Path) -> None:
    folders = [saved("dino", tmp_path / str(n) / "model", seed) for n, seed in enumerate((0, 0, 1))]
    one, same, other = (HubEmbedding(hub(tmp_path, folder)).fingerprint for folder in folders)
    assert one == same != other
    assert one.startswith("model@")


def test_the_detector_finds_what_its_own_library_finds(detector: Path, tmp_path: Path) -> None:
    settings = hub(detector.parent, "unused", detector).model_copy(update={"object_confidence": 0.3})
    embedding = HubEmbedding(settings.model_copy(update={"embedding_model": str(saved("dino", tmp_path / "dino"))}))
    whole = picture(photo(640, 480, 3))
    (found,) = HubObjects(settings, embedding).observe([whole], [None])  # type: ignore[list-item]
    (truth,) = plain_yolo(detector).predict(whole.pixels[..., ::-1], conf=0.3, verbose=False, rect=False)
    boxes = zip(truth.boxes.cls.tolist(), truth.boxes.xyxyn.tolist(), strict=True)
    theirs = [(truth.names[int(kind)], Box.of_corners(*corners)) for kind, corners in boxes]
    assert found
    for thing in found:
        assert max(thing.box.overlap(box) for name, box in theirs if name == thing.label) > 0.9
        assert present(thing.embedding).shape == (32,)


def test_the_whole_profile_runs(detector: Path, tmp_path: Path) -> None:
    settings = hub(detector.parent, saved("clip", tmp_path / "clip"), detector)
    feature_extractor = FeatureExtractor(extractors_of(settings))
    assert feature_extractor.dimensions() == {"embedding": 24, "products": 256, "joint": 24}
    assert feature_extractor.fingerprints()["objects"].startswith("tiny@")
    for seen in feature_extractor.extract(PICTURES, ["embedding", "objects", "colours"]):
        assert not seen.failures
        assert present(seen.embedding).shape == (24,)
        assert all(present(thing.embedding).shape == (24,) for thing in present(seen.objects))


def test_a_model_out_of_reach_is_named_with_its_setting_and_the_remedy(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    settings = hub(tmp_path, "nobody/no-such-model", tmp_path / "no-such.pt")
    embedding = HubEmbedding(settings)
    with pytest.raises(ConfigurationError, match=r"nobody/no-such-model.*OMMA_EMBEDDING_MODEL.*OMMA_PROFILE=packaged"):
        _ = embedding.fingerprint

    def fails(task: str, *_: object) -> None:
        raise subprocess.CalledProcessError(1, task, stderr="no network")

    monkeypatch.setattr(yolo, "run_task", fails)
    with pytest.raises(ConfigurationError, match=r"no-such\.pt.*OMMA_OBJECTS_MODEL.*OMMA_PROFILE=packaged"):
        _ = HubObjects(settings, embedding).fingerprint


def test_a_published_detector_is_fetched_once_and_kept(detector: Path, tmp_path: Path, monkeypatch: Any) -> None:
    fetched: list[str] = []

    def run_task(task: str, source: str, to: Path) -> None:
        fetched.append(source)
        to.write_bytes(detector.read_bytes())

    monkeypatch.setattr(yolo, "run_task", run_task)
    settings = hub(tmp_path, saved("dino", tmp_path / "dino"), "yolo11n.pt")
    marks = {HubObjects(settings, HubEmbedding(settings)).fingerprint for _ in range(2)}
    assert len(marks) == 1
    assert fetched == ["yolo11n.pt"]


def test_a_file_that_is_no_detector_is_a_failure_of_objects_alone(tmp_path: Path) -> None:
    (tmp_path / "wrong.pt").write_bytes(b"nothing of the kind")
    settings = hub(tmp_path, saved("dino", tmp_path / "dino"), tmp_path / "wrong.pt")
    (seen,) = FeatureExtractor(extractors_of(settings)).extract(PICTURES[:1], ["embedding", "objects"])
    assert seen.embedding is not None
    assert set(seen.failures) == {"objects"}
    assert "OMMA_OBJECTS_MODEL" in seen.failures["objects"]


def test_one_extractor_takes_a_model_by_name_and_the_others_stay_packaged(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, embedding_model=str(saved("dino", tmp_path / "dino")), device="cpu", threads=1)
    feature_extractor = FeatureExtractor(extractors_of(settings))
    (seen,) = feature_extractor.extract(PICTURES[:1], ["embedding"])
    assert seen.embedding is not None and seen.embedding.shape == (32,)
    assert feature_extractor.fingerprints()["embedding"].startswith("dino@")
    variants = {name: extractor.variant for name, extractor in feature_extractor.extractors.items()}
    assert variants.pop("embedding") == "hub" and set(variants.values()) == {"packaged"}


def test_a_model_of_an_extractor_that_has_no_such_variant_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMMA_PHASH_MODEL", "nobody/no-such-model")
    with pytest.raises(ConfigurationError, match=r"OMMA_PHASH_MODEL: extractor 'phash' has no variant 'hub'; it has packaged"):
        extractors_of(Settings(home=tmp_path))
