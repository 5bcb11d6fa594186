"""A folder is read again, or watched: files that were moved, renamed, changed or deleted are followed."""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.errors import BadSource, NotFoundError, OmmaError
from engine.settings import Settings
from ingest.jobs import Progress
from ingest.sources import open_source
from mappings.versions import alias
from tests.ingest.pictures import encoded, pixels, png, write_all
from tests.workers.conftest import StartWorker, documents, wait_for_end
from workers.dispatch import Dispatcher
from workers.rereading import Schedule, Schedules, reread_due
from workers.watching import Watcher

pytestmark = [pytest.mark.queue, pytest.mark.engine]
DEADLINE = 60.0  # seconds


@pytest.fixture()
def folder(tmp_path: Path, start_worker: StartWorker) -> Path:
    start_worker()
    made = tmp_path / "archive"
    write_all(made, {f"{name}.png": png(number) for number, name in enumerate("abcd")})
    return made


def ingest(folder: Path, settings: Settings, *, keep_missing: bool = False, force: bool = False) -> Progress:
    dispatcher = Dispatcher(Context(settings))
    source = open_source(str(folder), settings=settings)
    job = dispatcher.create(source.spec, source.collection)
    dispatcher.read(job, source, keep_missing=keep_missing, force=force)
    return wait_for_end(settings, job)


def places(client: OpenSearch, settings: Settings) -> dict[int, list[str]]:
    """Paths by picture (its number)."""
    numbers = {hashlib.sha256(png(number)).hexdigest(): number for number in range(30)}
    found = documents(client, settings)
    return {numbers[image]: sorted(place["reference"] for place in one["sources"]) for image, one in found.items()}


def test_what_was_moved_renamed_changed_or_deleted_is_followed(
    folder: Path, queue_settings: Settings, client: OpenSearch
) -> None:
    ingest(folder, queue_settings)
    (folder / "2019").mkdir()
    (folder / "a.png").rename(folder / "2019" / "a.png")
    (folder / "b.png").rename(folder / "harbour.png")
    (folder / "c.png").write_bytes(png(9))
    (folder / "d.png").unlink()
    second = ingest(folder, queue_settings)
    assert places(client, queue_settings) == {0: ["2019/a.png"], 1: ["harbour.png"], 9: ["c.png"]}
    assert (second.extracted, second.withdrawn) == (1, 2), "what was moved keeps its features"
    texts = {text["text"] for one in documents(client, queue_settings).values() for text in one["texts"]}
    assert "harbour" in texts and "b" not in texts, "a picture is found by its new name, and no more by its old one"


def test_a_file_in_two_folders_is_in_both_until_it_leaves_one(
    folder: Path, queue_settings: Settings, client: OpenSearch
) -> None:
    write_all(folder, {"summer/a.png": png(0), "lake/a.png": png(0)})
    ingest(folder, queue_settings)
    assert places(client, queue_settings)[0] == ["a.png", "lake/a.png", "summer/a.png"]
    shutil.rmtree(folder / "lake")
    ingest(folder, queue_settings)
    assert places(client, queue_settings)[0] == ["a.png", "summer/a.png"]
    (document,) = (one for one in documents(client, queue_settings).values() if len(one["sources"]) == 2)
    assert "lake" not in str(document["texts"]) and "summer" in str(document["texts"])


def test_views_of_a_file_go_and_move_with_it(folder: Path, queue_settings: Settings, client: OpenSearch) -> None:
    def scan(*numbers: int) -> bytes:
        first, *others = map(pixels, numbers)
        return encoded(first, "TIFF", save_all=True, append_images=others)

    def found() -> set[str]:
        return {place["reference"] for one in documents(client, queue_settings).values() for place in one["sources"]}

    plain = {"a.png", "b.png", "c.png", "d.png"}
    write_all(folder, {"scan.tif": scan(4, 5, 6)})
    ingest(folder, queue_settings)
    assert found() == plain | {"scan.tif", "scan.tif > page 2", "scan.tif > page 3"}
    assert ingest(folder, queue_settings).withdrawn == 0
    (folder / "scan.tif").write_bytes(scan(4, 5))
    ingest(folder, queue_settings)
    assert found() == plain | {"scan.tif", "scan.tif > page 2"}
    (folder / "scan.tif").unlink()
    ingest(folder, queue_settings)
    assert found() == plain


