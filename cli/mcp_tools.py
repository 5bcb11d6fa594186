"""Tools of the MCP server: each asks the running page, and answers with short text and small pictures."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import Image
from mcp.server.mcpserver.exceptions import ToolError
from PIL import Image as Pillow
from pydantic import BaseModel, Field, ValidationError

from cli import mcp_text
from cli.mcp_picture import GivenPicture
from cli.page import RunningPage, running_page
from cli.pictures import View
from engine.errors import BadQuestion, EngineUnavailable, NotFoundError, OmmaError
from engine.settings import Settings
from ingest.jobs import Progress
from query.answer import Answer, Result, ResultComparison
from web.parameters import SearchParameters, describe

THUMBNAIL_SIDE = 192  # px: what a picture shows can be seen, and a page of results stays small
MAX_NUMBER = 24  # results of one call, each with a thumbnail
WHY_NUMBER = 100  # results among which `why` looks for a document
JOB_SECONDS, POLL_SECONDS = 60.0, 0.5
Blocks = list[str | Image]
Tool = Callable[..., Blocks]

Words = Annotated[str, Field(description='Words; `"a phrase"`, `+must`, `-not`, `field:value`.')]
Filters = Annotated[
    dict[str, list[str]] | None, Field(description="Values by filter; values of one filter are alternatives. See `facets`.")
]
Number = Annotated[int, Field(ge=1, le=MAX_NUMBER, description="Results on a page.")]
Id = Annotated[str, Field(pattern="^[0-9a-f]{6,64}$", description="Id of a picture of the collection, or its first letters.")]
OtherId = Annotated[str, Field(pattern="^([0-9a-f]{6,64})?$", description="Id of a second result, to compare the two.")]


class Started(BaseModel):
    """web.views.ingest.Started; importing that module loads Flask."""

    job: str


class Kept(BaseModel):
    """web.views.search.KeptPicture, as far as it is needed here."""

    picture: str


class Tools:
    """The tools. `roots` are the folders that callers may name files in; None: any."""

    def __init__(self, settings: Settings, roots: Sequence[Path] | None) -> None:
        """Connects to nothing: every call looks for the page, which may start later than this server."""
        self._settings, self._roots = settings, roots

    def reading(self) -> list[Tool]:
        """The tools that change nothing."""
        return [_answering(tool) for tool in (self.search, self.identify, self.document, self.facets, self.why)]

    def writing(self) -> list[Tool]:
        """The tools that change the collection."""
        return [_answering(self.add)]

    def search(
        self, text: Words = "", picture: GivenPicture | None = None, filters: Filters = None, number: Number = 8,
        page: Annotated[int, Field(ge=1)] = 1,
    ) -> Blocks:  # fmt: skip
        """Search the collection by words, by a picture or a part of it, by filters, or by all of them together.

        Each result has an id, how likely it answers the question, why it was found, and a thumbnail.
        """
        omma = self._page()
        answer = self._search(omma, text, picture, filters, number=number, page=page)
        return [mcp_text.heading(answer), *_shown(omma, answer.results)]

    def identify(self, picture: GivenPicture, number: Number = 4) -> Blocks:
        """Say what a picture, or a part of it, shows: names, tags, objects with boxes, text, and what it resembles most."""
        omma = self._page()
        answer = self._search(omma, "", picture, None, path="ask", number=number)
        return [mcp_text.identity(answer), *_shown(omma, answer.results)]

    def document(self, id: Id) -> Blocks:  # noqa: A002  (the name that callers see)
        """Everything known about one picture of the collection: texts, sources, labels, objects, place, prices."""
        omma = self._page()
        view = omma.get(f"picture/{id}", View)
        return [mcp_text.document(view), *_thumbnail(omma, view.root["id"])]

    def facets(self, text: Words = "", picture: GivenPicture | None = None, filters: Filters = None) -> Blocks:
        """What the collection, or the results of a question, can be narrowed down by: values of filters, with counts."""
        omma = self._page()
        if text or picture or filters:
            return [mcp_text.facets(self._search(omma, text, picture, filters, number=1))]
        return [mcp_text.overview(omma.get("", View))]

    def why(
        self, id: Id, other: OtherId = "", text: Words = "", picture: GivenPicture | None = None,  # noqa: A002
        filters: Filters = None,
    ) -> Blocks:  # fmt: skip
        """Why a picture is among the results of a question; with `other`, why one of the two is above the other."""
        omma = self._page()
        if other:
            found = self._compared(omma, (id, other), _parameters(text, picture, filters), picture)
            return [mcp_text.compared(found), *_thumbnail(omma, found.above.id), *_thumbnail(omma, found.below.id)]
        answer = self._search(omma, text, picture, filters, number=WHY_NUMBER)
        result = next((one for one in answer.results if any(i.startswith(id) for i in _ids(one))), None)
        if result is None:
            raise NotFoundError(f"{id} is not among the first {WHY_NUMBER} results of this question")
        return [mcp_text.explained(result), *_thumbnail(omma, result.id)]

    def add(self, picture: GivenPicture, name: str, collection: str = "") -> Blocks:
        """Add a picture, given by path or base64, to the collection; words of its name find it."""
        picture.parameters()
        data = picture.data(self._settings, self._roots)
        if data is None:
            raise BadQuestion("give the picture to add by `path` or `base64`")
        omma = self._page()
        job = omma.upload("ingest/upload", Started, {"collection": collection}, {"pictures": (name, data)}).job
        progress = _awaited(lambda: omma.get(f"ingest/jobs/{job}", Progress))
        counts = f"{progress.indexed} added, {progress.unchanged} known already, {progress.quarantined} refused"
        return ["\n".join([f"job {job} is {progress.state}: {counts}", *map(str, progress.failures)])]

    def _page(self) -> RunningPage:
        page = running_page(self._settings)
        if page is None:
            raise EngineUnavailable("Omma's page does not run; `./omma up` starts it")
        return page

    def _search(
        self, omma: RunningPage, text: str, picture: GivenPicture | None, filters: Filters, *, path: str = "search", **more: int
    ) -> Answer:
        pairs = _parameters(text, picture, filters, **more).pairs()
        data = picture.data(self._settings, self._roots) if picture else None
        return omma.get(path, Answer, pairs) if data is None else omma.send(path, Answer, pairs, data)

    def _compared(
        self, omma: RunningPage, pair: tuple[str, str], asked: SearchParameters, picture: GivenPicture | None
    ) -> ResultComparison:
        data = picture.data(self._settings, self._roots) if picture else None
        if data is not None:
            asked = asked.model_copy(update={"picture": omma.send("uploads", Kept, (), data).picture})
        return omma.get("compare", ResultComparison, [*asked.pairs(), *zip(("one", "other"), pair, strict=True)])


def _parameters(text: str, picture: GivenPicture | None, filters: Filters, **more: int) -> SearchParameters:
    """The parameters of a search; BadQuestion."""
    pairs = [f"{name}={value}" for name, values in (filters or {}).items() for value in values]
    named = picture.parameters() if picture else {}
    try:
        return SearchParameters.model_validate({"text": text, "filter": pairs, **named, **more})
    except ValidationError as error:
        raise BadQuestion(describe(error)) from error


def _shown(omma: RunningPage, results: Sequence[Result]) -> Iterator[str | Image]:
    """Each result as text, followed by its thumbnail."""
    for result in results:
        yield mcp_text.result(result)
        yield from _thumbnail(omma, result.id)


def _thumbnail(omma: RunningPage, document: str) -> Iterator[Image]:
    """A small JPEG; nothing where the picture has no thumbnail."""
    try:
        data = omma.file(f"thumbnail/{document}")
    except NotFoundError:
        return
    image, out = Pillow.open(io.BytesIO(data)).convert("RGB"), io.BytesIO()
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    image.save(out, "JPEG", quality=80)
    yield Image(data=out.getvalue(), format="jpeg")


def _answering(tool: Tool) -> Tool:
    """The tool, whose expected errors reach the caller as the answer of a call that failed."""

    @wraps(tool)
    def answer(**arguments: Any) -> Blocks:
        try:
            return tool(**arguments)
        except OmmaError as error:
            raise ToolError(str(error)) from error

    return answer


def _awaited(ask: Callable[[], Progress]) -> Progress:
    """The progress of a job when it has ended, or after a minute."""
    end = time.monotonic() + JOB_SECONDS
    while (progress := ask()).ended is None and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return progress


def _ids(result: Result) -> list[str]:
    return [result.id, *(one.id for one in result.duplicates)]
