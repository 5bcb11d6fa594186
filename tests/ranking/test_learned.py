"""Learning from questions whose answer is known: better than fusion, explained to the last bit."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigurationError
from engine.settings import Settings
from ranking.candidate_set import CandidateSet, Ranked
from ranking.fusion import Fusion
from ranking.learning import examples as files
from ranking.learning.examples import Example, by_side, digest, useful
from ranking.learning.features import FeatureSet
from ranking.learning.learned import Learned, Recipe, fit, question_weights
from ranking.learning.measures import candidate_recall, compare, interval, judge, measure, ndcg, ordered_by
from ranking.learning.models import Models
from ranking.learning.train import train
from tests.ranking.candidate_sets import COLUMNS, FEATURES, examples

SIDES = by_side(examples())


@pytest.fixture(scope="module")
def model() -> Learned:
    recipe = Recipe(features=FEATURES, trees=60)
    return Learned("made-up", FEATURES, fit(SIDES["train"], SIDES["validation"], recipe))


def test_it_learns_not_to_believe_the_column_that_lies(model: Learned) -> None:
    verdict = judge(model, Fusion(), SIDES["test"], slice_fall=0.03)
    assert verdict.passed and verdict.after > verdict.before + 0.1 and verdict.p < 0.01
    assert {s.name for s in verdict.slices} >= {"intent: picture", "intent: picture and words", "category: animal"}


def test_who_is_worse_is_refused_with_reasons(model: Learned) -> None:
    verdict = judge(Fusion(), model, SIDES["test"], slice_fall=0.03)
    assert not verdict.passed
    assert any("NDCG@10 falls" in reason for reason in verdict.reasons)
    assert any("intent: picture" in reason for reason in verdict.reasons)
    assert not judge(model, Fusion(), [], slice_fall=0.03).passed, "without held-out questions nobody is promoted"


def test_a_slice_that_falls_too_far_keeps_a_better_model_out(model: Learned) -> None:
    # Good on the whole, but it turns the order round for questions with words.
    class Half:
        name = "half"

        def order(self, candidate_set: CandidateSet) -> list[Ranked]:
            ranked = model.order(candidate_set)
            return ranked[::-1] if candidate_set.query_features.words else ranked

        contributions = model.contributions

    held_out = by_side(examples(400))["test"]
    with_words = [example for example in held_out if example.candidate_set.query_features.words][:12]
    mostly_pictures = [example for example in held_out if not example.candidate_set.query_features.words] + with_words
    verdict = judge(Half(), Fusion(), mostly_pictures, slice_fall=0.03)
    assert verdict.after > verdict.before and not verdict.passed
    assert verdict.reasons and all("picture and words" in reason for reason in verdict.reasons)


def test_one_question_that_falls_is_chance(model: Learned) -> None:
    held_out = by_side(examples(400))["test"]
    turned = next(example for example in held_out if example.candidate_set.query_features.words).candidate_set

    class Unlucky:
        name = "unlucky"

        def order(self, candidate_set: CandidateSet) -> list[Ranked]:
            ranked = model.order(candidate_set)
            return ranked[::-1] if candidate_set == turned else ranked

        contributions = model.contributions

    with_words = [example for example in held_out if example.candidate_set.query_features.words]
    verdict = judge(Unlucky(), model, [e.model_copy(update={"set": "small"}) for e in with_words[:8]], slice_fall=0.03)
    small = next(s for s in verdict.slices if s.name == "set: small")
    assert small.before - small.after > 0.03 and small.p > 0.05
    assert not any("small" in reason for reason in verdict.reasons), "only the whole counts then"


def test_parts_of_a_score_add_up_to_it_and_belong_to_columns(model: Learned) -> None:
    candidate_set = SIDES["test"][0].candidate_set
    ranked = model.order(candidate_set)
    parts = model.contributions(candidate_set, [r.id for r in ranked])
    rests = [r.score - sum(parts[r.id].values()) for r in ranked]
    np.testing.assert_allclose(rests, rests[0], atol=1e-9, err_msg="what is left is the same for all: the model's mean")
    assert {name for own in parts.values() for name in own} <= {*COLUMNS, "list", "question"}
    assert model.contributions(candidate_set, []) == {}


def test_rank_fusion_has_its_part_in_score_and_explanation_and_an_unknown_column_has_none(model: Learned) -> None:
    candidate_set = SIDES["test"][0].candidate_set
    blended = Learned("blended", FEATURES, model.booster, blend=3.0)
    trees, fused = ({r.id: r.score for r in ranker.order(candidate_set)} for ranker in (model, Fusion()))
    scores = {r.id: r.score for r in blended.order(candidate_set)}
    assert scores == pytest.approx({document: trees[document] + 3 * fused[document] for document in scores})
    parts = blended.contributions(candidate_set, list(scores))
    rests = [score - sum(parts[document].values()) for document, score in scores.items()]
    np.testing.assert_allclose(rests, rests[0], atol=1e-9)
    table = {document: row | {"dropped_in": float(at)} for at, (document, row) in enumerate(candidate_set.table.items())}
    more = candidate_set.model_copy(update={"table": table})
    assert [r.id for r in blended.order(more)] == list(scores)
    assert not any("dropped_in" in own for own in blended.contributions(more, list(scores)).values())


def test_a_large_collection_does_not_decide_alone() -> None:
    asked = [
        e.model_copy(update={"set": name}) for name, n in (("mugs: a", 9), ("mugs: b", 7), ("cups: a", 4)) for e in examples(n)
    ]
    weights = question_weights(asked)
    assert weights.mean() == pytest.approx(1.0) and len(set(weights[:16].round(9))) == 1
    assert weights[-1] / weights[0] == pytest.approx(2.0), "16 questions against 4"


def test_more_of_a_column_never_hurts(model: Learned) -> None:
    matrix = FEATURES.matrix(SIDES["test"][0].candidate_set)
    rows = np.repeat(matrix[:1], 50, axis=0)
    rows[:, FEATURES.names.index("similar")] = np.linspace(0, 1, 50)
    scores = model.scores(rows)
    assert (np.diff(scores) >= -1e-9).all() and scores[-1] > scores[0]


def test_the_same_examples_make_the_same_trees() -> None:
    recipe = Recipe(features=FEATURES, trees=20)
    texts = [fit(SIDES["train"], SIDES["validation"], recipe).model_to_string() for _ in range(2)]
    assert texts[0] == texts[1]


def test_nothing_to_learn_is_said() -> None:
    flat = [e.model_copy(update={"grades": {}}) for e in SIDES["train"]]
    assert not any(map(useful, flat))
    with pytest.raises(ConfigurationError, match="nothing to learn"):
        fit(flat, flat, Recipe(features=FEATURES))


def test_questions_of_one_family_stay_on_one_side() -> None:
    one, other = (e.model_copy(update={"family": "the same picture"}) for e in examples(2))
    assert one.side == other.side
    sides = by_side(examples(400))
    assert 0.6 < len(sides["train"]) / 400 < 0.8 and min(map(len, sides.values())) > 30


def test_examples_survive_their_file(tmp_path: Path) -> None:
    told = examples(5)
    for name in ("examples.jsonl", "examples.jsonl.gz"):
        assert files.write(tmp_path / name, told) == 5
        assert list(files.read(tmp_path / name)) == told
    assert digest(told) == digest(told[::-1]) != digest(told[1:])
    (tmp_path / "bad.jsonl").write_text(told[0].model_dump_json() + "\n{}\n")
    with pytest.raises(ConfigurationError, match=r"bad\.jsonl, line 2"):
        list(files.read(tmp_path / "bad.jsonl"))


def test_what_no_factor_proposed_counts_as_not_found() -> None:
    example = SIDES["test"][0]
    lost = Example(**(example.model_dump() | {"grades": {**example.grades, "elsewhere": 4}}))
    assert candidate_recall(lost) < 1.0
    before, after = (measure([e], ordered_by(Fusion()))["NDCG@10"][e.topic] for e in (example, lost))
    assert after < before


def test_comparing_tells_chance_from_more() -> None:
    rng = np.random.default_rng(1)
    old = {str(n): float(v) for n, v in enumerate(rng.random(200))}
    better = {name: value + 0.05 + 0.1 * rng.random() for name, value in old.items()}
    noise = {name: value + 0.05 * rng.normal() for name, value in old.items()}
    assert compare(old, better).p < 1e-6 and compare(old, better).low > 0.05
    assert compare(old, noise).p > 0.01 and compare(old, noise).low < 0.01
    assert compare(old, old).p == 1.0 and compare({}, {}).questions == 0
    assert interval([]) == (0.0, 0.0)


def test_training_makes_a_model_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    models = Models(settings)
    said: list[str] = []
    told = examples(120)
    first = train(told, FEATURES, models, settings, tell=said.append)
    assert first.new and first.card.verdict and first.card.verdict.passed
    assert {"fusion", "lambdarank", "rank_xendcg", "point-wise"} <= first.card.metrics.keys()
    assert first.card.metrics["lambdarank"]["NDCG@10"] > first.card.metrics["fusion"]["NDCG@10"]
    again = train(told[::-1], FEATURES, models, settings, tell=said.append)
    assert not again.new and again.card.id == first.card.id and "nothing new to learn" in said[-1]
    more = train(examples(140), FEATURES, models, settings, tell=said.append)
    assert more.new and more.card.id != first.card.id
    assert ndcg(SIDES["test"], models.load(first.card.id))


def test_other_features_are_other_models(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    models = Models(settings)
    whole = train(examples(80), FEATURES, models, settings, tell=print)
    plain = train(examples(80), FeatureSet(columns=COLUMNS, listwise=False), models, settings, tell=print)
    assert plain.new and plain.card.id != whole.card.id


def test_equal_sums_of_trees_go_by_the_agreement_of_the_columns() -> None:
    one = Recipe(features=FEATURES, trees=1)
    few = Learned("few", FEATURES, fit(SIDES["train"], SIDES["validation"], one))
    candidate_set = SIDES["test"][0].candidate_set
    order = few.order(candidate_set)
    fused = dict(zip(candidate_set.table, FEATURES.fused(FEATURES.matrix(candidate_set)), strict=True))
    pairs = [(a, b) for a, b in pairwise(order) if a.score == b.score]
    assert pairs and all(fused[a.id] >= fused[b.id] for a, b in pairs)
