"""The tools of the MCP server, called by the protocol's own client: over standard input and output, and over HTTP."""

import asyncio
import base64
import io
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from PIL import Image
from pydantic import SecretStr

from engine.settings import Settings
from ingest.jobs import Progress
from query.answer import AnswerPart, PartItem
from tests.cli.conftest import TITLES, Omma, Shelf
from tests.cli.test_cli import is_one_line
from tests.cli.test_page import Listen, Serve, listen, serve  # noqa: F401  (fixtures)
from tests.conftest import free_port
from tests.ingest.pictures import png
from tests.web.answering_doubles import FakeAnswering
from tests.web.web_doubles import NOW, FakeIngest, FakeSearcher, fake_services, sha

pytestmark = [pytest.mark.engine, pytest.mark.queue]
ROOT = Path(__file__).resolve().parents[2]
READING = {"search", "identify", "document", "facets", "why"}
Ask = Callable[[Client], Awaitable[Any]]


def over_stdio(ask: Ask, *arguments: str) -> Any:
    """What a client gets from `omma mcp`, started for it."""

    async def run() -> Any:
        command = ["-m", "cli.main", "mcp", *arguments]
        started = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ), cwd=ROOT)
        async with Client(started) as client:
            return await ask(client)

    return asyncio.run(run())


