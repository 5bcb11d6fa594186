"""The running web page, which commands ask over HTTP: its models and connections are warm, a command need not load any."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from engine.errors import (
    ConfigurationError,
    EngineUnavailable,
    InputError,
    NotFoundError,
    OmmaError,
    WeightsMismatchError,
)
from engine.installation import HEADER, mark
from engine.settings import Settings

Model = TypeVar("Model", bound=BaseModel)
Parameters = Iterable[tuple[str, str]]
Files = Mapping[str, tuple[str, bytes]]
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (where to reach a server that listens on all addresses)
ANSWER_SECONDS = 300.0  # the first search may wait until models are loaded
HELLO_SECONDS = 2.0  # for the first request, which finds out whose page answers
ERRORS: Mapping[int, type[OmmaError]] = {400: InputError, 404: NotFoundError, 409: WeightsMismatchError, 503: EngineUnavailable}


class RunningPage:
    """The HTTP API of the running page; errors are those of engine.errors with the page's status and message."""

    def __init__(self, client: httpx.Client) -> None:
        """`client` has the page's address and the token."""
        self._client = client

    def get(self, path: str, model: type[Model], parameters: Parameters = ()) -> Model:
        """The answer to `GET /api/v1/PATH`."""
        return self._ask("GET", path, model, params=tuple(parameters))

    def send(self, path: str, model: type[Model], parameters: Parameters, image: bytes) -> Model:
        """The answer to `POST /api/v1/PATH` with a picture, sent as the form of a browser."""
        return self._ask("POST", path, model, params=tuple(parameters), files={"image": image})

    def upload(self, path: str, model: type[Model], fields: Mapping[str, str], files: Files) -> Model:
        """The answer to `POST /api/v1/PATH` with a form of fields and of files, each with its name and bytes."""
        return self._ask("POST", path, model, data=fields, files=files)

    def file(self, path: str) -> bytes:
        """The bytes of `GET /PATH`, such as a thumbnail."""
        return self._answered("GET", f"/{path}").content

    def _ask(self, method: str, path: str, model: type[Model], **parts: Any) -> Model:
        response = self._answered(method, f"/api/v1/{path}", **parts)
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise ConfigurationError(
                f"the page at {self._client.base_url} runs other code than this command; restart it: `omma down`, `omma up`"
            ) from error

    def _answered(self, method: str, path: str, **parts: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **parts)
        except httpx.HTTPError as error:
            raise EngineUnavailable(f"the page at {self._client.base_url} broke off ({error}); see `omma logs web`") from error
        if not response.is_success:
            raise _problem(response)
        return response


def running_page(settings: Settings) -> RunningPage | None:
    """The page of these settings; None where none answers, or where the page at that port belongs to another installation.

    The first request carries neither the token nor the question: any program may listen at the port.
    """
    client = httpx.Client(
        base_url=_address(settings),
        headers={"DNT": "1"} | _host(settings),  # do not log the operator's searches as a visitor's
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=HELLO_SECONDS),
        trust_env=False,  # the page is on this machine: no proxy is needed
        verify=False,  # noqa: S501  (plain HTTP; nothing to verify, and loading certificates takes time)
    )
    try:
        hello = client.get("/healthz", timeout=HELLO_SECONDS)
    except httpx.HTTPError:
        return None
    if not hello.is_success or hello.headers.get(HEADER) != mark(settings):
        return None
    if token := settings.api_token.get_secret_value():
        client.headers["Authorization"] = f"Bearer {token}"
    return RunningPage(client)


def _address(settings: Settings) -> str:
    host = ANY_ADDRESS.get(settings.web_host, settings.web_host)
    return f"http://[{host}]:{settings.web_port}" if ":" in host else f"http://{host}:{settings.web_port}"


def _host(settings: Settings) -> dict[str, str]:
    """A page beyond the loopback may answer to its public names only."""
    return {"Host": settings.web_hosts[0]} if settings.web_hosts and settings.web_host in ANY_ADDRESS else {}


def _problem(response: httpx.Response) -> OmmaError:
    """The error that a response reports (RFC 9457)."""
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return ConfigurationError("the page asks for its token; set OMMA_API_TOKEN to the one that it was started with")
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"the page answered {response.status_code} {response.reason_phrase}; see `omma logs web`"
    return ERRORS.get(response.status_code, OmmaError)(detail)
