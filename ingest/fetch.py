"""Fetching an image from an address: from public hosts only, checked at the connection, with limits of time and size."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from urllib.parse import urlsplit

import httpcore
import httpx

from engine.errors import FetchError
from engine.settings import Settings
from vision.formats import begins_as_picture

CONNECT_SECONDS = 5.0
PASSING_STATUSES = (408, 425, 429, 500, 502, 503, 504)
AGENT = "Omma/0.1 (picture fetcher)"
CHUNK_BYTES = 1 << 16
UNTYPED = ("", "application/octet-stream", "binary/octet-stream")  # types that say nothing; the second one is S3's default
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """The response; `url` is the final address after redirects."""

    data: bytes
    content_type: str
    url: str


def fetch(url: str, settings: Settings) -> Fetched:
    """Fetch the image at the address; FetchError with a reason. The bytes decide what is one, where the server's type does not.

    Reasons: `bad-address`, `private-address`, `unresolved`, `unreachable`, `redirects`, `http-<status>`, `slow`,
    `too-large`, `wrong-type`.
    """
    _check_form(url)
    try:
        with _client(settings) as client, client.stream("GET", url) as response:
            return _receive(response, settings)
    except httpx.TooManyRedirects as error:
        raise FetchError("redirects", f"more than {settings.fetch_redirects} redirects, or a loop of them") from error
    except httpx.TimeoutException as error:
        raise FetchError("slow", f"not complete within {settings.fetch_timeout:g} s", passing=True) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise FetchError("bad-address", f"cannot be fetched: {error}") from error
    except httpx.HTTPError as error:
        raise FetchError("unreachable", f"{type(error).__name__}: {error}", passing=True) from error


def is_public(address: Address) -> bool:
    """Whether the address is on the public internet; an IPv4 address inside an IPv6 one is checked as well."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _check_form(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise FetchError("bad-address", f"not an address: {error}") from error
    if not usable or parts.username or parts.password:
        raise FetchError("bad-address", "only http and https addresses without user names are fetched")


@cache
def _trust() -> ssl.SSLContext:
    """The certificates of SSL_CERT_FILE, which `omma` sets to the system's; loading them takes longer than a small image."""
    return httpx.create_ssl_context()


def _client(settings: Settings) -> httpx.Client:
    transport = httpx.HTTPTransport()
    # httpx has no public option for the network backend; httpcore's pool has one.
    transport._pool = httpcore.ConnectionPool(ssl_context=_trust(), network_backend=_Backend(settings))
    return httpx.Client(
        transport=transport,
        follow_redirects=True,
        max_redirects=settings.fetch_redirects,
        timeout=httpx.Timeout(settings.fetch_timeout, connect=CONNECT_SECONDS),
        headers={"User-Agent": AGENT, "Accept": "image/*", "Accept-Encoding": "identity"},
        trust_env=False,
    )


def _receive(response: httpx.Response, settings: Settings) -> Fetched:
    if response.status_code != httpx.codes.OK:
        passing = response.status_code in PASSING_STATUSES
        raise FetchError(f"http-{response.status_code}", f"the server answered {response.status_code}", passing=passing)
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > settings.max_bytes:
        raise _too_large(settings)
    chunks = response.iter_bytes(CHUNK_BYTES)
    head = next(chunks, b"")
    if not (content_type.startswith("image") or content_type in UNTYPED or begins_as_picture(head)):
        raise FetchError("wrong-type", f"{content_type}, and its bytes are no picture's")
    return Fetched(_limited(chain([head], chunks), settings), content_type, str(response.url))


def _limited(chunks: Iterable[bytes], settings: Settings) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > settings.max_bytes:
            raise _too_large(settings)
    return bytes(data)


def _too_large(settings: Settings) -> FetchError:
    return FetchError("too-large", f"larger than {settings.max_bytes} bytes (OMMA_MAX_BYTES)")


class _Backend(httpcore.SyncBackend):
    """Connects to the address that was checked, so that the name cannot resolve to another one in between."""

    def __init__(self, settings: Settings) -> None:
        self._private = settings.fetch_private
        self._deadline = time.monotonic() + settings.fetch_timeout

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect; every address of the name must be allowed."""
        address = self._checked(host, port)
        left = _left(self._deadline, timeout)
        stream = super().connect_tcp(address, port, left, local_address, socket_options)
        return _Timed(stream, self._deadline)

    def _checked(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError("unresolved", f"the name {host!r} cannot be resolved: {error}", passing=True) from error
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        refused = [text for text in addresses if not is_public(ipaddress.ip_address(text))]
        if refused and not self._private:
            what = host if host == refused[0] else f"{host} ({refused[0]})"
            raise FetchError("private-address", f"{what} is not on the open internet (OMMA_FETCH_PRIVATE allows it)")
        return addresses[0]


class _Timed(httpcore.NetworkStream):
    """A connection with one deadline for all waits, so that a server that sends single bytes does not hold it open."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As the connection's, until the deadline."""
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As the connection's, until the deadline."""
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        """As the connection's."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """As the connection's; the secured one keeps the deadline."""
        left = _left(self._deadline, timeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> object:
        """As the connection's."""
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return left if timeout is None else min(left, timeout)
