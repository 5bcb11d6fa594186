"""The life of a model: folders that never change, one in use, back by one command; nothing that is wrong stops a search."""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from ranking.fusion import Fusion
from ranking.learning.examples import by_side
from ranking.learning.learned import Recipe, fit
from ranking.learning.models import Card, Models
from ranking.learning.train import in_use
from ranking.selection import RankerSelector, in_words
from tests.ranking.candidate_sets import COLUMNS, FEATURES, examples

RECIPE = Recipe(features=FEATURES, trees=5)
SIDES = by_side(examples(60))
BOOSTER = fit(SIDES["train"], SIDES["validation"], RECIPE)
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def card(name: str, hours: int = 0) -> Card:
    return Card(id=name, made=BEGUN + timedelta(hours=hours), recipe=RECIPE, profile="packaged", data="0" * 64)


@pytest.fixture()
def settings(tmp_path: Path) -> Settings:
    """An installation without models."""
    return Settings(home=tmp_path)


@pytest.fixture()
def models(settings: Settings) -> Models:
    """Three models, none in use."""
    made = Models(settings)
    for hours, name in enumerate(["first", "second", "third"]):
        made.add(BOOSTER, card(name, hours))
    return made


def rankers(settings: Settings, columns: Sequence[str] = COLUMNS) -> RankerSelector:
    return RankerSelector(settings, lambda: columns)


def test_models_are_listed_latest_first_and_found_by_their_first_letters(models: Models) -> None:
    assert [found.id for found in models.list()] == ["third", "second", "first"]
    assert models.card("sec").id == "second"
    for wrong in ("", "fourth", "../first"):
        with pytest.raises(NotFoundError):
            models.card(wrong)


def test_a_model_is_never_written_twice(models: Models, settings: Settings) -> None:
    before = (settings.rank_folder / "first" / "card.json").read_bytes()
    assert models.add(BOOSTER, card("first", 9)).made == BEGUN
    assert (settings.rank_folder / "first" / "card.json").read_bytes() == before
    assert not [path for path in settings.rank_folder.iterdir() if path.name.startswith(".")]


def test_promoting_and_rolling_back(models: Models) -> None:
    assert models.state().current == ""
    models.promote("first")
    models.promote("second")
    assert models.promote("third").previous[:2] == ["second", "first"]
    assert models.rollback().current == "second"
    assert models.rollback().current == "first"
    models.rollback()
    with pytest.raises(NotFoundError, match="no model was in use before"):
        models.rollback()
    assert models.promote("fusion").current == "fusion"


def test_a_model_of_other_weights_is_not_used_and_two_commands_are_named(models: Models, settings: Settings) -> None:
    weights, index = {"embedding": "net@1", "text": "reader@1"}, {"embedding": "net@1"}
    models.add(BOOSTER, card("fitted", 9).model_copy(update={"weights": weights}))
    models.promote("fitted")
    running = RankerSelector(settings, lambda: COLUMNS, lambda: index)
    assert running.choose().model, "the index has no text: nothing differs"
    index["embedding"] = "net@2"
    found = running.choose()
    assert found.model is None, "a reindex is noticed without a restart"
    for part in ("fitted", "embedding", "`omma calibrate`", "`omma rank train --generate`"):
        assert part in found.warning
    assert isinstance(in_use(models, settings, index), Fusion), "a new model need not beat one that cannot be used"
    assert in_use(models, settings, {"embedding": "net@1"}).name == "fitted"


def test_what_orders_results_is_said_with_the_reason(models: Models, settings: Settings) -> None:
    metrics = {"lambdarank": {"NDCG@10": 0.71}, "fusion": {"NDCG@10": 0.65}}
    known = {"weights": {"embedding": "net@1"}, "examples": {"train": 900, "test": 100}, "metrics": metrics}
    models.add(BOOSTER, card("fitted", 9).model_copy(update=known))
    models.promote("fitted")
    said = in_words(settings, {"embedding": "net@1"})
    assert said.startswith("model fitted (promoted here), learned from 1,000 questions")
    assert "100 held-out ones 0.710, by rank fusion 0.650" in said
    assert in_words(settings, {"embedding": "net@2"}).startswith(
        "rank fusion: model fitted learned on an index of other weights"
    )
    assert "OMMA_RANKER" in in_words(settings.model_copy(update={"ranker": "fusion"}), {})
    models.promote("fusion")
    assert in_words(settings, {}) == "rank fusion: no model is in use"
    (settings.rank_folder / "state.json").write_text("{")
    assert "is damaged" in in_words(settings, {})


