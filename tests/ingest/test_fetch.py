"""Fetching, against a real HTTP server on this machine: allowed and refused addresses, with reasons."""

import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from engine.errors import FetchError
from engine.settings import Settings
from ingest import fetch as fetching
from ingest.fetch import fetch, is_public
from tests.ingest.pictures import png


class Handler(BaseHTTPRequestHandler):
    """A server with every kind of answer."""

    hits: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Handler.hits.append(self.path)
        name = self.path.strip("/").partition("?")[0]
        {
            "ok.png": self.ok,
            "loop": self.loop,
            "once": self.once,
            "page": self.page,
            "typed": self.typed,
            "slow": self.slow,
            "huge": self.huge,
            "endless": self.endless,
            "away": self.away,
            "file": self.file,
        }.get(name, self.missing)()

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def ok(self) -> None:
        self.answer(200, {"Content-Type": "image/png; charset=binary", "Content-Length": str(len(png(1)))}, png(1))

    def loop(self) -> None:
        self.answer(302, {"Location": "/loop"})

    def once(self) -> None:
        self.answer(301, {"Location": "/ok.png"})

    def away(self) -> None:
        self.answer(302, {"Location": "http://169.254.169.254/latest/meta-data"})

    def file(self) -> None:
        self.answer(302, {"Location": "file:///etc/passwd"})

    def typed(self) -> None:
        """A picture of any declared type: `/typed?text/plain`."""
        self.answer(200, {"Content-Type": self.path.partition("?")[2]}, png(1))

    def page(self) -> None:
        self.answer(200, {"Content-Type": "text/html"}, b"<html>")

    def huge(self) -> None:
        self.answer(200, {"Content-Type": "image/png", "Content-Length": "99999999999"})

    def endless(self) -> None:
        self.answer(200, {"Content-Type": "image/png"})
        self.drip(b"x" * 4096, 0)

    def slow(self) -> None:
        self.answer(200, {"Content-Type": "image/png"})
        self.drip(b"x", 0.05)

    def drip(self, data: bytes, pause: float) -> None:
        try:
            for _ in range(2000):
                self.wfile.write(data)
                time.sleep(pause)
        except OSError:
            pass  # the client had enough

    def missing(self) -> None:
        status = int(self.path.strip("/")) if self.path.strip("/").isdecimal() else 404
        self.answer(status, {})

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[str]:
    Handler.hits = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture()
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture()
def certificate(tmp_path: Path) -> Path:
    """A certificate that a company made for itself, and its key."""
    path, public = tmp_path / "company.pem", tmp_path / "public.pem"
    made = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=omma -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(["openssl", *made.split(), "-keyout", path, "-out", public], check=True, capture_output=True)
    path.write_text(path.read_text() + public.read_text())
    return path


@pytest.fixture()
def private(settings: Settings) -> Settings:
    return settings.model_copy(update={"fetch_private": True, "fetch_timeout": 1.0, "max_bytes": 100_000})


def refusal(url: str, settings: Settings) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(url, settings)
    return caught.value


def test_a_picture_is_fetched_with_its_type_and_last_address(server: str, private: Settings) -> None:
    got = fetch(f"{server}/once", private)
    assert (got.data, got.content_type, got.url) == (png(1), "image/png", f"{server}/ok.png")


@pytest.mark.parametrize("kind", ["binary/octet-stream", "application/x-download", "image", "text/plain", "text/html", ""])
def test_the_bytes_decide_whatever_type_the_server_declares(server: str, private: Settings, kind: str) -> None:
    assert fetch(f"{server}/typed?{kind}", private).data == png(1)


@pytest.mark.parametrize(
    ("path", "reason", "passing"),
    [
        ("404", "http-404", False),
        ("410", "http-410", False),
        ("503", "http-503", True),
        ("429", "http-429", True),
        ("loop", "redirects", False),
        ("page", "wrong-type", False),
        ("huge", "too-large", False),
        ("file", "bad-address", False),
        ("endless", "too-large", False),
        ("slow", "slow", True),
    ],
)
def test_each_failure_has_its_reason(server: str, private: Settings, path: str, reason: str, passing: bool) -> None:
    error = refusal(f"{server}/{path}", private)
    assert (error.reason, error.passing) == (reason, passing)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(
    certificate: Path, private: Settings, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(fetching, "_trust", fetching._trust.__wrapped__)
    with serving(certificate) as address:
        if trusted:
            assert fetch(f"{address}/ok.png", private).data == png(1)
        else:
            assert refusal(f"{address}/ok.png", private).reason == "unreachable"


def test_loopback_is_refused_before_any_connection(server: str, settings: Settings) -> None:
    assert refusal(f"{server}/ok.png", settings).reason == "private-address"
    assert refusal(server.replace("127.0.0.1", "localhost") + "/ok.png", settings).reason == "private-address"
    assert Handler.hits == []


def test_a_redirect_to_a_private_address_is_refused(server: str, private: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first host passes for a public one; where it leads to does not."""
    public = private.model_copy(update={"fetch_private": False})
    monkeypatch.setattr(fetching, "is_public", lambda address: str(address) == "127.0.0.1" or is_public(address))
    error = refusal(f"{server}/away", public)
    assert error.reason == "private-address" and "169.254.169.254" in str(error)
    assert Handler.hits == ["/away"]


def test_a_name_that_changes_after_the_check_leads_nowhere_else(
    server: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers a public address first and loopback afterwards is asked only once."""
    answers = iter(["93.184.216.34", "127.0.0.1"])
    connected: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    error = refusal("http://rebinding.example/ok.png", settings)
    assert error.reason == "unreachable" and connected == ["93.184.216.34"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "http://",
        "example.com/a.png",
        "http://u:p@example.com/",
        "http://[::1",
        "",
    ],
)
def test_other_addresses_are_refused(url: str, settings: Settings) -> None:
    assert refusal(url, settings).reason == "bad-address"


def test_a_name_that_cannot_be_resolved_is_a_passing_error(settings: Settings) -> None:
    error = refusal("http://no-such-host.invalid/a.png", settings)
    assert (error.reason, error.passing) == ("unresolved", True)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public
