"""Commands ask the running page, if it belongs to their installation, and print the same as without it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask, request
from pydantic import SecretStr
from werkzeug.serving import make_server

from engine.installation import HEADER, mark
from engine.settings import Settings
from tests.cli.conftest import TITLES, Omma, Printed, Shelf
from tests.cli.test_cli import is_one_line
from tests.conftest import free_port
from tests.ingest.pictures import png
from tests.web.web_doubles import FakeSearcher, fake_services
from web.app import create_app
from web.services import Services
from web.wiring import open_services

pytestmark = [pytest.mark.engine, pytest.mark.queue]
UNKNOWN = "f" * 64
Listen = Callable[[Flask], list[str]]
Serve = Callable[..., list[str]]


@pytest.fixture()
def listen(house: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listen]:
    """Run an application at the address that commands ask; gives the requests as they come."""
    servers = []

    def start(app: Flask) -> list[str]:
        asked: list[str] = []
        app.before_request(lambda: asked.append(f"{request.method} {request.path}"))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("OMMA_WEB_PORT", str(server.port))
        return asked

    monkeypatch.setenv("OMMA_WEB_PORT", str(free_port()))
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture()
def serve(listen: Listen) -> Serve:
    """Run the page of these settings, connected to the real servers unless it gets services."""

    def start(settings: Settings, services: Services | None = None) -> list[str]:
        return listen(create_app(settings, services or open_services(settings), {"RATELIMIT_STORAGE_URI": "memory://"}))

    return start


def as_json(printed: Printed) -> Any:
    """What a command printed, without what differs from call to call."""
    assert (printed.code, printed.err) == (0, ""), printed
    found = json.loads(printed.out)
    if isinstance(found, dict):
        for name in ("query_id", "took", "address"):
            found.pop(name, None)
    return found


def test_every_command_says_the_same_with_a_page_and_without(omma: Omma, shelf: Shelf, serve: Serve) -> None:
    commands = {
        ("search", "--text", "snow", "--json"): "/api/v1/search",
        ("search", "--text", "fox", "--dsl", "--number", "2", "--json"): "/api/v1/search",
        ("search", "--filter", "category=fox", "--json"): "/api/v1/search",
        ("search", "--like", shelf.ids[0][:12], "--all", "--json"): "/api/v1/search",
        ("show", shelf.ids[1][:12], "--json"): f"/api/v1/picture/{shelf.ids[1][:12]}",
        ("jobs", "--json"): "/api/v1/ingest",
        ("quarantine", "list", "--json"): "/api/v1/quarantine",
        ("quarantine", "list", "--reason", "bomb", "--json"): "/api/v1/quarantine",
    }
    (job,) = shelf.runtime.jobs.list()
    shelf.runtime.jobs.read(job.id, discovered=4, skipped=0)  # it ends here: figures of a running job go on
    alone = {command: as_json(omma(*command)) for command in commands}
    asked = serve(shelf.runtime.settings)
    for command, path in commands.items():
        asked.clear()
        assert as_json(omma(*command)) == alone[command], command
        assert asked == ["GET /healthz", f"GET {path}"]
    assert as_json(omma("jobs", job.id, "--json")) == alone["jobs", "--json"]
    assert alone["search", "--text", "snow", "--json"]["results"][0]["id"] == shelf.ids[1]


def test_status_shows_the_figures_of_the_page(omma: Omma, shelf: Shelf, serve: Serve) -> None:
    alone = omma("status", "--json")
    asked = serve(shelf.runtime.settings)
    printed = omma("status", "--json")
    assert asked == ["GET /healthz", "GET /api/v1/status"]
    assert printed.code == alone.code == 1  # nothing that `omma up` starts runs here
    assert json.loads(printed.out) | {"address": ""} == json.loads(alone.out) | {"address": ""}
    assert json.loads(printed.out)["documents"] == len(TITLES)


def test_a_picture_is_sent_as_a_form(omma: Omma, house: Settings, serve: Serve, tmp_path: Path) -> None:
    searcher = FakeSearcher()
    asked = serve(house, fake_services(house, searcher=searcher))
    (tmp_path / "asked.png").write_bytes(png(3))
    printed = omma(
        "search", "--image", str(tmp_path / "asked.png"), "--crop", "1,2,30,40", "--filter", "a=b", "--filter", "a=c"
    )
    assert (printed.code, printed.err) == (0, "") and asked == ["GET /healthz", "POST /api/v1/search"]
    (question,) = searcher.asked
    assert (question.image, question.region, question.filters) == (png(3), "1,2,30,40", {"a": ["b", "c"]})
    assert (question.number, question.page) == (10, 1)


def test_what_the_api_does_not_take_is_answered_without_it(omma: Omma, shelf: Shelf, serve: Serve) -> None:
    asked = serve(shelf.runtime.settings)
    assert "3 results" in omma("search").out  # no question: everything
    assert len(json.loads(omma("search", "--number", "500", "--json").out)["results"]) == len(TITLES)
    is_one_line(omma("search", "--text", "x" * 20_000), "at most 10000 characters")
    is_one_line(omma("show", "fox"), "too short")
    assert not asked


def test_mistakes_are_one_line_with_a_page_as_well(omma: Omma, shelf: Shelf, serve: Serve, tmp_path: Path) -> None:
    asked = serve(shelf.runtime.settings)
    (tmp_path / "words.png").write_text("these are words")
    mistakes = {
        ("show", UNKNOWN): "there is no picture",
        ("search", "--like", UNKNOWN): "there is no picture",
        ("search", "--like", UNKNOWN[:12]): "there is no picture",
        ("search", "--filter", "nosuch=1"): "there is no filter 'nosuch'; accepted: category",
        ("search", "--image", str(tmp_path / "words.png")): "none of JPEG, PNG",
        ("jobs", "nosuch"): "there is no job 'nosuch'",
    }
    for arguments, message in mistakes.items():
        is_one_line(omma(*arguments), message)
    assert len(asked) == 2 * len(mistakes)


@pytest.mark.parametrize("other", ["index_prefix", "home", "profile", "store_url", "redis_url"])
def test_the_page_of_another_installation_is_not_asked(
    omma: Omma, shelf: Shelf, serve: Serve, other: str, tmp_path: Path
) -> None:
    values = {
        "index_prefix": "other", "home": tmp_path / "other", "profile": "hub", "store_url": f"file://{tmp_path}/other",
        "redis_url": "redis://elsewhere:6379/0",
    }  # fmt: skip
    settings = shelf.runtime.settings.model_copy(update={other: values[other]})
    asked = serve(settings, fake_services(settings))
    assert TITLES[1] in omma("search", "--text", "snow").out
    assert asked == ["GET /healthz"]


def test_installations_do_not_differ_by_passwords_in_addresses(house: Settings) -> None:
    def of(url: str) -> str:
        return mark(house.model_copy(update={"opensearch_url": url}))

    assert of("https://one:secret@search.example:9200") == of("https://search.example:9200")
    assert of("https://search.example:9200") != of("https://search.example:9201")


def test_a_program_that_is_no_page_of_omma_gets_neither_token_nor_question(
    omma: Omma, shelf: Shelf, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMMA_API_TOKEN", "a secret")
    stranger, headers = Flask("stranger"), []
    stranger.before_request(lambda: headers.append(dict(request.headers)))
    stranger.add_url_rule("/healthz", view_func=lambda: "ok")
    asked = listen(stranger)
    assert TITLES[1] in omma("search", "--text", "snow").out
    assert asked == ["GET /healthz"] and "Authorization" not in headers[0]


def test_the_token_goes_along_and_a_wrong_one_is_named(
    omma: Omma, house: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = house.model_copy(update={"api_token": SecretStr("the right one")})
    asked = serve(guarded, fake_services(guarded))
    is_one_line(omma("search", "--text", "snow"), "OMMA_API_TOKEN")
    monkeypatch.setenv("OMMA_API_TOKEN", "the right one")
    asked.clear()
    assert "Shape number 0" in omma("search", "--text", "snow").out
    assert asked == ["GET /healthz", "GET /api/v1/search"]


def test_a_page_that_runs_other_code_is_named(omma: Omma, house: Settings, listen: Listen) -> None:
    other = Flask("other")
    other.after_request(lambda response: response.headers.set(HEADER, mark(house)) or response)
    other.add_url_rule("/healthz", "healthz", lambda: "ok")
    other.add_url_rule("/api/v1/search", "search", lambda: {"found": []})
    other.add_url_rule("/api/v1/ingest", "ingest", lambda: ("<h1>broken</h1>", 500))
    listen(other)
    is_one_line(omma("search", "--text", "snow"), "runs other code", "restart it")
    is_one_line(omma("jobs"), "500", "omma logs web")
