"""Extractors of plugins: which run, in which variant, and which are reported and left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.vision.drawing import photo, picture
from vision.feature_extractor import FeatureExtractor
from vision.registry import registered

TEMPLATE = """
from omma_plugin import Extractor


class {kind}(Extractor[float]):
    name = "{name}"
    variant = "{variant}"
    needs = {needs}
    fingerprint = property(lambda self: {fingerprint})

    def _observe(self, pictures, seen):
        return [{output} for picture in pictures]
"""


def text(**parts: str) -> str:
    usual = {"kind": "Part", "name": "light", "variant": "packaged", "needs": "()", "fingerprint": "'light@1'", "output": "0.5"}
    return TEMPLATE.format(**usual | parts)


@pytest.fixture()
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "plugins"
    path.mkdir()
    yield path


def test_an_output_of_a_plugin_is_read_by_its_name(settings: Settings, folder: Path) -> None:
    (folder / "light.py").write_text(text())
    found = registered(settings.model_copy(update={"plugin_path": (folder,)}))
    assert found.broken == () and "light" in {extractor.name for extractor in found.running}
    (seen,) = FeatureExtractor(found.running).extract([picture(photo(32, 32, 1))], ["light"])
    assert seen.of("light") == 0.5 and not seen.failures


def test_a_setting_chooses_between_two_variants(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "one.py").write_text(text())
    (folder / "two.py").write_text(text(variant="hub", fingerprint="'big-light@1'"))
    here = settings.model_copy(update={"plugin_path": (folder,)})
    marks = {extractor.name: extractor.fingerprint for extractor in registered(here).running}
    assert marks["light"] == "light@1"
    monkeypatch.setenv("OMMA_LIGHT_MODEL", "any/name")
    marks = {extractor.name: extractor.fingerprint for extractor in registered(here).running}
    assert marks["light"] == "big-light@1"


BROKEN = {
    "import": ("import nothing_of_that_name", "ModuleNotFoundError"),
    "taken": (text(name="phash"), "an extractor 'phash' exists already"),
    "needs": (text(needs="('smell',)"), "needs smell, which no extractor gives"),
    "fingerprint": (text(fingerprint="1 / 0"), "ZeroDivisionError"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_plugin_is_reported_and_the_others_run(settings: Settings, folder: Path, what: str) -> None:
    body, why = BROKEN[what]
    (folder / "wrong.py").write_text(body)
    (folder / "good.py").write_text(text(name="good"))
    found = registered(settings.model_copy(update={"plugin_path": (folder,)}))
    assert {"good", "phash", "embedding"} <= {extractor.name for extractor in found.running}
    (broken,) = found.broken
    assert "wrong.py" in broken.origin and why in broken.reason


def test_one_that_fails_on_an_image_is_recorded_with_its_name(settings: Settings, folder: Path) -> None:
    (folder / "light.py").write_text(text(output="1 / (picture.width - 32)"))
    found = registered(settings.model_copy(update={"plugin_path": (folder,)}))
    small, large = FeatureExtractor(found.running).extract([picture(photo(32, 32, 1)), picture(photo(64, 32, 1))], ["light"])
    assert small.failures == {"light": "ZeroDivisionError: division by zero"} and large.of("light") == 1 / 32


def test_a_setting_that_switches_off_an_unknown_extractor_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="OMMA_EXTRACTORS_OFF names no extractor: smell"):
        registered(settings.model_copy(update={"extractors_off": ("smell",)}))
