"""Reindexing on the live server: only what changed looks again, nothing is lost, and searches go on all the while."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from click.testing import CliRunner
from opensearchpy import OpenSearch

import cli.reindex
from engine.connections import Context
from engine.errors import EngineUnavailable, OmmaError
from engine.settings import Settings, get_settings
from factors import knn
from factors.registry import FactorRegistry
from ingest import backfill
from ingest.batches import Batch
from ingest.delete import delete
from ingest.item import Item
from ingest.jobs import Outcome
from ingest.reindex import plan
from mappings import versions
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.reindex_scenes import NUMBER, Looking, Place, batch_processor
from tests.present import present
from vision.picture import Picture

pytestmark = pytest.mark.engine


@pytest.fixture()
def place(client: OpenSearch, live_settings: Settings) -> Place:
    return Place(client, live_settings)


def test_only_the_extractor_whose_weights_changed_looks_again(place: Place) -> None:
    before, extractor_double = place.all(), Looking(labels=2)
    planned = plan(place.client, place.settings, extractor_double)
    assert planned.needed and planned.extractors == {"labels": ("labels@1", "labels@2")}
    counts = place.run(extractor_double)
    assert (counts.extracted, counts.copied, counts.failed) == (NUMBER, 0, 0)
    assert extractor_double.pictures == NUMBER and set(extractor_double.asked) == {("labels",)}
    after = place.all()
    assert {body["labels"]["list"][0]["confidence"] for body in after.values()} == {0.2}
    others = [name for name in before[place.ids[0]] if not name.startswith("label") and name != "weights"]
    assert "similar" in others
    assert {p: [body[n] for n in others] for p, body in after.items()} == {p: [b[n] for n in others] for p, b in before.items()}
    assert place.indices == [versions.index_name(place.settings, 2)]
    assert versions.meta(place.client, place.settings)["factors"]["labels"] == {"labels": "labels@2"}
    assert all("labels@2" in str(body["weights"]) for body in after.values())
    assert not plan(place.client, place.settings, extractor_double).needed


def test_a_new_embedding_renews_vectors_of_pictures_and_of_their_objects(place: Place) -> None:
    extractor_double = Looking(embedding=2, objects=2)
    place.run(extractor_double)
    assert set(extractor_double.asked) == {("embedding", "objects")}
    for picture, body in place.all().items():
        seen = extractor_double._see(Picture(picture, np.zeros((30, 40, 3), np.uint8), 40, 30, "PNG"), ["embedding"])
        assert body["similar"] == knn.as_bytes(present(seen.embedding))


def test_new_maps_of_the_joint_space_renew_what_pictures_and_linked_texts_mean(place: Place) -> None:
    before, extractor_double = place.all(), Looking(joint=2)
    assert set(plan(place.client, place.settings, extractor_double).extractors) == {"joint"}
    place.run(extractor_double)
    assert set(extractor_double.asked) == {("joint",)}
    for picture, body in place.all().items():
        (text,) = (snippet["text"] for snippet in body["texts"])
        assert body["linked_semantic"] == pytest.approx(extractor_double.encode_text([text])[0].tolist(), abs=1e-6)
        assert body["semantic"] == pytest.approx(extractor_double.encode_text([picture[:12]])[0].tolist(), abs=1e-6)
        assert body["linked_semantic"] != before[picture]["linked_semantic"]


def test_without_a_change_of_weights_no_model_looks(place: Place) -> None:
    before = place.all()
    assert not plan(place.client, place.settings, place.extractor_double).needed
    counts = place.run(Looking())
    assert (counts.copied, counts.extracted) == (NUMBER, 0)
    assert place.all() == before


def test_what_is_written_deleted_or_changed_meanwhile_is_not_lost(place: Place) -> None:
    extractor_double = Looking(labels=2)
    done: list[str] = []

    def meddle() -> None:
        if not done:
            done.append(place.add(100))
            place.client.delete(index=place.alias, id=place.ids[0], refresh=True)
            changed = {"script": {"source": "ctx._source.category = 'moved'"}}
            place.client.update(index=place.alias, id=place.ids[1], body=changed, refresh=True)

    extractor_double.before_processing = meddle
    place.run(extractor_double)
    after = place.all()
    assert done[0] in after and after[done[0]]["labels"]["list"][0]["confidence"] == 0.2
    assert place.ids[0] not in after
    assert after[place.ids[1]]["category"] == "moved"
    assert len(after) == NUMBER


def test_searches_never_fail_and_writers_lose_nothing_while_it_runs(place: Place) -> None:
    stop, problems, answers, added = threading.Event(), [], [], []
    searcher = Searcher(Context(place.settings, place.client), Looking)

    def search() -> None:
        while not stop.is_set():
            try:
                answers.append(searcher.search(SearchRequest(like=place.ids[3], text="picture", no_cutoff=True)).total)
            except Exception as error:
                problems.append(error)

    def write() -> None:
        number = 200
        while not stop.is_set():
            try:
                added.append(place.add(number))
                number += 1
            except Exception as error:  # held up for the last pass
                if "cluster_block_exception" not in str(error):
                    problems.append(error)

    threads = [threading.Thread(target=search), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    place.run(Looking(labels=2), grace=1.0)
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(answers) > 1 and min(answers) > 0
    assert added and set(added) <= set(place.all())


def test_a_writer_waits_until_the_old_index_is_replaced(place: Place) -> None:
    index = place.indices[0]
    place.client.indices.add_block(index=index, block="write")
    release = threading.Timer(0.5, lambda: place.client.indices.put_settings(index=index, body={"index.blocks.write": None}))
    release.start()
    item = Item(source="s", reference="again", collection="another", original=place.ids[0])
    processor, jobs = batch_processor(place, place.extractor_double)
    assert processor.process(Batch("job", 1, ((0, item),))) is None
    release.join()
    assert jobs.outcomes == {0: Outcome.INDEXED}
    assert place.all()[place.ids[0]]["collections"] == ["another", "c"]


def test_a_change_that_cannot_wait_is_told_to_come_again(place: Place) -> None:
    place.client.indices.add_block(index=place.indices[0], block="write")
    with pytest.raises(EngineUnavailable, match="takes no writes now"):
        delete(place.client, place.settings, place.ids[0])
    place.run(Looking(labels=2))  # a block that a killed reindex left behind is no obstacle
    delete(place.client, place.settings, place.ids[0])


def test_one_that_was_cut_off_goes_on_where_it_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "COPY_BATCH", 4)
    old, extractor_double = place.indices[0], Looking(labels=2)

    def cut_off() -> None:
        if extractor_double.pictures >= 4:
            raise EngineUnavailable("away")

    extractor_double.before_processing = cut_off
    with pytest.raises(EngineUnavailable):
        place.run(extractor_double)
    assert versions.current_index(place.client, place.settings) == old
    assert len(place.all()) == NUMBER
    place.add(300)

    again = Looking(labels=2)
    assert plan(place.client, place.settings, again).resumes
    counts = place.run(again)
    assert counts.kept == 4 and again.pictures == NUMBER + 1 - 4
    assert len(place.all()) == NUMBER + 1
    assert {body["labels"]["list"][0]["confidence"] for body in place.all().values()} == {0.2}


def test_a_leftover_of_other_weights_is_thrown_away(place: Place) -> None:
    extractor_double = Looking(labels=3)
    body = FactorRegistry.of(place.settings).index_body(
        Looking(labels=2).fingerprints(), extractor_double.dimensions(), place.settings
    )
    leftover = versions.create_version(place.client, place.settings, 2, body)
    place.run(extractor_double)
    assert leftover not in place.indices
    assert versions.meta(place.client, place.settings)["factors"]["labels"] == {"labels": "labels@3"}


def test_a_picture_whose_original_is_gone_stays_without_what_the_extractor_saw(place: Place) -> None:
    place.store.delete(place.ids[2])
    counts = place.run(Looking(labels=2))
    assert (counts.extracted, counts.failed) == (NUMBER - 1, 1)
    assert place.ids[2] in counts.failures[0]
    left = place.all()[place.ids[2]]
    assert left["missing"] == ["labels"] and "labels" not in left and "similar" in left


def test_a_document_of_old_weights_that_comes_late_is_a_stray_and_is_renewed(place: Place) -> None:
    late = place.add(400, Looking(labels=7))
    planned = plan(place.client, place.settings, place.extractor_double)
    assert planned.strays == 1 and planned.needed and not planned.extractors
    extractor_double = Looking()
    place.run(extractor_double)
    assert extractor_double.pictures == 1
    assert place.all()[late]["labels"]["list"][0]["confidence"] == 0.1


def test_nothing_is_switched_when_the_new_mapping_does_not_take_a_document(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    factor = FactorRegistry.of(place.settings).by_name("colours")
    monkeypatch.setattr(factor, "image_fields", lambda image_features: {"unheard_of": 1})
    with pytest.raises(OmmaError, match="does not take"):
        place.run(Looking(labels=2))
    assert versions.current_index(place.client, place.settings) == versions.index_name(place.settings, 1)
    monkeypatch.undo()
    place.add(500)  # and writers are not held up


@pytest.fixture()
def command(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """`omma reindex` on the place, with labels of other weights."""
    extractor_double = Looking(labels=2)
    quick = place.settings.model_copy(update={"opensearch_timeout": 2.0})
    monkeypatch.setattr("vision.feature_extractor.get_feature_extractor", lambda settings: extractor_double)
    monkeypatch.setattr(cli.reindex, "get_settings", lambda: quick)
    get_settings.cache_clear()

    def called(*arguments: str) -> str:
        result = CliRunner().invoke(cli.reindex.reindex, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    yield called


def test_the_command_tells_what_it_would_do_and_does_it(place: Place, command: Callable[..., str]) -> None:
    output = command("--dry-run")
    assert "extractor labels runs again: labels@1 -> labels@2" in output and f"{NUMBER} documents" in output
    assert place.indices == [versions.index_name(place.settings, 1)]
    assert f"0 copied, {NUMBER} extracted again, 0 failed" in command("--keep-old")
    assert len(place.indices) == 2
    assert "nothing changed" in command()
    assert len(place.indices) == 2
