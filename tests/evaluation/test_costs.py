"""A row per factor: its own task, time and bytes; and the extractors alone, which ingest is compared with."""

from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from engine.connections import connect
from engine.settings import Settings
from evaluation import compare, costs, indexing, pages, throughput
from evaluation.compare import Comparison, Row
from evaluation.evaluation_set import evaluation_sets
from evaluation.session import Session
from factors.base import Clause, Factor, Feature, Question
from ranking.learning.measures import NAMES
from tests.evaluation.test_quality import data
from tests.factors.scenes import FACTORS
from vision.feature_extractor import get_feature_extractor

__all__ = ["data"]  # a fixture
FIGURES = {
    "surroundings": {"machine": "one"}, "documents": 8, "questions": 8, "stages_ms": {"table": 1.0}, "like": [], "upload": {},
    "ordering": {"times": {}, "questions": 8, "candidates": 8},
}  # fmt: skip
FACTS = {"surroundings": {}, "documents": 8, "requests": 1.0, "profile": "packaged", "abouts": {}, "every": 3}


class Smell(Factor):
    """A factor without a task."""

    name: ClassVar[str] = "smell"
    title: ClassVar[str] = "Smell"
    about: ClassVar[str] = ""
    features: ClassVar[tuple[Feature, ...]] = (Feature("smell"),)

    def clauses(self, question: Question) -> list[Clause]:
        return []


class Silent(Smell):
    """A factor that is in no comparison."""

    name: ClassVar[str] = "silent"


def row(name: str, configuration: str, value: float) -> Row:
    return Row(name, configuration, 5, dict.fromkeys(NAMES, value), 1.0, 0.0, 1, 0.1)


def compared(*rows: Row) -> Comparison:
    return Comparison(compare.FUSION, list(rows), {})


def test_tasks_name_existing_sets_and_measures(settings: Settings) -> None:
    tasks = {factor.name: costs.tasks_of(factor) for factor in FACTORS.every}
    assert {name for found in tasks.values() for name in found} <= set(evaluation_sets(settings))
    assert {measure for found in tasks.values() for measure in found.values()} <= set(NAMES)
    assert tasks["near_duplicate"] == {"near-duplicate": "Success@1"}


def test_a_factor_is_judged_by_its_own_task_beside_the_best_other() -> None:
    found = costs.worth(
        compared(
            row("near-duplicate", "near_duplicate alone", 0.7), row("near-duplicate", "similar alone", 0.9),
            row("near-duplicate", "rank fusion", 0.95), row("near-duplicate", "ocr alone", 0.1),
            row("same kind", "near_duplicate alone", 0.8),
        ),
        FACTORS.by_name("near_duplicate"),
    )  # fmt: skip
    assert found == costs.Worth("near-duplicate", "Success@1", 0.7, "similar", 0.9, chosen=False)


def test_a_factor_without_a_task_is_judged_by_the_set_that_it_answers_best() -> None:
    comparison = compared(
        row("a", "smell alone", 0.2),
        row("b", "smell alone", 0.6),
        row("all", "smell alone", 0.9),
        row("b", "similar alone", 0.5),
    )
    assert costs.worth(comparison, Smell()) == costs.Worth("b", "NDCG@10", 0.6, "similar", 0.5, chosen=True)
    assert costs.worth(comparison, Silent()) is None
    made = costs.Cost("smell", costs.worth(comparison, Smell()), 3.0, 1.0, 2000.0, 100.0)
    page = pages.render("quality", {"facts": FACTS, "rows": comparison.rows, "costs": [made], "reading": {}})
    assert "| smell | (b) | NDCG@10 | 0.600 | similar 0.500 | 3.0 | 1.0 | 2,000 | 100 |" in page


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
def test_every_factor_costs_time_and_bytes(
    data: Path, live_settings: Settings, models_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"home": models_home.home, "threads": 1, "ocr_languages": "eng", "rank_models": str(tmp_path / "ranking")}
    settings, build = live_settings.model_copy(update=changes), indexing.build
    monkeypatch.setattr(indexing, "build", partial(build, demo=False))
    with Session(data, None, None, settings, lambda line: None) as session:
        comparison = session.compare(session.asked(("same kind",), everything=True), (), compare.FUSION)
        found = {cost.factor: cost for cost in session.costs(comparison)}
        assert found.keys() == {factor.name for factor in FACTORS.active}
        feature_extractor = get_feature_extractor(settings)
        for factor in FACTORS.active:
            cost, made = found[factor.name], factor.fields(feature_extractor.dimensions())
            assert (cost.ms > 0) == bool(factor.reads) and 0 <= cost.own_ms <= cost.ms
            assert cost.index >= 0 and (made or not (cost.index or cost.source))
        assert found["similar"].source > 1500 and found["similar"].index > 768, "a vector of 768 bytes"
        assert found["labels"].worth and found["labels"].worth.set == "same kind" and not found["labels"].worth.chosen
        page = pages.render("quality", {"facts": FACTS, "rows": comparison.rows, "costs": [*found.values()], "reading": {}})
        assert "## Factor by factor" in page and "| similar |" in page
        assert "8 pictures (one in 3 of the large sets" in page
    assert not connect(settings).indices.get(index=f"{settings.index_prefix}-*"), "nothing is left"


@pytest.mark.models
def test_models_alone_are_timed_extractor_by_extractor(data: Path, models_home: Settings) -> None:
    settings = models_home.model_copy(update={"worker_concurrency": 1, "batch_size": 4})
    extracted = throughput.models_alone(data, settings)
    assert list(extracted.extractors) == list(get_feature_extractor(settings).extractors)
    assert 0 < sum(extracted.extractors.values()) <= extracted.seconds
    rows = throughput.per_extractor([extracted.extractors, extracted.extractors], 8)
    assert sum(line["share"] for line in rows) == pytest.approx(1.0, abs=0.01)
    ingest = {
        "pictures": 8, "source": "a folder", "rounds": 2, "processes": 1, "models_alone_per_s": 9.0, "ingest_per_s": 8.0,
        "overhead": 0.1, "extractors": rows,
    }  # fmt: skip
    page = pages.render("benchmarks", FIGURES | {"ingest": ingest})
    assert "ingest with all extractors" in page and all(f"| {name} |" in page for name in extracted.extractors)
