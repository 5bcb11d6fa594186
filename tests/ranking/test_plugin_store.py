"""A model in the plugin's store: in its form, under names that never change; whoever has no plugin is told what is missing."""

import json
import re
from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from ranking.candidate_set import QueryFeatures
from ranking.learning.features import QUESTION, FeatureSet
from ranking.learning.learned import Learned, Recipe, fit
from ranking.plugin.featureset import constants_of, feature_set, lift, model_body, name_of, params
from ranking.plugin.upload import Export, export, has_plugin, upload, write
from tests.factors.scenes import FACTORS
from tests.ranking.candidate_sets import COLUMNS, FEATURES, examples
from tests.ranking.plugin_reference import read, score
from tests.ranking.plugin_server import Server

PLAIN = FeatureSet(columns=COLUMNS, listwise=False)


@pytest.fixture(scope="module")
def learned() -> Learned:
    answered = examples(80)
    return Learned("20260101-000000-abc", PLAIN, fit(answered[:60], answered[60:], Recipe(features=PLAIN, trees=15)))


def test_every_column_of_the_factors_is_a_feature_with_a_name_of_its_own() -> None:
    body = feature_set("omma-1", FACTORS.feature_names(), QUESTION)["featureset"]
    names = [feature["name"] for feature in body["features"]]
    assert names == [name_of(name) for name in (*FACTORS.feature_names(), *QUESTION)]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    for feature in body["features"]:
        assert set(feature) == {"name", "params", "template_language", "template"}
        assert feature["template_language"] == "mustache" and isinstance(feature["template"], str)
    required = [feature["params"] for feature in body["features"]]
    assert required == [[]] * len(FACTORS.feature_names()) + [[name_of(name)] for name in QUESTION]


def test_names_that_would_become_one_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"ocr\.words and ocr_words would both be called ocr_words"):
        feature_set("omma-1", ["ocr.words", "ocr_words"], [])


def test_constants_tell_what_kind_of_question_it_is() -> None:
    constants = constants_of(QueryFeatures(intent="part", category="animal", words=3))
    assert set(constants) == set(QUESTION)
    ones = {name for name, value in constants.items() if value == 1}
    assert ones == {"question@picture", "question@part", "question@is_animal"} and constants["question@words"] == 3


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_no_query_can_score_is_refused(value: float) -> None:
    with pytest.raises(ConfigurationError, match="question@words"):
        params({}, {"question@words": value})


def test_the_model_speaks_of_the_features_of_its_set(learned: Learned) -> None:
    made = export(learned)
    model = read(made.model)
    there = {feature["name"] for feature in made.featureset["featureset"]["features"]}
    asked = {name for tree in model.splits for name in tree.features()}
    assert asked and asked <= there
    assert made.name == "omma-20260101-000000-abc" == made.model["model"]["name"] == made.featureset["featureset"]["name"]


def test_the_order_of_a_question_is_that_of_our_process(learned: Learned) -> None:
    made, candidate_set = export(learned), examples(100)[91].candidate_set
    model = read(made.model)
    asked = constants_of(candidate_set.query_features)
    for ranked in learned.order(candidate_set):
        row = {name_of(name): value for name, value in (candidate_set.table[ranked.id] | asked).items()}
        assert score(model, row, reads_missing=False) - lift(made.model) == pytest.approx(ranked.score, abs=1e-5)


def test_list_context_is_refused_with_the_way_out() -> None:
    answered = examples(80)
    listwise = Learned("wide", FEATURES, fit(answered[:60], answered[60:], Recipe(features=FEATURES, trees=15)))
    with pytest.raises(ConfigurationError, match=r"cannot compute .*@.*omma rank train --plain"):
        export(listwise)
    with pytest.raises(ConfigurationError, match="cannot compute lying"):
        model_body(
            "m",
            ("similar", "words", *QUESTION),
            Learned("m", PLAIN, fit(answered[:60], answered[60:], Recipe(features=PLAIN))).booster,
        )


def test_a_model_is_put_once(learned: Learned) -> None:
    server, made = Server(), export(learned)
    upload(server, made)  # type: ignore[arg-type]
    assert server.written == ["/_ltr/omma", f"/_ltr/omma/_featureset/{made.name}", f"/_ltr/omma/_model/{made.name}"]
    upload(server, made)  # type: ignore[arg-type]
    assert len(server.written) == 3, "nothing is sent again"


def test_another_model_under_the_same_name_is_told(learned: Learned) -> None:
    server, made = Server(), export(learned)
    upload(server, made)  # type: ignore[arg-type]
    other = json.loads(json.dumps(made.model))
    other["model"]["model"]["definition"] = other["model"]["model"]["definition"].replace("rank:ndcg", "rank:map")
    with pytest.raises(ConfigurationError, match=r"another model 'omma-.*delete that one"):
        upload(server, Export(made.name, made.featureset, other))  # type: ignore[arg-type]


def test_a_server_without_the_plugin_or_too_old_is_told(learned: Learned) -> None:
    without = Server(plugin=False)
    assert not has_plugin(without)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"opensearch-ltr.*embedded server"):
        upload(without, export(learned))  # type: ignore[arg-type]
    old = Server("2.19.1")
    with pytest.raises(ConfigurationError, match=r"2\.19\.1 takes missing values for zero"):
        upload(old, export(learned))  # type: ignore[arg-type]
    assert not old.written


def test_the_files_hold_what_is_sent(learned: Learned, tmp_path: Path) -> None:
    made = export(learned)
    folder = write(tmp_path / "out", made)
    assert json.loads((folder / "featureset.json").read_text()) == made.featureset
    assert json.loads((folder / "model.json").read_text()) == made.model
    readme = (folder / "README.md").read_text()
    assert f"`PUT /_ltr/omma/_featureset/{made.name}`" in readme
    assert f"`POST /_ltr/omma/_featureset/{made.name}/_createmodel`" in readme


@pytest.mark.parametrize("name", ["a b", "a/b", "ü"])
def test_a_name_that_no_address_can_hold_is_refused(learned: Learned, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a name"):
        export(Learned(name, PLAIN, learned.booster))
