"""The client: one method per request of the API."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from omma_client import models
from omma_client.errors import ConnectionFailed, UnexpectedAnswer, problem
from omma_client.job import Job

Answer = TypeVar("Answer", bound=BaseModel)
Filters = Mapping[str, str | Sequence[str]]
Picture = str | Path | tuple[str, bytes]
API = "/api/v1"
TIMEOUT = 120.0  # seconds; the first search waits until the server has loaded its models


class Client:
    """A connection to one server; a context manager that closes it. Errors are those of `omma_client.errors`."""

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        token: str = "",
        *,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`token` is the server's OMMA_API_TOKEN, where it has one; `timeout` in seconds for each request."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=address.rstrip("/"), headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def search(
        self, *, image: str | Path | bytes | None = None, like: str = "", text: str = "", filters: Filters | None = None,
        more: Iterable[str] = (), less: Iterable[str] = (), box: Sequence[float] | None = None,
        crop: Sequence[int] | None = None, page: int = 1, number: int | None = None, everything: bool = False,
        diversity: float | None = None, dsl: bool = False,
    ) -> models.Answer:  # fmt: skip
        """Answer a question.

        `image`: a path, bytes, or an http(s) address that the server fetches; or `like`, the id of a picture of the collection.
        The part of it to search for is `box` (x, y, w, h as fractions of its size) or `crop` (x, y, w, h in pixels).
        `filters`: values by name; several values of a name are alternatives. `more` and `less`: ids of pictures that move the
        question towards them and away from them; the former stay among the results, the latter are not shown. `everything`
        also shows results below the relevance threshold; `dsl` adds the requests that the server sent to OpenSearch.
        """
        sent, address = _image(image)
        asked = _parameters(
            text=text, like=like, address=address, box=_numbers(box), region=_numbers(crop), filter=_pairs(filters),
            more=list(more), less=list(less), page=page, number=number, everything=everything, diversity=diversity, dsl=dsl,
        )  # fmt: skip
        if sent is None:
            return self._request("GET", "/search", models.Answer, params=asked)
        return self._request("POST", "/search", models.Answer, params=asked, files={"image": ("image", sent)})

    def ask(
        self, *, image: str | Path | bytes | None = None, like: str = "", text: str = "",
        box: tuple[float, float, float, float] | None = None, goal: str = "", filters: Filters | None = None,
        number: int | None = None,
    ) -> models.Answer:  # fmt: skip
        """What a picture shows: the answer with its `intent` and all `parts` (tags, card, text, copies, offers).

        `goal` says what it is asked for (`identify`, `similar`, `shop`, `read`, `copy`, `person`, `place`, `pattern`).
        """
        sent, address = _image(image)
        asked = _parameters(
            text=text, like=like, address=address, box=_numbers(box), goal=goal, filter=_pairs(filters), number=number
        )
        if sent is None:
            return self._request("GET", "/ask", models.Answer, params=asked)
        return self._request("POST", "/ask", models.Answer, params=asked, files={"image": ("image", sent)})

    def everything(
        self, *, image: str | Path | bytes | None = None, like: str = "", text: str = "", filters: Filters | None = None,
        number: int | None = None,
    ) -> models.PictureRows:  # fmt: skip
        """Everything in a picture: a row of at most `number` results for the whole, and for each object in it."""
        sent, address = _image(image)
        asked = _parameters(text=text, like=like, address=address, filter=_pairs(filters), number=number)
        if sent is None:
            return self._request("GET", "/everything", models.PictureRows, params=asked)
        return self._request("POST", "/everything", models.PictureRows, params=asked, files={"image": ("image", sent)})

    def tags(
        self, *, image: str | Path | bytes | None = None, like: str = "", box: Sequence[float] | None = None,
        crop: Sequence[int] | None = None, filters: Filters | None = None, languages: Iterable[str] = (),
    ) -> models.Tags:  # fmt: skip
        """What a picture, or a part of it, shows, as tags in these languages (by default that of most text)."""
        sent, address = _image(image)
        asked = _parameters(
            like=like, address=address, box=_numbers(box), region=_numbers(crop), filter=_pairs(filters),
            language=list(languages),
        )  # fmt: skip
        if sent is None:
            return self._request("GET", "/tags", models.Tags, params=asked)
        return self._request("POST", "/tags", models.Tags, params=asked, files={"image": ("image", sent)})

    def similar(self, document: str, *, number: int | None = None, page: int = 1) -> models.Answer:
        """Pictures like one of the collection, named by its id or at least the first 6 letters of it."""
        return self.search(like=document, number=number, page=page)

    def compare(
        self, one: str, other: str, *, like: str = "", text: str = "", filters: Filters | None = None
    ) -> models.ResultComparison:  # fmt: skip
        """Why one of two results of a question is above the other."""
        asked = _parameters(one=one, other=other, like=like, text=text, filter=_pairs(filters))
        return self._request("GET", "/compare", models.ResultComparison, params=asked)

    def picture(self, document: str) -> models.DocumentView:
        """Everything known about a picture of the collection."""
        return self._request("GET", f"/picture/{_segment(document)}", models.DocumentView)

    def ingest(self, pictures: Picture | Iterable[Picture], *, collection: str = "") -> Job:
        """Send pictures of this machine: paths, or pairs of a name and bytes. The server's limit for one request holds."""
        several = [pictures] if isinstance(pictures, str | Path | tuple) else list(pictures)
        with ExitStack() as opened:
            files = [("pictures", _file(picture, opened)) for picture in several]
            data = {"collection": collection}
            started = self._request("POST", "/ingest/upload", models.Started, data=data, files=files or None)
        return self.job(started.job)

    def ingest_source(
        self, source: str, *, collection: str = "", missing: Literal["withdraw", "keep", "force"] = "withdraw"
    ) -> Job:
        """Let the server read `demo`, or a folder, feed, `site:` or `warc:` under its OMMA_INGEST_ROOTS.

        `missing`: what happens to pictures that a folder or feed no longer has.
        """
        body = {"source": source, "collection": collection, "missing": missing}
        return self.job(self._request("POST", "/ingest", models.Started, json=body).job)

    def job(self, job_id: str) -> Job:
        """A job by its id; nothing is requested yet."""
        return Job(job_id, lambda name: self._request("GET", f"/ingest/jobs/{_segment(name)}", models.Progress))

    def jobs(self) -> list[models.Progress]:
        """All jobs, latest first."""
        return self._request("GET", "/ingest", models.IngestOptions).jobs

    def quarantine(self, *, page: int = 1, number: int = 48, collection: str = "", reason: str = "") -> models.RefusedList:
        """Pictures that could not be used, with reasons, latest first."""
        asked = _parameters(page=page, number=number, collection=collection, reason=reason)
        return self._request("GET", "/quarantine", models.RefusedList, params=asked)

    def retry(self, entries: Iterable[str]) -> int:
        """Try entries of the quarantine again; the number of entries that were there."""
        return self._request("POST", "/quarantine/retry", models.Counted, json={"entries": list(entries)}).count

    def drop(self, entries: Iterable[str]) -> int:
        """Delete entries of the quarantine; the number of entries that were there."""
        return self._request("POST", "/quarantine/drop", models.Counted, json={"entries": list(entries)}).count

    def overview(self) -> models.Overview:
        """What there is to search: counts, collections, categories, some pictures."""
        return self._request("GET", "/", models.Overview)

    def status(self) -> models.Status:
        """How much is indexed, in quarantine and waiting; None where a part of the server does not answer."""
        return self._request("GET", "/status", models.Status)

    def _request(self, method: str, path: str, model: type[Answer], **parts: Any) -> Answer:
        try:
            response = self._http.request(method, f"{API}{path}", **parts)
        except httpx.TransportError as error:
            raise ConnectionFailed(f"{self._http.base_url} cannot be reached: {error or type(error).__name__}") from error
        if not response.is_success:
            raise problem(response)
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise UnexpectedAnswer(
                f"{method} {response.url} gave no {model.__name__} as this client knows it: {error}"
            ) from error


