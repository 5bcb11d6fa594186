"""The graph of extractors: order, gates, failures that stay where they happen, threads."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.vision.drawing import photo, picture
from vision.extractor import Extractor
from vision.feature_extractor import FeatureExtractor, get_feature_extractor
from vision.image_features import ImageFeatures
from vision.picture import Picture

PICTURES = [picture(photo(32, 32, seed)) for seed in range(4)]


class Counting(Extractor[Any]):
    """Gives a fixed output, and counts."""

    sees: ClassVar[Any] = 1

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.loads = 0
        self.batches: list[int] = []

    @property
    def fingerprint(self) -> str:
        return f"{self.name}@1"

    def _load(self) -> None:
        self.loads += 1

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
        self.batches.append(len(pictures))
        return [self.sees] * len(pictures)


class Hash(Counting):
    name = "phash"


class Presence(Counting):
    name = "text_presence"
    needs = ("phash",)
    sees = 0.5


class Reader(Counting):
    """Returns the output of the gate."""

    name = "text"
    gate = "text_presence"

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
        return [p.text_presence for p in seen]


class Colours(Counting):
    name = "colours"
    sees = ()


class Fragile(Hash):
    """Fails for one picture, and for a batch with it."""

    dislikes = PICTURES[2].id

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
        self.batches.append(len(pictures))
        if any(p.id == self.dislikes for p in pictures):
            raise ValueError("too strange")
        return [7] * len(pictures)


class Absent(Counting):
    name = "colours"

    def _load(self) -> None:
        self.loads += 1
        raise ConfigurationError("the model is not here")


def test_each_extractor_runs_once_per_batch_in_order_of_needs(settings: Settings) -> None:
    extractors = [Reader(settings), Presence(settings), Hash(settings)]
    seen = FeatureExtractor(extractors).extract(PICTURES)
    assert [(p.picture_id, p.phash, p.text_presence, p.of("text")) for p in seen] == [(p.id, 1, 0.5, 0.5) for p in PICTURES]
    assert extractors[2].batches == [4]


def test_only_the_extractors_asked_for_and_those_they_need_run_and_load(settings: Settings) -> None:
    extractors = [Hash(settings), Presence(settings), Reader(settings), Colours(settings)]
    (seen,) = FeatureExtractor(extractors).extract(PICTURES[:1], ["text_presence"])
    assert (seen.phash, seen.text_presence, seen.text, seen.colours) == (1, 0.5, None, None)
    assert [extractor.loads for extractor in extractors] == [1, 1, 0, 0]


def test_a_model_loads_once_and_warming_up_loads_it(settings: Settings) -> None:
    extractor = Hash(settings)
    feature_extractor = FeatureExtractor([extractor])
    feature_extractor.warm_up()
    assert extractor.loads == 1
    feature_extractor.extract(PICTURES)
    assert extractor.loads == 1


def test_a_failing_picture_is_found_and_harms_no_other(settings: Settings) -> None:
    seen = FeatureExtractor([Fragile(settings), Colours(settings)]).extract(PICTURES)
    assert [p.phash for p in seen] == [7, 7, None, 7]
    assert [dict(p.failures) for p in seen] == [{}, {}, {"phash": "ValueError: too strange"}, {}]
    assert all(p.colours == () for p in seen)


def test_an_extractor_fails_with_one_that_it_needs_but_not_with_its_gate(settings: Settings) -> None:
    seen = FeatureExtractor([Fragile(settings), Presence(settings), Reader(settings)]).extract(PICTURES)
    assert set(seen[2].failures) == {"phash", "text_presence"}
    assert [p.of("text") for p in seen] == [0.5, 0.5, None, 0.5]
    assert "phash" in seen[2].failures["text_presence"]


def test_a_missing_model_fails_once_per_batch_and_is_not_tried_for_each_picture(settings: Settings) -> None:
    extractor = Absent(settings)
    seen = FeatureExtractor([extractor]).extract(PICTURES)
    assert {p.failures["colours"] for p in seen} == {"ConfigurationError: the model is not here"}
    assert extractor.loads == 1


def test_a_missing_model_does_not_stop_warming_up(settings: Settings) -> None:
    good = Hash(settings)
    FeatureExtractor([Absent(settings), good]).warm_up()
    assert good.loads == 1


def test_an_extractor_that_loses_a_picture_is_an_error_not_a_shift(settings: Settings) -> None:
    class Lossy(Hash):
        def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
            return [9] * (len(pictures) - 1)

    seen = FeatureExtractor([Lossy(settings)]).extract(PICTURES)
    assert all("gave 0 outputs for 1" in p.failures["phash"] for p in seen)


def test_cyclic_and_missing_needs_are_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="text_presence"):
        FeatureExtractor([Presence(settings)])


def test_an_unknown_extractor_is_refused_with_the_list(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"no such extractor: smell.*phash"):
        FeatureExtractor([Hash(settings)]).extract(PICTURES, ["smell"])


def test_no_images_give_no_features(settings: Settings) -> None:
    assert FeatureExtractor([Hash(settings)]).extract([]) == []


def test_threads_share_one_model_and_every_picture_is_counted(settings: Settings) -> None:
    extractor, together = Hash(settings), threading.Barrier(4)
    feature_extractor = FeatureExtractor([extractor])

    def look() -> list[ImageFeatures]:
        together.wait()
        return feature_extractor.extract(PICTURES)

    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(look) for _ in range(4)]]
    assert extractor.loads == 1
    assert all([p.picture_id for p in answer] == [p.id for p in PICTURES] for answer in answers)
    assert feature_extractor.extracted == 16
    assert feature_extractor.timings["phash"] > 0


def test_a_process_has_one_feature_extractor_per_choice_of_models(settings: Settings) -> None:
    other_page = settings.model_copy(update={"web_port": 1})
    other_models = settings.model_copy(update={"object_confidence": 0.9})
    assert get_feature_extractor(settings) is get_feature_extractor(other_page)
    assert get_feature_extractor(settings) is not get_feature_extractor(other_models)


class Loaded(Counting):
    """Its model is an attribute that loading sets."""

    name = "phash"

    def _load(self) -> None:
        self.loads += 1
        self.model = object()


def test_an_idle_model_is_freed_and_loaded_again_when_it_is_needed(settings: Settings) -> None:
    extractor = Loaded(settings)
    feature_extractor = FeatureExtractor([extractor])
    feature_extractor.extract(PICTURES[:1])
    assert feature_extractor.unload_idle(3600) == [] and extractor.is_loaded, "it was used a moment ago"
    assert feature_extractor.unload_idle() == ["phash"]
    assert not extractor.is_loaded and not hasattr(extractor, "model")
    assert feature_extractor.extract(PICTURES[:1])[0].phash == 1 and extractor.loads == 2


def test_a_model_in_use_is_not_freed(settings: Settings) -> None:
    extractor = Loaded(settings)
    with extractor.in_use():
        assert not extractor.unload()
    assert extractor.unload()


def test_idle_models_are_freed_if_the_setting_asks_for_it(settings: Settings) -> None:
    extractor, freed = Loaded(settings), threading.Event()
    unload = extractor.unload

    def noticed(idle: float = 0.0) -> bool:
        done = unload(idle)
        if done:
            freed.set()
        return done

    extractor.unload = noticed  # type: ignore[method-assign]
    FeatureExtractor([extractor], idle=0.05).extract(PICTURES[:1])
    assert freed.wait(20) and not extractor.is_loaded
