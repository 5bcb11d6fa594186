"""Taking a model into use: where the engine ranks, training makes models that it can hold, and others are refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from engine.settings import Settings
from factors.registry import FactorRegistry
from ranking.fusion import NAME as FUSION
from ranking.learning import train
from ranking.learning.examples import by_side
from ranking.learning.features import FeatureSet
from ranking.learning.learned import Recipe, fit
from ranking.learning.models import Card, Models, promote_model, roll_back_model
from ranking.plugin.upload import model_name
from ranking.selection import RankerSelector
from tests.ranking.candidate_sets import COLUMNS, FEATURES, examples
from tests.ranking.plugin_server import Server

EXAMPLES = examples(120)
SIDES = by_side(EXAMPLES)
WIDE, PLAIN = FEATURES, FeatureSet(columns=COLUMNS, listwise=False)
OTHER = FeatureSet(columns=(*COLUMNS[:-1], "smell"), listwise=False)


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation's features are those of the made-up examples."""
    monkeypatch.setattr(FactorRegistry, "feature_names", lambda _: COLUMNS)


@pytest.fixture()
def in_engine(tmp_path: Path) -> Settings:
    """An installation whose ranker is the engine, with three models: list-wise, plain, and of other features."""
    settings = Settings(home=tmp_path, ranker="sltr")
    for name, features in (("wide", WIDE), ("plain", PLAIN), ("other", OTHER)):
        recipe = Recipe(features=features, trees=5)
        card = Card(id=name, made=datetime.now(UTC), recipe=recipe, profile="packaged", data="0" * 64)
        Models(settings).add(fit(SIDES["train"], SIDES["validation"], recipe), card)
    return settings


def test_a_model_that_the_engine_cannot_hold_is_refused_with_the_mend(in_engine: Settings) -> None:
    server = Server()
    mend = r"model wide cannot be used with OMMA_RANKER=sltr.*omma rank train --plain.*OMMA_RANKER=model"
    with pytest.raises(ConfigurationError, match=mend):
        promote_model("wide", in_engine, lambda _: server)  # type: ignore[arg-type, return-value]
    assert not server.written and not Models(in_engine).state().current
    elsewhere = in_engine.model_copy(update={"ranker": "model"})
    assert promote_model("wide", elsewhere).current == "wide", "our own process orders by it"
    promote_model(FUSION, in_engine)
    with pytest.raises(ConfigurationError, match=mend):
        roll_back_model(in_engine)
    assert Models(in_engine).state().current == FUSION


def test_a_promoted_model_is_in_the_engine(in_engine: Settings) -> None:
    server = Server()
    assert promote_model("plain", in_engine, lambda _: server).current == "plain"  # type: ignore[arg-type, return-value]
    assert f"/_ltr/omma/_model/{model_name('plain')}" in server.written
    choice = RankerSelector(in_engine, lambda: COLUMNS).choose()
    assert choice.model and choice.in_engine and not choice.warning


def test_without_the_plugin_nothing_is_promoted(in_engine: Settings) -> None:
    without = Server(plugin=False)
    with pytest.raises(ConfigurationError, match="opensearch-ltr"):
        promote_model("plain", in_engine, lambda _: without)  # type: ignore[arg-type, return-value]
    assert not Models(in_engine).state().current
    assert promote_model(FUSION, in_engine).current == FUSION, "rank fusion needs none"


@pytest.mark.parametrize("ranker", ["auto", "sltr"])
def test_a_model_of_other_features_is_used_and_ignores_those_it_was_learned_without(in_engine: Settings, ranker: str) -> None:
    settings, server = in_engine.model_copy(update={"ranker": ranker}), Server()
    assert promote_model("other", settings, lambda _: server).current == "other"  # type: ignore[arg-type, return-value]
    selector = RankerSelector(settings, lambda: COLUMNS)
    choice = selector.choose()
    assert choice.model and choice.model.name == "other" and not choice.warning
    assert f"other was learned without {COLUMNS[-1]} and ignores it" in selector.news()


def test_training_for_the_engine_makes_a_model_that_it_holds(in_engine: Settings) -> None:
    Models(in_engine).promote("wide")  # as a version before this rule would have
    server = Server()
    said: list[str] = []
    made = train.retrain(EXAMPLES, in_engine, tell=said.append, connected=lambda _: server)  # type: ignore[arg-type, return-value]
    assert not made.card.recipe.features.listwise and made.card.verdict and made.card.verdict.passed
    assert made.card.verdict.against == FUSION, "searches were ordered by rank fusion"
    assert f"/_ltr/omma/_model/{model_name(made.card.id)}" in server.written
    assert Models(in_engine).state().current == made.card.id and f"in use: {made.card.id}" in said


def test_training_for_the_engine_says_at_once_that_there_is_no_plugin(in_engine: Settings) -> None:
    before = {card.id for card in Models(in_engine).list()}
    with pytest.raises(ConfigurationError, match="opensearch-ltr"):
        train.retrain(EXAMPLES, in_engine, tell=print, connected=lambda _: Server(plugin=False))  # type: ignore[arg-type, return-value]
    assert {card.id for card in Models(in_engine).list()} == before


def test_training_for_our_own_process_reads_the_whole_list(tmp_path: Path) -> None:
    made = train.retrain(EXAMPLES, Settings(home=tmp_path), tell=lambda _: None)
    assert made.card.recipe.features.listwise and Models(Settings(home=tmp_path)).state().current == made.card.id