def _image(image: str | Path | bytes | None) -> tuple[bytes | None, str]:
    """Bytes to send, or the address that the server fetches."""
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        return None, image
    return (Path(image).read_bytes() if isinstance(image, str | Path) else image), ""


def _file(picture: Picture, opened: ExitStack) -> tuple[str, Any]:
    if isinstance(picture, tuple):
        return picture
    return Path(picture).name, opened.enter_context(Path(picture).open("rb"))


def _pairs(filters: Filters | None) -> list[str]:
    values = ((name, [given] if isinstance(given, str) else given) for name, given in (filters or {}).items())
    return [f"{name}={value}" for name, several in values for value in several]


def _numbers(numbers: Sequence[float] | None) -> str:
    return ",".join(map(str, numbers)) if numbers else ""


def _parameters(**given: Any) -> list[tuple[str, str]]:
    """What is given, as pairs of an address; empty values are left out."""
    return list(_given(given))


def _given(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        if isinstance(value, list):
            yield from ((name, entry) for entry in value)
        elif value not in ("", None, False):
            yield name, "true" if value is True else str(value)


def _segment(name: str) -> str:
    """A name as one segment of a path: no id of Omma has a slash, and the server answers that there is none."""
    return name.replace("/", "%2F").replace("?", "%3F").replace("#", "%23")