def test_what_is_promoted_is_taken_up_without_restart(models: Models, settings: Settings) -> None:
    running = rankers(settings)
    assert running.choose().model is None
    models.promote("first")
    assert running.choose().model and running.choose().model.name == "first"  # type: ignore[union-attr]
    models.promote("second")
    assert running.choose().model.name == "second"  # type: ignore[union-attr]
    models.rollback()
    assert running.choose().model.name == "first"  # type: ignore[union-attr]
    models.promote("fusion")
    assert running.choose().model is None and not running.choose().warning


def test_readers_never_see_half_a_change(models: Models, settings: Settings) -> None:
    models.promote("first")
    stop, seen = threading.Event(), []

    def read() -> None:
        running = rankers(settings)
        while not stop.is_set():
            choice = running.choose()
            seen.append((choice.model.name if choice.model else "", choice.warning))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        models.promote(["first", "second", "third"][number % 3])
    stop.set()
    reader.join()
    assert {name for name, _ in seen} <= {"first", "second", "third"} and not any(warning for _, warning in seen)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "model.txt").write_text("tree\n"), "damaged"),
        (lambda folder: (folder / "model.txt").unlink(), "cannot be read"),
        (lambda folder: (folder / "card.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "card.json").unlink(), "no card"),
    ],
)
def test_a_model_that_cannot_be_used_is_told_and_fusion_answers(
    models: Models, settings: Settings, harm: object, message: str
) -> None:
    models.promote("first")
    harm(settings.rank_folder / "first")  # type: ignore[operator]
    choice = rankers(settings).choose()
    assert choice.model is None and "rank fusion" in choice.warning and message in choice.warning
    with pytest.raises(ConfigurationError):
        models.promote("first")


def test_a_model_stays_in_use_beside_features_that_it_does_not_know(models: Models, settings: Settings) -> None:
    models.promote("first")
    selector = rankers(settings, ["lying", "similar", "landmarks"])
    choice = selector.choose()
    assert choice.model is not None and choice.model.name == "first" and not choice.warning
    assert selector.news() == "first was learned without landmarks and ignores it; `omma rank train` learns it"
    assert selector.news() == "", "it is said once"


def test_trees_and_card_must_agree(models: Models, settings: Settings) -> None:
    path = settings.rank_folder / "first" / "card.json"
    card = json.loads(path.read_text())
    card["recipe"]["features"]["columns"] = ["lying", "similar", "other"]
    path.write_text(json.dumps(card))
    with pytest.raises(ConfigurationError, match=r"other features: .*other"):
        models.load("first")


def test_a_damaged_state_is_told_and_can_be_written_anew(models: Models, settings: Settings) -> None:
    (settings.rank_folder / "state.json").write_text("{")
    assert "state.json is damaged" in rankers(settings).choose().warning
    assert models.promote("first").current == "first"
    assert rankers(settings).choose().model


def test_a_model_that_is_too_slow_rests(models: Models, settings: Settings) -> None:
    models.promote("first")
    running = rankers(settings)
    running.took("first", settings.rank_patience - 1)
    assert running.choose().model
    for milliseconds in (1, 1, 0, 1, 1):
        running.took("first", settings.rank_patience + milliseconds)
        assert running.choose().model, "a busy moment is forgiven"
    running.took("first", settings.rank_patience + 1)
    choice = running.choose()
    assert choice.model is None and "too slow" in choice.warning


def test_settings_choose_fusion_or_insist_on_a_model(settings: Settings, models: Models) -> None:
    models.promote("first")
    assert rankers(settings.model_copy(update={"ranker": "fusion"})).choose().model is None
    models.promote("fusion")
    (settings.rank_folder / "state.json").unlink()
    assert "no model is in use" in rankers(settings.model_copy(update={"ranker": "model"})).choose().warning
    assert not rankers(settings).choose().warning


def test_a_challenger_shares_searches_until_it_is_withdrawn(models: Models, settings: Settings) -> None:
    models.promote("first")
    running = rankers(settings)
    models.challenge("second")
    choice = running.choose()
    assert choice.compared and choice.challenger and choice.challenger.name == "second"
    models.challenge("fusion")
    assert running.choose().compared and running.choose().challenger is None
    models.challenge("")
    assert not running.choose().compared
