"""The application on doubles, and a browser that notes every violation of the page's own rules."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from engine.settings import Settings
from tests.web.web_doubles import fake_services
from web.app import create_app

IN_MEMORY = {"RATELIMIT_STORAGE_URI": "memory://"}
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture()
def make_app(settings: Settings) -> Callable[..., Flask]:
    """Make an application: settings and services by name over those of a test."""

    def make(services: dict[str, object] | None = None, **changes: Any) -> Flask:
        changed = settings.model_copy(update=changes)
        return create_app(changed, fake_services(changed, **(services or {})), IN_MEMORY)

    return make


@pytest.fixture()
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application as most tests want it."""
    return make_app()


@pytest.fixture()
def client(app: Flask) -> FlaskClient:
    """A client that behaves like a program: neither Origin nor cookies before it gets some."""
    return app.test_client()


@pytest.fixture()
def serve() -> Iterator[Callable[[Flask], str]]:
    """Serve an application on a free port of the loopback; gives its address."""
    servers = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture()
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a page; at the end no script may have failed and no rule of the Content-Security-Policy been broken."""
    contexts, complaints = [], []

    def note(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_at(address: str, **options: Any) -> Any:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not complaints
