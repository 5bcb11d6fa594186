"""The command in this process, on real servers and a fresh index, and what it left behind removed."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from opensearchpy.exceptions import NotFoundError

from cli.main import run
from engine.connections import Context, connect, connect_redis
from engine.settings import Settings, get_settings
from engine.store import Store
from factors.text import Kind, TextSnippet
from ingest.batches import Batch
from ingest.item import Item
from mappings.versions import alias
from tests.ingest.pictures import png
from tests.ingest.seeing import TestFeatureExtractor
from workers.runtime import Runtime

NAMES = ("home", "store_url", "opensearch_url", "redis_url", "index_prefix")
TITLES = ("A red fox", "Snow on a hill", "[/b] sale of [dog] :fox:")
BROKEN = b"no picture at all"


@dataclass(frozen=True)
class Printed:
    """Exit status, standard output and standard error of a command."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shelf:
    """Three pictures in two collections, and one in quarantine."""

    runtime: Runtime
    ids: list[str]
    broken: str


Omma = Callable[..., Printed]


@pytest.fixture()
def omma(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Omma]:
    """Run a command: `omma("show", "abcdef")`."""

    def call(*arguments: str) -> Printed:
        get_settings.cache_clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(list(arguments))
        captured = capsys.readouterr()
        return Printed(int(ended.value.code or 0), captured.out, captured.err)

    monkeypatch.setenv("COLUMNS", "200")
    yield call
    get_settings.cache_clear()


@pytest.fixture()
def house(live_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings on the real servers, in the environment too; everything made under them is removed."""
    for name in NAMES:
        monkeypatch.setenv(f"OMMA_{name.upper()}", str(getattr(live_settings, name)))
    yield live_settings
    client, redis = connect(live_settings), connect_redis(live_settings)
    for index in client.indices.get(index=f"{live_settings.index_prefix}-*"):
        client.indices.delete(index=index)
    with contextlib.suppress(NotFoundError):
        client.indices.delete_index_template(name=alias(live_settings))
    for key in redis.scan_iter(f"{live_settings.index_prefix}*"):
        redis.delete(key)


@pytest.fixture()
def shelf(house: Settings) -> Shelf:
    """Ingested by the same steps as in a worker, with a made-up feature extractor."""
    runtime = Runtime(Context(house), TestFeatureExtractor())
    runtime.check_index()
    store = Store(house)
    items = [
        Item("shelf", f"{n}.png", "animals" if n == 0 else "rest", original=store.put_original(png(n)),
             snippets=(TextSnippet(Kind.TITLE, title),), category="fox" if n == 0 else "")
        for n, title in enumerate(TITLES)
    ]  # fmt: skip
    items.append(Item("shelf", "broken.png", "rest", original=store.put_original(BROKEN)))
    job = runtime.jobs.create("shelf", "rest")
    assert runtime.processor.process(Batch(job, runtime.jobs.begin(job), tuple(enumerate(items)))) is None
    runtime.client.indices.refresh(index=alias(house))
    return Shelf(runtime, [item.original for item in items[:-1]], items[-1].original)