async def called(client: Client, tool: str, **arguments: Any) -> tuple[str, list[Image.Image]]:
    """The text of an answer, and its pictures."""
    answer = await client.call_tool(tool, arguments)
    text = "\n".join(block.text for block in answer.content if block.type == "text")
    assert not answer.is_error, text
    encoded = [block.data for block in answer.content if block.type == "image"]
    return text, [Image.open(io.BytesIO(base64.b64decode(data))) for data in encoded]


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The message of a call that failed."""
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error, answer.content
    return "\n".join(block.text for block in answer.content if block.type == "text")


def test_the_collection_is_searched_and_explained(shelf: Shelf, serve: Serve) -> None:  # noqa: F811
    serve(shelf.runtime.settings)
    fox, snow = shelf.ids[:2]

    async def ask(client: Client) -> None:
        listed = (await client.list_tools()).tools
        assert {tool.name for tool in listed} == READING
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)
        text, pictures = await called(client, "search", text="snow")
        assert text.startswith("1 result") and f"1. {TITLES[1]}" in text and snow[:12] in text
        (picture,) = pictures
        assert picture.format == "JPEG" and max(picture.size) <= 192
        text, pictures = await called(client, "search", text="fox snow", filters={"collection": ["animals"]})
        assert f"1. {TITLES[0]}" in text and len(pictures) == 1
        text, _ = await called(client, "document", id=snow[:12])
        assert snow in text and TITLES[1] in text
        text, _ = await called(client, "facets")
        assert "3 pictures" in text and "rest (2)" in text and "fox (1)" in text
        text, _ = await called(client, "facets", text="snow")
        assert "1 result" in text and "collection: rest (1)" in text
        text, _ = await called(client, "why", id=snow, text="snow")
        assert "%" in text and TITLES[1] in text
        text, pictures = await called(client, "why", id=fox, other=snow, text="fox snow")
        assert TITLES[0] in text and TITLES[1] in text and len(pictures) == 2
        assert "is not among" in await refused(client, "why", id=fox, text="snow")
        assert "there is no picture" in await refused(client, "document", id="f" * 64)

    over_stdio(ask)


def test_a_picture_is_given_by_path_base64_or_address(
    house: Settings, serve: Serve, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    searcher = FakeSearcher()
    tags = AnswerPart(
        name="tags", title="Tags", reason="From similar pictures.", items=[PartItem(text="ball", confidence=0.93)]
    )
    serve(house, fake_services(house, searcher=searcher, answering=FakeAnswering(searcher, waits=[tags])))
    (tmp_path / "asked.png").write_bytes(png(3))
    encoded = base64.b64encode(png(3)).decode()

    async def ask(client: Client) -> None:
        for picture in (
            {"path": str(tmp_path / "asked.png")},
            {"base64": encoded},
            {"base64": f"data:image/png;base64,{encoded}"},
        ):
            text, _ = await called(client, "identify", picture=picture | {"box": [0, 0, 0.5, 0.5]}, number=2)
            assert "objects: ball 93% at [0.10, 0.15, 0.45, 0.65]" in text and "labels: shape, toy" in text
            assert "Tags: From similar pictures.\n- ball · 93%" in text
            assert (searcher.asked[-1].image, searcher.asked[-1].box) == (png(3), [0, 0, 0.5, 0.5])
        await called(client, "search", picture={"address": "https://example.org/a.png"}, text="red")
        assert (searcher.asked[-1].address, searcher.asked[-1].text) == ("https://example.org/a.png", "red")
        text, _ = await called(client, "why", id=sha(0), other=sha(1), picture={"base64": encoded})
        assert "Shape number 0" in text
        mistakes: dict[str, dict[str, Any]] = {
            "in one way": {"id": sha(0), "base64": encoded}, "cannot be read": {"path": str(tmp_path / "none.png")},
            "not base64": {"base64": "!!"}, "four fractions": {"id": sha(0), "box": [1]},
        }  # fmt: skip
        for message, picture in mistakes.items():
            assert message in await refused(client, "identify", picture=picture)

    over_stdio(ask)


def test_pictures_are_added_only_where_that_is_allowed(house: Settings, serve: Serve, tmp_path: Path) -> None:  # noqa: F811
    done = Progress(id="job1", source="upload", collection="c", state="done", started=NOW, ended=NOW, discovered=1, indexed=1)
    ingest = FakeIngest(progresses=[done])
    serve(house, fake_services(house, ingest=ingest))
    (tmp_path / "new.png").write_bytes(png(4))

    async def ask(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == READING | {"add"} and tools["add"].annotations and not tools["add"].annotations.read_only_hint
        text, _ = await called(client, "add", picture={"path": str(tmp_path / "new.png")}, name="a fox.png", collection="c")
        assert "done: 1 added" in text and ingest.uploaded == [{"a fox.png": png(4)}]
        assert "path` or `base64" in await refused(client, "add", picture={"id": sha(0)}, name="x.png")

    over_stdio(ask, "--allow-writes")


def test_without_the_page_a_call_says_how_to_start_it(house: Settings, listen: Listen) -> None:  # noqa: F811
    async def ask(client: Client) -> None:
        assert "./omma up" in await refused(client, "search", text="snow")

    over_stdio(ask)


@contextmanager
def running(port: int, *arguments: str) -> Iterator[str]:
    """The address of `omma mcp --http`, in a process of its own."""
    command = [sys.executable, "-m", "cli.main", "mcp", "--http", "--port", str(port), *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    address = f"http://127.0.0.1:{port}/mcp"
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None and not _listens(address):
            time.sleep(0.1)
        assert process.poll() is None
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _listens(address: str) -> bool:
    try:
        httpx.get(address)
    except httpx.ConnectError:
        return False
    return True


@asynccontextmanager
async def connected(address: str, token: str) -> AsyncIterator[Client]:
    http = create_mcp_http_client({"Authorization": f"Bearer {token}"})
    async with http, Client(streamable_http_client(address, http_client=http)) as client:
        yield client


def test_over_http_it_asks_for_the_token_and_reads_no_file_that_the_page_may_not(
    house: Settings, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setenv("OMMA_API_TOKEN", "the right one")
    monkeypatch.setenv("OMMA_INGEST_ROOTS", str(tmp_path / "open"))
    guarded = house.model_copy(update={"api_token": SecretStr("the right one")})
    searcher = FakeSearcher()
    serve(guarded, fake_services(guarded, searcher=searcher))
    for folder in ("open", "closed"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(png(3))
    (tmp_path / "open" / "link.png").symlink_to(tmp_path / "closed" / "a.png")

    async def ask(address: str) -> None:
        async with connected(address, "the right one") as client:
            text, pictures = await called(client, "identify", picture={"path": str(tmp_path / "open" / "a.png")})
            assert "Shape number 0" in text and pictures
            for closed in ("closed/a.png", "open/../closed/a.png", "open/link.png", "nosuch.png"):
                message = await refused(client, "identify", picture={"path": str(tmp_path / closed)})
                assert "OMMA_INGEST_ROOTS" in message
        assert [asked.image for asked in searcher.asked] == [png(3)]

    with running(free_port()) as address:
        asyncio.run(ask(address))
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert httpx.post(address, json=body, headers=headers).status_code == 401
        foreign = {"Authorization": "Bearer the right one", "Host": "evil.example", "Accept": "application/json"}
        assert httpx.post(address, json=body, headers=foreign).status_code == 421


def test_beyond_the_loopback_it_needs_a_token(omma: Omma, house: Settings) -> None:
    is_one_line(omma("mcp", "--http", "--host", "0.0.0.0"), "OMMA_API_TOKEN")
