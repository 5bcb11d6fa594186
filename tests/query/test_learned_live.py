"""A learned order on the real engine: taken up, explained, compared, and left out where it cannot be used."""

from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.errors import NotFoundError
from engine.settings import Settings
from query.request import SearchRequest
from query.search import Searcher
from ranking.candidate_set import CandidateSet, QueryFeatures
from ranking.learning import models as life
from ranking.learning.examples import Example
from ranking.learning.features import FeatureSet
from ranking.learning.learned import Recipe, fit
from ranking.learning.models import Card, Models
from tests.factors.scenes import FACTORS, Live
from tests.query.query_scenes import StubExtractor

pytestmark = pytest.mark.engine
FEATURES = FeatureSet(columns=FACTORS.feature_names())
LIKE_DOG = SearchRequest(like="dog0", number=50, no_cutoff=True)


def against_similarity(number: int) -> Example:
    """A question in which the least similar is right, which fusion would never say."""
    table = {f"{number}-{place}": {"similar": 0.5 + place / 80, "labels": 0.5} for place in range(40)}
    grades = {document: 4 for document, row in table.items() if row["similar"] < 0.6}
    return Example(
        topic=str(number),
        candidate_set=CandidateSet(table=table, query_features=QueryFeatures(intent="picture")),
        grades=grades,
        complete=True,
    )


@pytest.fixture(scope="module")
def contrary() -> object:
    """Trees that turn the order round."""
    made = [against_similarity(number) for number in range(40)]
    return fit(made[:30], made[30:], Recipe(features=FEATURES, trees=40, monotone=False))


@pytest.fixture()
def models(live_settings: Settings, tmp_path: Path, contrary: object, monkeypatch: pytest.MonkeyPatch) -> Models:
    """A folder with that model; nothing is packaged."""
    monkeypatch.setattr(life, "PACKAGED", tmp_path / "none")
    made = Models(live_settings.model_copy(update={"home": tmp_path}))
    recipe = Recipe(features=FEATURES, trees=40, monotone=False)
    card = {"id": "contrary", "made": "2026-01-01T00:00:00Z", "recipe": recipe, "profile": "packaged", "data": "0"}
    made.add(contrary, Card.model_validate(card))  # type: ignore[arg-type]
    return made


@pytest.fixture()
def asks(client: OpenSearch, live_settings: Settings, tmp_path: Path, stub: StubExtractor, models: Models) -> Searcher:
    """A searcher that goes by the model in use."""
    return Searcher(Context(live_settings.model_copy(update={"home": tmp_path}), client), lambda: stub)


@pytest.fixture(autouse=True)
def nothing_is_cut(calibrated: None) -> None:
    """Every candidate is shown."""


def similar(searcher: Searcher) -> list[float]:
    return [found.factors["similar"] for found in searcher.search(LIKE_DOG).results if "similar" in found.factors]


def test_a_promoted_model_orders_the_very_next_question(full: Live, asks: Searcher, models: Models) -> None:
    before = asks.search(LIKE_DOG)
    assert before.ranker == "fusion" and similar(asks)[0] == max(similar(asks))
    models.promote("contrary")
    after = asks.search(LIKE_DOG)
    assert after.ranker == "contrary" and not after.warnings
    assert {r.id for r in after.results} == {r.id for r in before.results}
    assert similar(asks)[0] < max(similar(asks)), "the least similar come first"
    models.rollback()
    assert asks.search(LIKE_DOG).ranker == "fusion"


def test_every_result_tells_the_parts_of_its_score(full: Live, asks: Searcher, models: Models) -> None:
    models.promote("contrary")
    results = asks.search(LIKE_DOG).results
    rests = [result.score - sum(why.contribution for why in result.why) for result in results]
    assert rests == pytest.approx([rests[0]] * len(rests), abs=1e-4), "what is left is the same for all"
    assert min(why.contribution for why in results[-1].why) < 0, "similarity speaks against the most similar"
    assert sum(why.share for why in results[0].why) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("model", ["fusion", "contrary"])
def test_why_one_is_above_the_other(full: Live, asks: Searcher, models: Models, model: str) -> None:
    models.promote(model)
    results = asks.search(LIKE_DOG).results
    first, last = results[0], results[-1]
    compared = asks.compare(LIKE_DOG, last.id, first.id)
    assert (compared.above.id, compared.below.id, compared.ranker) == (first.id, last.id, model)
    assert sum(d.contribution for d in compared.differences) == pytest.approx(first.score - last.score, abs=1e-4)
    assert compared.places[0] < compared.places[1] and "Similar image" in compared.text
    with pytest.raises(NotFoundError, match="no candidate"):
        asks.compare(LIKE_DOG, first.id, "elsewhere")


def test_a_damaged_model_is_told_and_fusion_answers(full: Live, asks: Searcher, models: Models) -> None:
    models.promote("contrary")
    (models.folder / "contrary" / "model.txt").write_text("nonsense")
    answer = asks.search(LIKE_DOG)
    assert answer.ranker == "fusion" and answer.results
    assert any("rank fusion" in warning and "damaged" in warning for warning in answer.warnings)


@pytest.mark.parametrize("asked_before", [True, False])
def test_a_model_that_fails_on_a_question_is_told(
    full: Live, asks: Searcher, models: Models, monkeypatch: pytest.MonkeyPatch, asked_before: bool
) -> None:
    models.promote("contrary")
    if asked_before:
        assert asks.search(LIKE_DOG).ranker == "contrary"
    monkeypatch.setattr(FeatureSet, "of_values", lambda *_: 1 / 0)
    answer = asks.search(LIKE_DOG)
    assert answer.ranker == "fusion" and answer.results
    assert any("contrary failed" in warning for warning in answer.warnings)


def test_two_rankers_share_a_search_and_every_result_has_its_team(full: Live, asks: Searcher, models: Models) -> None:
    models.promote("fusion")
    alone = asks.search(LIKE_DOG)
    assert {result.team for result in alone.results} == {""}
    models.challenge("contrary")
    shared = asks.search(LIKE_DOG)
    assert shared.ranker == "fusion|contrary"
    assert {result.id for result in shared.results} == {result.id for result in alone.results}
    assert {result.team for result in shared.results[:2]} == {"a", "b"}
    pages = [asks.search(LIKE_DOG.model_copy(update={"number": 4, "page": page})).results for page in (1, 2)]
    assert [r.id for page in pages for r in page] == [r.id for r in shared.results[:8]], "pages agree"


def test_the_factor_table_stays_one_request(full: Live, asks: Searcher, models: Models) -> None:
    models.promote("contrary")
    sent = asks.search(LIKE_DOG.model_copy(update={"dsl": True})).dsl or []
    assert sum("include_named_queries_score" in request["params"] for request in sent) == 1
