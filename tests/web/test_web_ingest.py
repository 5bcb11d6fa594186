"""Adding pictures from the page and the API."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cli.ingest import outcome_of
from ingest.jobs import Progress
from ingest.omissions import Omission
from tests.web.csrf import csrf_token
from tests.web.web_doubles import FakeIngest, picture_bytes
from web.views.ingest import file_name

Make = Callable[..., Flask]


@pytest.fixture()
def ingest() -> FakeIngest:
    return FakeIngest()


@pytest.fixture()
def program(make_app: Make, ingest: FakeIngest, tmp_path: Path) -> FlaskClient:
    (tmp_path / "open/inner").mkdir(parents=True)
    (tmp_path / "closed").mkdir()
    (tmp_path / "open/way-out").symlink_to(tmp_path / "closed")
    return make_app({"ingest": ingest}, ingest_roots=[tmp_path / "open"]).test_client(use_cookies=False)


def test_a_folder_under_an_open_root_is_ingested(program: FlaskClient, ingest: FakeIngest, tmp_path: Path) -> None:
    response = program.post("/api/v1/ingest", json={"source": str(tmp_path / "open/inner"), "collection": "mine"})
    assert response.status_code == 202 and response.json == {"job": "job1"}
    assert ingest.started == [(str(tmp_path / "open/inner"), "mine")]


def test_what_a_folder_no_longer_has_is_kept_or_withdrawn_as_asked(
    program: FlaskClient, ingest: FakeIngest, tmp_path: Path
) -> None:
    address = str(tmp_path / "open/inner")
    for missing in ("keep", "force"):
        assert program.post("/api/v1/ingest", json={"source": address, "missing": missing}).status_code == 202
    assert ingest.started == [(address, "", "keep"), (address, "", "force")]
    assert program.post("/api/v1/ingest", json={"source": address, "missing": "lose"}).status_code == 400


@pytest.mark.parametrize("prefix", ["site:", "warc:"])
def test_a_saved_site_or_crawl_must_lie_under_an_open_root(
    program: FlaskClient, ingest: FakeIngest, tmp_path: Path, prefix: str
) -> None:
    response = program.post("/api/v1/ingest", json={"source": f"{prefix}{tmp_path / 'open/inner'}"})
    assert response.status_code == 202 and ingest.started == [(f"{prefix}{tmp_path / 'open/inner'}", "")]
    for place in ("closed", "open/../closed", "open/way-out", "open/missing"):
        assert program.post("/api/v1/ingest", json={"source": f"{prefix}{tmp_path / place}"}).status_code == 400
    assert len(ingest.started) == 1


@pytest.mark.parametrize("source", ["closed", "open/../closed", "open/way-out", "open/missing", ".", ""])
def test_no_other_folder_is(program: FlaskClient, ingest: FakeIngest, tmp_path: Path, source: str) -> None:
    response = program.post("/api/v1/ingest", json={"source": str(tmp_path / source) if source else ""})
    assert response.status_code == 400 and not ingest.started


def test_pictures_sent_are_ingested_with_their_names(program: FlaskClient, ingest: FakeIngest) -> None:
    files = [(io.BytesIO(picture_bytes(n)), name) for n, name in enumerate(["a.png", "../../a.png"])]
    response = program.post("/api/v1/ingest/upload", data={"pictures": files, "collection": "mine"})
    assert response.status_code == 202
    assert ingest.uploaded == [{"a.png": picture_bytes(0), "2-a.png": picture_bytes(1)}]


def test_a_form_without_pictures_is_refused(program: FlaskClient, ingest: FakeIngest) -> None:
    response = program.post("/api/v1/ingest/upload", data={"collection": "mine"})
    assert response.status_code == 400 and "picture" in response.get_json()["detail"]


def test_many_pictures_may_be_larger_than_one(make_app: Make, ingest: FakeIngest) -> None:
    app = make_app({"ingest": ingest}, max_bytes=10_000, upload_batch=8_000_000)
    program = app.test_client(use_cookies=False)
    files = [(io.BytesIO(bytes(1_500_000)), f"{n}.png") for n in range(3)]
    assert program.post("/api/v1/ingest/upload", data={"pictures": files}).status_code == 202
    files = [(io.BytesIO(bytes(3_000_000)), f"{n}.png") for n in range(3)]
    assert program.post("/api/v1/ingest/upload", data={"pictures": files}).status_code == 413


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("/etc/passwd", "passwd"),
        ("..", "picture"),
        ("a\0b\n.png", "ab.png"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
    ],
)
def test_names_sent_by_browsers_are_made_harmless(sent: str, kept: str) -> None:
    assert file_name(sent) == kept


def test_a_wrong_folder_is_reported_on_the_page(make_app: Make, ingest: FakeIngest) -> None:
    client = make_app({"ingest": ingest}).test_client()
    form = {"source": "/etc", "csrf_token": csrf_token(client, "/ingest")}
    response = client.post("/ingest", data=form)
    assert response.status_code == 400 and "OMMA_INGEST_ROOTS" in response.text


def test_quarantine_is_shown_with_reasons_retried_and_dropped(make_app: Make, ingest: FakeIngest) -> None:
    client = make_app({"ingest": ingest}).test_client()
    page = client.get("/quarantine").text
    assert "The file ends too early." in page and 'src="/refused/a"' in page
    token = csrf_token(client, "/quarantine")
    client.post("/quarantine/retry", data={"entries": ["a", "b"], "csrf_token": token})
    client.post("/quarantine/drop", data={"entries": "b", "csrf_token": token})
    assert (ingest.retried, ingest.dropped) == (["a", "b"], ["b"])


def test_the_page_and_the_command_name_what_a_job_left_out(make_app: Make, ingest: FakeIngest) -> None:
    left_out = [Omission(what="hidden files", number=7, examples=[".git/"])]
    values: dict[str, Any] = {"id": "job1", "source": "shapes", "collection": "tests", "state": "done", "skipped": 7}
    ingest.progresses.append(Progress(**values, started=datetime.now(UTC), left_out=left_out))
    client = make_app({"ingest": ingest}).test_client()
    assert "<li>hidden files: 7 (.git/)</li>" in client.get("/ingest/jobs/job1").text
    (shown,) = client.get("/api/v1/ingest/jobs/job1").get_json()["left_out"]
    assert shown == {"what": "hidden files", "number": 7, "examples": [".git/"]}
    assert "left out: hidden files: 7 (.git/)" in outcome_of(ingest.progresses[0])


def test_an_unknown_job_is_not_found(client: FlaskClient) -> None:
    assert client.get("/ingest/jobs/none").status_code == 404
    assert client.get("/api/v1/ingest/jobs/none").get_json()["status"] == 404


@pytest.mark.parametrize("source", ["a\0b", "~nobody-of-this-name/x", "x" * 300, "loop"])
def test_a_path_that_leads_nowhere_is_refused(make_app: Make, tmp_path: Path, source: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    client = make_app(ingest_roots=[tmp_path]).test_client()
    answer = client.post("/api/v1/ingest", json={"source": source if source.startswith("~") else f"{tmp_path}/{source}"})
    assert answer.status_code == 400
