"""Looking again with one extractor, in place: what failed is seen, everything else stays, and no other writer loses
anything.
"""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from opensearchpy import OpenSearch

import cli.reindex
from engine.connections import Context
from engine.errors import ConfigurationError, EngineUnavailable, WeightsMismatchError
from engine.settings import Settings
from ingest import reextraction
from ingest.backfill import Counts
from ingest.fields import MAX_FAILURE_LENGTH, failure_fields
from mappings import versions
from query.document import show
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.reindex_scenes import NUMBER, Looking, Place
from vision.feature_extractor import FeatureExtractor

pytestmark = pytest.mark.engine


@pytest.fixture()
def place(client: OpenSearch, live_settings: Settings) -> Place:
    return Place(client, live_settings)


@pytest.fixture()
def hurt(place: Place) -> list[str]:
    """Three documents on which `labels` and `text` failed."""
    extractor_double = Looking()
    extractor_double.blind = {"labels", "text"}
    return [place.add(number, extractor_double) for number in (50, 51, 52)]


def repair(place: Place, extractor_double: Looking, extractor: str, *, only_failed: bool = True) -> Counts:
    planned = reextraction.plan(place.client, place.settings, extractor_double, extractor, only_failed=only_failed)
    return reextraction.reextract(place.client, place.settings, extractor_double, planned)


def test_why_a_extractor_failed_is_kept_shown_and_searched_for(place: Place, hurt: list[str]) -> None:
    shown = show(Context(place.settings, place.client), hurt[0])
    assert (shown.missing, shown.failures["labels"]) == (["labels", "text"], "labels is blind")
    assert reextraction.failed_counts(place.client, place.alias) == {"labels": 3, "text": 3}
    searcher = Searcher(Context(place.settings, place.client), Looking)
    found = searcher.search(SearchRequest(filters={"missing": ["labels"]}))
    assert {result.id for result in found.results} == set(hurt)
    assert {facet.value: facet.count for facet in found.facets["missing"]} == {"labels": 3, "text": 3}
    assert searcher.search(SearchRequest(text="missing:colours picture")).total == 0


def test_only_what_failed_is_looked_at_again_and_everything_else_stays(place: Place, hurt: list[str]) -> None:
    before, extractor_double, index = place.all(), Looking(), place.indices
    counts = repair(place, extractor_double, "labels")
    assert (counts.total, counts.extracted, counts.failed) == (3, 3, 0)
    assert extractor_double.asked == [("labels",)] and extractor_double.pictures == 3
    after = place.all()
    assert place.indices == index
    for picture in place.ids:
        assert after[picture] == before[picture]
    for picture in hurt:
        assert after[picture]["missing"] == ["text"] and after[picture]["failures"] == {"text": "text is blind"}
        assert after[picture]["labels"] and after[picture]["label_weights"]
        untouched = {name for name in before[picture] if name not in ("missing", "failures")}
        assert {n: after[picture][n] for n in untouched} == {n: before[picture][n] for n in untouched}
    assert repair(place, Looking(), "labels").total == 0


def test_what_fails_again_says_why_it_does_now(place: Place, hurt: list[str]) -> None:
    extractor_double = Looking()
    extractor_double.blind = {"text"}
    place.store.delete(hurt[0])
    counts = repair(place, extractor_double, "text")
    assert (counts.extracted, counts.failed) == (0, 3) and "text is blind" in " ".join(counts.failures)
    after = place.all()
    assert "text" in after[hurt[0]]["missing"] and after[hurt[0]]["failures"]["text"] != "text is blind"


def test_a_extractor_that_saw_once_and_fails_now_takes_nothing_away(place: Place) -> None:
    before, extractor_double = place.all(), Looking()
    extractor_double.blind = {"labels"}
    counts = repair(place, extractor_double, "labels", only_failed=False)
    assert (counts.extracted, counts.failed) == (0, NUMBER)
    assert place.all() == before


def test_what_needs_the_extractor_looks_with_it(place: Place) -> None:
    extractor_double = Looking()
    counts = repair(place, extractor_double, "embedding", only_failed=False)
    assert (counts.extracted, set(extractor_double.asked)) == (NUMBER, {("embedding", "objects")})