def test_an_empty_folder_is_taken_for_a_disk_that_is_not_mounted(
    folder: Path, queue_settings: Settings, client: OpenSearch
) -> None:
    ingest(folder, queue_settings)
    away = folder.rename(folder.with_name("away"))
    folder.mkdir()
    with pytest.raises(BadSource, match="lacks 4 of the 4 pictures that it had, and nothing was changed; --force withdraws"):
        ingest(folder, queue_settings)
    assert len(places(client, queue_settings)) == 4
    ingest(folder, queue_settings, force=True)
    assert places(client, queue_settings) == {} and len(list(away.iterdir())) == 4


def test_most_of_a_larger_folder_is_withdrawn_only_if_forced(
    folder: Path, queue_settings: Settings, client: OpenSearch
) -> None:
    write_all(folder, {f"more/{number}.png": png(number) for number in range(10, 24)})
    ingest(folder, queue_settings)
    shutil.rmtree(folder / "more")
    write_all(folder, {"new.png": png(8)})
    with pytest.raises(BadSource, match=r"lacks 14 of the 18 .* what is new was read, and nothing was withdrawn"):
        ingest(folder, queue_settings)
    kept = ingest(folder, queue_settings, keep_missing=True)
    assert kept.withdrawn == 0 and len(places(client, queue_settings)) == 19
    assert ingest(folder, queue_settings, force=True).withdrawn == 14
    assert sorted(places(client, queue_settings)) == [0, 1, 2, 3, 8]


@contextmanager
def watching(folder: Path, settings: Settings) -> Iterator[list[str | OmmaError]]:
    """Watch while the block runs; the jobs and errors so far."""
    stop, reports = threading.Event(), list[str | OmmaError]()
    context = Context(settings)
    watcher = Watcher(context, Dispatcher(context), str(folder), "", lambda job, error: reports.append(error or job))
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        yield reports
    finally:
        stop.set()
        thread.join()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_watched_folder_follows_what_changes(folder: Path, queue_settings: Settings, client: OpenSearch) -> None:
    def now() -> dict[int, list[str]]:
        return places(client, queue_settings)

    with watching(folder, queue_settings) as reports:
        wait_until(lambda: bool(client.indices.exists(index=alias(queue_settings))) and len(now()) == 4)
        (folder / "d.png").unlink()
        write_all(folder, {"2020/e.png": png(4), "notes.docx": b"no picture"})
        (folder / "a.png").rename(folder / "2020" / "a.png")
        wait_until(lambda: now() == {0: ["2020/a.png"], 1: ["b.png"], 2: ["c.png"], 4: ["2020/e.png"]})
        (folder / "2020").rename(folder / "2021")
        wait_until(lambda: now() == {0: ["2021/a.png"], 1: ["b.png"], 2: ["c.png"], 4: ["2021/e.png"]})
        (folder / "b.txt").write_text("the old harbour at dawn")
        wait_until(lambda: "the old harbour at dawn" in str(documents(client, queue_settings)))
        shutil.rmtree(folder / "2021")
        wait_until(lambda: now() == {1: ["b.png"], 2: ["c.png"]})
    assert all(isinstance(one, str) for one in reports), reports
    last = wait_for_end(queue_settings, str(reports[-1]))
    assert last.discovered == 0 and last.withdrawn == 2, "only what changed is read"


def test_what_is_no_path_of_this_machine_cannot_be_watched(queue_settings: Settings) -> None:
    context = Context(queue_settings)
    with pytest.raises(BadSource, match="demo is no folder or file of this machine"):
        Watcher(context, Dispatcher(context), "demo", "", lambda job, error: None)


def test_a_schedule_lets_workers_read_a_folder_again(folder: Path, queue_settings: Settings, client: OpenSearch) -> None:
    context = Context(queue_settings)
    dispatcher, schedules = Dispatcher(context), Schedules(context)
    schedules.put(Schedule(str(folder), "archive", minutes=30))
    (begun,) = reread_due(context, dispatcher)
    assert not list(reread_due(context, dispatcher)), "it is not due again"
    (kept,) = schedules.all()
    wait_for_end(queue_settings, kept.job)
    assert begun.spec == kept.spec and len(places(client, queue_settings)) == 4
    (folder / "d.png").unlink()
    before = (datetime.now(UTC) - timedelta(minutes=31)).isoformat()
    schedules.put(Schedule(str(folder), "archive", minutes=30, read=before, job=kept.job))
    assert len(list(reread_due(context, dispatcher))) == 1
    wait_for_end(queue_settings, schedules.all()[0].job)
    assert sorted(places(client, queue_settings)) == [0, 1, 2]
    assert [one.spec for one in schedules.remove(str(folder))] == [str(folder)] and not schedules.all()
    with pytest.raises(NotFoundError, match="is not read regularly"):
        schedules.remove(str(folder))
