"""The Python client against the real application."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from pydantic import SecretStr

from engine.errors import EngineUnavailable
from engine.settings import Settings
from ingest.jobs import Progress
from omma_client import (
    BadRequest,
    Client,
    ConnectionFailed,
    JobFailed,
    JobTimeout,
    NotFound,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from omma_client import errors as client_errors
from query.document import DocumentView
from tests.web.answering_doubles import FakeAnswering, a_text_part, an_offer_part
from tests.web.web_doubles import NOW, FakeIngest, FakeSearcher, fake_services, picture_bytes, sha
from web import client_models
from web.app import create_app

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "client/omma_client"
Connect = Callable[..., Client]


def an_app(settings: Settings, services: dict[str, object], **changes: Any) -> Flask:
    changed = settings.model_copy(update=changes)
    return create_app(changed, fake_services(changed, **services), {"RATELIMIT_STORAGE_URI": "memory://"})


@pytest.fixture()
def connect(settings: Settings) -> Iterator[Connect]:
    """A client of an application of doubles; keyword arguments are its services."""
    clients: list[Client] = []

    def make(token: str = "", changes: dict[str, object] | None = None, **services: object) -> Client:
        app = an_app(settings, services, **(changes or {}))
        clients.append(Client("http://127.0.0.1:8000", token, transport=httpx.WSGITransport(app)))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def a_job(state: str, **changes: Any) -> Progress:
    ended = None if state == "running" else NOW
    return Progress(id="job1", source="folder", collection="c", state=state, started=NOW, ended=ended, **changes)


def test_the_models_are_those_of_the_server() -> None:
    written = {path.stem: path.read_text() for path in (PACKAGE / "models").glob("*.py")}
    made = {subject: client_models.subject_file(subject) for subject in client_models.SUBJECTS}
    assert written == made | {"__init__": client_models.package()}, "run `omma docs`"


def test_a_question_arrives_whole(connect: Connect) -> None:
    searcher = FakeSearcher()
    answer = connect(searcher=searcher).search(
        text="red & -kids", like=sha(0), filters={"colour": ["red", "blue"], "collection": "shop=2"}, box=(0.1, 0.2, 0.3, 0.4),
        page=2, number=10, everything=True, diversity=0.5, dsl=True,
    )  # fmt: skip
    (asked,) = searcher.asked
    assert (asked.text, asked.like, asked.box) == ("red & -kids", sha(0), [0.1, 0.2, 0.3, 0.4])
    assert asked.filters == {"colour": ["red", "blue"], "collection": ["shop=2"]}
    assert (asked.page, asked.number, asked.no_cutoff, asked.diversity, asked.dsl) == (2, 10, True, 0.5, True)
    assert answer.results[0].id == sha(0) and answer.results[0].why[0].contribution > 0 and answer.cutoff.removed == 37


def test_a_picture_is_sent_as_bytes_or_as_a_file(connect: Connect, tmp_path: Path) -> None:
    searcher = FakeSearcher()
    omma, path = connect(searcher=searcher), tmp_path / "asked.png"
    path.write_bytes(picture_bytes(1))
    for image in (path, str(path), picture_bytes(1)):
        omma.search(image=image, crop=(1, 2, 30, 40))
    assert [asked.image for asked in searcher.asked] == [picture_bytes(1)] * 3
    assert {asked.region for asked in searcher.asked} == {"1,2,30,40"}
    omma.search(image="https://example.org/a.png", text="red")
    assert (searcher.asked[-1].address, searcher.asked[-1].image) == ("https://example.org/a.png", None)


def test_a_picture_is_asked_about(connect: Connect) -> None:
    answering = FakeAnswering(FakeSearcher(), parts=[a_text_part()], waits=[an_offer_part("later")])
    answer = connect(answering=answering).ask(image=picture_bytes(1), text="price", goal="shop")
    assert answer.intent and answer.intent.goal == "shop" and answering.searcher.asked[-1].text == "price"
    assert [(part.name, part.pending) for part in answer.parts] == [("text", False), ("later", False)]
    assert answer.parts[1].items[0].price == 10.5 and connect(answering=answering).ask(like=sha(0)).parts


def test_pictures_are_ingested_and_the_job_is_awaited(connect: Connect, tmp_path: Path) -> None:
    ingest = FakeIngest(progresses=[a_job("running", discovered=2)])
    (tmp_path / "a.png").write_bytes(picture_bytes(0))
    job = connect(ingest=ingest).ingest([tmp_path / "a.png", ("b.png", picture_bytes(1))], collection="mine")
    assert ingest.uploaded == [{"a.png": picture_bytes(0), "b.png": picture_bytes(1)}]
    with pytest.raises(JobTimeout, match="running"):
        job.wait(0, interval=0)
    ingest.progresses = [a_job("done", discovered=2, indexed=2)]
    assert job.wait().indexed == 2
    ingest.progresses = [a_job("failed", message="the folder is gone")]
    with pytest.raises(JobFailed, match="the folder is gone"):
        job.wait()


def test_sources_jobs_and_the_quarantine(connect: Connect) -> None:
    ingest = FakeIngest(progresses=[a_job("done")])
    omma = connect(ingest=ingest)
    assert omma.ingest_source("demo").id == omma.jobs()[0].id == "job1" and ingest.started == [("demo", "")]
    assert [entry.reason for entry in omma.quarantine(reason="truncated").entries] == ["truncated", "zero-bytes"]
    assert (omma.retry(["a"]), omma.drop(["a", "b"])) == (1, 2)
    assert (ingest.retried, ingest.dropped) == (["a"], ["a", "b"])
    assert omma.overview().documents == omma.status().documents == 796


def test_pictures_and_comparisons(connect: Connect) -> None:
    omma = connect(show=lambda document: DocumentView(id=document, title="A cat"))
    assert omma.picture(sha(1)).title == "A cat"
    assert omma.similar(sha(0), number=5).results
    assert omma.compare(sha(0), sha(1), text="red").places == (1, 2)


def test_refusals_are_named(connect: Connect) -> None:
    omma = connect()
    with pytest.raises(BadRequest, match="ask with words"):
        omma.search()
    with pytest.raises(BadRequest, match="at least one picture"):
        omma.ingest([])
    with pytest.raises(NotFound):
        omma.picture("../status")
    with pytest.raises(NotFound):
        omma.job("none").progress()
    with pytest.raises(Unavailable) as caught:
        connect(searcher=FakeSearcher(fails=EngineUnavailable("OpenSearch does not answer"))).search(text="red")
    assert (caught.value.status, caught.value.retry_after) == (503, 5.0)


def test_the_token_is_sent(connect: Connect) -> None:
    guarded: dict[str, object] = {"api_token": SecretStr("right")}
    assert connect("right", guarded).status().documents == 796
    with pytest.raises(Unauthorized, match="token"):
        connect("wrong", guarded).status()


def test_the_limit_says_when_to_come_back(connect: Connect) -> None:
    omma = connect(changes={"rate_limit_search": "1/minute", "rate_limit_owner": 1})
    omma.search(text="red")
    with pytest.raises(TooManyRequests) as caught:
        omma.search(text="red")
    assert caught.value.retry_after and caught.value.retry_after <= 61


def test_other_servers_and_none_are_named() -> None:
    strange = httpx.MockTransport(lambda request: httpx.Response(200, json={"found": []}))
    with Client(transport=strange) as omma, pytest.raises(UnexpectedAnswer, match="Answer"):
        omma.search(text="red")
    broken = httpx.MockTransport(lambda request: httpx.Response(502, text="<h1>Bad gateway</h1>"))
    with Client(transport=broken) as omma, pytest.raises(client_errors.Problem, match="502"):
        omma.search(text="red")
    with Client("http://127.0.0.1:1") as omma, pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:1"):
        omma.status()


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = client_errors.__doc__ or ""
    kinds = [kind for kind in vars(client_errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 8 and not [kind.__name__ for kind in kinds if kind.__name__ not in drawn]


def test_it_needs_its_two_dependencies_and_nothing_of_the_server() -> None:
    declared = tomllib.loads((ROOT / "client/pyproject.toml").read_text())["project"]["dependencies"]
    assert [name.partition(">")[0] for name in declared] == ["httpx", "pydantic"]
    code = "import sys, omma_client; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "client", env={"PYTHONPATH": ""}, capture_output=True, text=True, check=True
    )
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert not (rooms | {"flask", "opensearchpy"}) & set(done.stdout.split())


def test_names_with_quotes_arrive(connect: Connect) -> None:
    ingest = FakeIngest()
    connect(ingest=ingest).ingest([('a "quoted" ü.png', picture_bytes(0))])
    assert list(ingest.uploaded[0].values()) == [picture_bytes(0)]


def test_it_is_a_package_with_its_types(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "client", tmp_path / "client")
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "client", capture_output=True, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("omma_client-*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert {str(path.relative_to(PACKAGE.parent)) for path in PACKAGE.rglob("*.py")} <= names
    assert "omma_client/py.typed" in names