def test_documents_of_a_time_when_the_extractor_was_off_count_as_failed(place: Place) -> None:
    body = place.all()[place.ids[4]]
    body = {name: value for name, value in body.items() if not name.startswith("label")}
    body["weights"] = [token for token in body["weights"] if not token.startswith("labels=")]
    place.client.index(index=place.alias, id=place.ids[4], body=body, refresh=True)
    assert repair(place, Looking(), "labels").extracted == 1
    again = place.all()[place.ids[4]]
    assert again["labels"] and "labels=labels@1" in again["weights"]


def test_other_writers_lose_nothing_and_the_picture_is_not_looked_at_twice(place: Place, hurt: list[str]) -> None:
    extractor_double = Looking()
    done: list[bool] = []

    def meddle() -> None:
        if not done:
            done.append(True)
            change = {"script": {"source": "ctx._source.category = 'moved'"}}
            place.client.update(index=place.alias, id=hurt[0], body=change, refresh=True)
            place.client.delete(index=place.alias, id=hurt[1], refresh=True)

    extractor_double.before_processing = meddle
    counts = repair(place, extractor_double, "labels")
    assert (counts.extracted, counts.gone, counts.done, extractor_double.pictures) == (2, 1, 3, 3)
    after = place.all()
    assert after[hurt[0]]["category"] == "moved" and after[hurt[0]]["labels"] and hurt[1] not in after


def test_an_index_that_is_replaced_meanwhile_is_not_made_again(place: Place, hurt: list[str]) -> None:
    extractor_double, old = Looking(), place.indices[0]

    def replace() -> None:
        if place.indices == [old]:
            place.run(Looking(colours=2))

    extractor_double.before_processing = replace
    with pytest.raises(EngineUnavailable, match="replaced"):
        repair(place, extractor_double, "labels")
    assert old not in place.indices
    assert repair(place, Looking(colours=2), "labels").extracted == 3


def test_other_weights_are_work_for_a_whole_reindex(place: Place) -> None:
    with pytest.raises(WeightsMismatchError, match="omma reindex"):
        repair(place, Looking(labels=2), "labels")


def test_a_extractor_that_there_is_not_is_refused_with_the_list(place: Place, models_home: Settings) -> None:
    from vision.registry import extractors_of  # noqa: PLC0415

    real = FeatureExtractor(extractors_of(models_home))
    with pytest.raises(ConfigurationError, match="no such extractor: smell; there are backbone"):
        reextraction.plan(place.client, place.settings, real, "smell", only_failed=True)
    assert set(real.dependants(["backbone"])) > {"backbone", "embedding", "labels"}


def test_reasons_are_bounded(place: Place) -> None:
    shortened = failure_fields({"labels": "a\nb " * 1000})["failures"]["labels"]
    assert len(shortened) == MAX_FAILURE_LENGTH and "\n" not in shortened


@pytest.fixture()
def command(place: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`omma reindex` on the place; `blind` extractors fail."""

    def called(*arguments: str, blind: set[str] | None = None) -> Result:
        extractor_double = Looking()
        extractor_double.blind = blind or set()
        monkeypatch.setattr("vision.feature_extractor.get_feature_extractor", lambda settings: extractor_double)
        monkeypatch.setattr(cli.reindex, "get_settings", lambda: place.settings)
        return CliRunner().invoke(cli.reindex.reindex, arguments, catch_exceptions=False)

    return called


def test_the_command_tells_repairs_and_fails_where_it_must(
    place: Place, hurt: list[str], command: Callable[..., Result]
) -> None:
    done = command("--extractor", "labels", "--only-failed", "--dry-run")
    assert done.exit_code == 0 and "labels on 3 documents; replaces the fields of labels" in done.output
    failed = command("--extractor", "labels", "--only-failed", blind={"labels"})
    assert failed.exit_code == 1 and "0 extracted, 3 failed" in failed.output and hurt[0] in failed.output
    done = command("--extractor", "labels", "--only-failed", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["counts"]["extracted"] == 3 and json.loads(done.stdout)["plan"]["extractors"] == ["labels"]
    assert command("--only-failed").exit_code == 2 and command("--extractor", "labels", "--force").exit_code == 2
    assert versions.current_index(place.client, place.settings) == place.indices[0]
