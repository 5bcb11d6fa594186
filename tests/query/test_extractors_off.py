"""Extractors switched off, with the real models on the live server: nothing of them looks, nothing else is missed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import ConfigurationError, WeightsMismatchError
from engine.settings import Settings, get_settings
from evaluation.collection import Collection
from evaluation.datasets import Known
from factors.registry import FactorRegistry
from ingest import reextraction
from ingest.reindex import plan, reindex
from mappings.versions import alias, meta
from query.answer import Answer
from query.document import show
from query.request import SearchRequest
from tests.vision.drawing import encoded, photo, sign
from vision.feature_extractor import FeatureExtractor, get_feature_extractor
from vision.models import listed
from vision.registry import extractors_of, switched_off

WORDS = "BOSCH 4711"
Switch = Callable[[str], Settings]


@pytest.fixture()
def switch(live_settings: Settings, models_home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switch]:
    """Settings with these extractors off, which are those of the process too."""

    def switched(names: str) -> Settings:
        monkeypatch.setenv("OMMA_EXTRACTORS_OFF", names)
        get_settings.cache_clear()
        changes = {"home": models_home.home, "threads": 1, "ocr_languages": "eng", "ranker": "fusion", "text_threshold": 0.0}
        return live_settings.model_copy(update=changes | {"extractors_off": get_settings().extractors_off})

    yield switched
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture()
def files(tmp_path: Path) -> list[Path]:
    """A sign, and photos."""
    paths = []
    for number, image in enumerate((sign(WORDS), *(photo(seed=seed) for seed in range(3)))):
        paths.append(tmp_path / f"{number}.png")
        image.save(paths[-1])
    return paths


def collection(settings: Settings, files: list[Path], texts: bool = True) -> Collection:
    made = Collection("off", settings)
    made.add([Known(path, "shop", texts=(f"picture {path.stem}",)) for path in files], texts=int(texts))
    return made


def changed(path: Path) -> bytes:
    """The picture as other bytes."""
    return encoded(Image.open(path).convert("RGB"), "JPEG", quality=92)


def other_warnings(answer: Answer) -> list[str]:
    """Warnings but those of the calibration, which was made with another gate."""
    return [warning for warning in answer.warnings if not warning.startswith("calibrated for")]


def document(made: Collection, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = made.client.get(index=alias(made.settings), id=made.ids[path])["_source"]
    return found


def test_every_extractor_of_the_profile_can_be_off_alone(models_home: Settings) -> None:
    every = [extractor.name for extractor in extractors_of(models_home)]
    for name in every:
        settings = models_home.model_copy(update={"extractors_off": (name,)})
        off, feature_extractor = switched_off(settings), FeatureExtractor(extractors_of(settings))
        assert name in off and set(feature_extractor.extractors) == set(every) - set(off)
        for other in feature_extractor.extractors.values():
            assert not {*other.needs, *other.borrows} & set(off), "what needs it is off as well"


def test_a_name_that_no_extractor_has_is_told_with_the_list(models_home: Settings) -> None:
    with pytest.raises(ConfigurationError, match="OMMA_EXTRACTORS_OFF names no extractor: smell; there are backbone, "):
        extractors_of(models_home.model_copy(update={"extractors_off": ("smell",)}))


def test_what_is_off_and_why_is_listed(models_home: Settings) -> None:
    models = {model.extractor: model for model in listed(models_home.model_copy(update={"extractors_off": ("backbone",)}))}
    assert models["backbone"].off == "OMMA_EXTRACTORS_OFF" and models["labels"].off == "needs backbone"
    assert models["objects"].off == "needs embedding" and not models["phash"].off


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
@pytest.mark.parametrize("name", ["embedding", "text", "objects"])
def test_an_index_made_while_a_extractor_is_off_answers_and_is_completed_later(
    name: str, switch: Switch, files: list[Path]
) -> None:
    settings = switch(name)
    off, factors = set(switched_off(settings)), FactorRegistry.of(settings)
    without = {factor.name for factor in factors.every} - {factor.name for factor in factors.active}
    assert name in off and without and all(off & set(factors.by_name(factor).reads) for factor in without)
    made = collection(settings, files)
    try:
        feature_extractor = get_feature_extractor(settings)
        assert name not in feature_extractor.extractors and not without & set(meta(made.client, made.settings)["factors"])
        kept = document(made, files[0])
        assert kept["missing"] == [] and not [token for token in kept["weights"] if token.startswith(f"{name}=")]
        own = {
            field
            for factor in without
            for field in factors.by_name(factor).fields(get_feature_extractor(switch("")).dimensions())
        }
        switch(name)
        assert not own & set(kept)
        answer = made.searcher().search(SearchRequest(image=changed(files[1]), text="picture"))
        assert answer.results and not other_warnings(answer)
        assert not without & {column.partition(".")[0] for result in answer.results for column in result.factors}

        on = switch("")
        back = Collection("off", on)
        answer = back.searcher().search(SearchRequest(image=changed(files[1]), text="picture", no_cutoff=True))
        assert answer.results and any("the index was made without" in warning for warning in answer.warnings)
        with pytest.raises(WeightsMismatchError, match="the index was made without"):
            back.add([Known(files[0], "again")])
        planned = plan(back.client, back.settings, get_feature_extractor(on))
        assert planned.needed and set(planned.added) == without
        counts = reindex(back.client, back.settings, get_feature_extractor(on), grace=0.0)
        assert (counts.extracted, counts.failed) == (len(files), 0)
        answer = back.searcher().search(SearchRequest(image=changed(files[0]), text=WORDS.casefold(), no_cutoff=True))
        assert not [warning for warning in answer.warnings if "made without" in warning]
        assert show(back.context, made.ids[files[0]]).weights[name]
    finally:
        made.remove()


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
@pytest.mark.parametrize("name", ["embedding", "text", "objects"])
def test_an_index_made_while_it_was_on_stays_usable_and_keeps_what_it_has(name: str, switch: Switch, files: list[Path]) -> None:
    on = switch("")
    made = collection(on, files[:3])
    try:
        before = document(made, files[0])
        settings = switch(name)
        later = Collection("off", settings)
        later.add([Known(path, "later") for path in files])
        assert later.count() == len(files)
        merged = document(later, files[0]) if files[0] in later.ids else {}
        assert merged["collections"] == ["later", "shop"]
        assert {field: merged.get(field) for field in before if field in ("similar", "ocr", "objects")} == {
            field: before[field] for field in before if field in ("similar", "ocr", "objects")
        }
        answer = later.searcher().search(SearchRequest(image=changed(files[1]), no_cutoff=True))
        assert answer.results[0].id == made.ids[files[1]] and not other_warnings(answer)
        like = later.searcher().search(SearchRequest(like=made.ids[files[1]], no_cutoff=True))
        assert like.results and not other_warnings(like)

        back = Collection("off", switch(""))
        feature_extractor = get_feature_extractor(switch(""))
        assert plan(back.client, back.settings, feature_extractor).strays == 1, "the one that came while it was off"
        planned = reextraction.plan(back.client, back.settings, feature_extractor, name, only_failed=True)
        assert planned.documents == 1
        assert reextraction.reextract(back.client, back.settings, feature_extractor, planned).extracted == 1
        back.client.indices.refresh(index=alias(back.settings))
        assert plan(back.client, back.settings, feature_extractor).strays == 0
    finally:
        made.remove()


@pytest.mark.models
def test_without_its_gate_a_extractor_looks_at_everything(models_home: Settings) -> None:
    settings = models_home.model_copy(update={"extractors_off": ("text_presence",), "text_threshold": 1.0})
    from vision.picture import decode  # noqa: PLC0415

    picture = decode(encoded(sign(WORDS)), settings)
    (seen,) = FeatureExtractor(extractors_of(settings)).extract([picture], ["text"])
    assert seen.text is not None and "BOSCH" in " ".join(seen.text.lines)
