"""The page on the real house: pictures go in through a real worker with real models, and are found again."""

import asyncio
import base64
import io
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client as McpClient
from mcp import StdioServerParameters
from PIL import Image, ImageDraw
from werkzeug.serving import make_server

from engine.connections import connect, connect_redis
from engine.settings import Settings
from mappings.versions import alias
from omma_client import Client
from tests.web.web_doubles import picture_bytes
from web.app import create_app
from web.services import Services

pytestmark = [pytest.mark.browser, pytest.mark.engine, pytest.mark.queue, pytest.mark.models]
ROOT = Path(__file__).resolve().parents[2]
NAMES = ("home", "store_url", "opensearch_url", "redis_url", "index_prefix")
SLOW = 240_000  # milliseconds until a cold worker has loaded its models and processed a few pictures


def painted(shape: str, colour: str, ground: str) -> bytes:
    """One shape on a ground."""
    image = Image.new("RGB", (400, 300), ground)
    draw = ImageDraw.Draw(image)
    places = {"ball": draw.ellipse, "box": draw.rectangle}
    places[shape]([110, 60, 290, 240], fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


PICTURES = {
    "red ball.png": painted("ball", "#d02020", "white"),
    "blue ball.png": painted("ball", "#2030c0", "white"),
    "green box.png": painted("box", "#209030", "white"),
    "yellow box.png": painted("box", "#e0c020", "#303030"),
    "broken.jpg": picture_bytes(1, 600, 400, "JPEG")[:4000],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, opensearch_url: str, redis_url: str) -> Iterator[Settings]:
    """Settings on the real servers, with a worker; everything is removed afterwards."""
    home = tmp_path_factory.mktemp("house")
    settings = Settings(
        home=home,
        store_url=f"file://{home}/store",
        opensearch_url=opensearch_url,
        redis_url=redis_url,
        index_prefix=f"t{uuid.uuid4().hex[:10]}",
    )
    environment = {f"OMMA_{name.upper()}": str(getattr(settings, name)) for name in NAMES} | {"OMMA_WORKER_CONCURRENCY": "1"}
    command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "-c", "1", "--without-gossip"]
    with (home / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log)
    yield settings
    worker.terminate()
    worker.wait(60)
    client, redis = connect(settings), connect_redis(settings)
    for index in client.indices.get(index=f"{settings.index_prefix}-*"):
        client.indices.delete(index=index)
    client.indices.delete_index_template(name=alias(settings), ignore=404)
    for key in redis.scan_iter(f"{settings.index_prefix}:*"):
        redis.delete(key)


@pytest.fixture(scope="module")
def address(house: Settings) -> Iterator[str]:
    """The page of the real house, with its models loaded."""
    app = create_app(house, config={"RATELIMIT_STORAGE_URI": "memory://"})
    services = app.extensions["omma"]
    assert isinstance(services, Services)
    services.warm_up_state.start()
    assert services.warm_up_state.wait(SLOW / 1000), services.warm_up_state.problem
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()


def files(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "mimeType": "image/png", "buffer": PICTURES[name]} for name in names]


@pytest.fixture(scope="module")
def filled(address: str, chromium: Any) -> str:
    """Pictures are added by the form of the page, as people do."""
    page = chromium.new_page()
    page.goto(f"{address}/ingest")
    page.locator("#pictures").set_input_files(files(*PICTURES))
    page.locator("#collection-upload").fill("shapes")
    page.get_by_role("button", name="Add pictures").click()
    page.get_by_role("link", name="See the pictures").wait_for(timeout=SLOW)
    assert page.locator('[data-field="indexed"]').inner_text() == "4", page.locator("main").inner_text()
    assert page.locator('[data-field="quarantined"]').inner_text() == "1"
    assert page.locator("progress").evaluate("bar => bar.value === bar.max")
    page.close()
    return address


def titles(page: Any) -> list[str]:
    return [name.inner_text() for name in page.locator(".card .name").all()]


def test_the_page_is_ready_and_counts_what_there_is(filled: str) -> None:
    assert httpx.get(f"{filled}/readyz").json()["checks"] == {"models": "ok", "opensearch": "ok", "redis": "ok"}
    figures = httpx.get(f"{filled}/metrics").text
    assert "omma_documents 4.0" in figures and "omma_quarantined 1.0" in figures
    assert 'omma_jobs{state="done"} 1.0' in figures and 'omma_queue_length{queue="bulk"} 0.0' in figures


def test_the_front_page_shows_the_collection(open_page: Callable[..., Any], filled: str) -> None:
    page = open_page(filled)
    assert page.get_by_text("4 pictures in 1 collection").is_visible()
    shown = page.locator(".samples img").evaluate_all("images => images.map((image) => image.naturalWidth)")
    assert len(shown) == 4


def test_a_picture_sent_is_found_again_first_and_says_why(open_page: Callable[..., Any], filled: str) -> None:
    page = open_page(filled)
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("[data-file]").set_input_files(files("red ball.png"))
    page.wait_for_url("**/search?picture=**")
    assert "red ball" in titles(page)[0]
    page.locator("details.why > summary").first.click()
    assert page.locator("details.why[open] .why-list li").count() >= 2


def test_words_find_what_was_linked_and_mark_it(open_page: Callable[..., Any], filled: str) -> None:
    page = open_page(f"{filled}/search?text=box")
    assert sorted(titles(page)) == ["green box", "yellow box"]


def test_a_drawn_part_is_searched(open_page: Callable[..., Any], filled: str) -> None:
    page = open_page(filled)
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("[data-file]").set_input_files(files("blue ball.png"))
    page.wait_for_url("**/search?picture=**")
    frame = page.locator(".stage").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] * 0.25, frame["y"] + frame["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.75, frame["y"] + frame["height"] * 0.8, steps=5)
    page.mouse.up()
    page.wait_for_url("**box=**")
    assert page.locator(".edge.drawn, .region.chosen").count() == 1
    assert page.locator(".card").count() >= 1


def test_a_facet_narrows_down(open_page: Callable[..., Any], filled: str) -> None:
    page = open_page(f"{filled}/search?filter=collection%3Dshapes")
    assert page.locator(".card").count() == 4
    facet = page.locator("#facets a.facet:not(.on)").filter(has_text="green").first
    facet.click()
    page.wait_for_url("**green**")
    assert titles(page) == ["green box"]


def test_a_picture_has_its_page_and_leads_to_others_like_it(open_page: Callable[..., Any], filled: str) -> None:
    page = open_page(f"{filled}/search?text=red")
    page.locator("[data-tile]").first.click()
    page.wait_for_url("**/picture/**")
    assert page.get_by_role("heading", name="red ball").is_visible()
    assert page.get_by_text("400 × 300").is_visible()
    page.get_by_role("link", name="More like this").click()
    page.wait_for_url("**like=**")
    assert page.locator(".card").count() >= 1


def test_what_could_not_be_used_is_shown_with_its_reason_and_dropped(open_page: Callable[..., Any], filled: str) -> None:
    page = open_page(f"{filled}/quarantine")
    assert page.get_by_text("broken.jpg").is_visible()
    assert "runcated" in page.locator(".refused").inner_text()
    page.get_by_label("All on this page").check()
    page.get_by_role("button", name="Drop").click()
    page.get_by_text("Nothing is in quarantine").wait_for()


def test_programs_get_the_same(filled: str) -> None:
    answer = httpx.post(f"{filled}/api/v1/search?number=2", files={"image": ("a.png", PICTURES["red ball.png"])}).json()
    assert answer["results"][0]["why"] and answer["took"]["total"] > 0
    found = answer["results"][0]["id"]
    view = httpx.get(f"{filled}/api/v1/picture/{found}").json()
    assert view["id"] == found
    asked = httpx.get(f"{filled}/api/v1/search?text=ball&dsl=true").json()
    found = [entry["title"] for group in asked["results"] for entry in (group, *group["duplicates"])]
    assert asked["dsl"] and sorted(found) == ["blue ball", "red ball"]


def test_a_camera_names_what_it_points_at(filled: str) -> None:
    frame = {"image": ("frame.png", PICTURES["red ball.png"])}
    seen = httpx.post(f"{filled}/api/v1/camera/frames", files=frame, timeout=SLOW / 1000).json()
    end, names = time.monotonic() + 120, set[str]()
    while not names and time.monotonic() < end:
        seen = httpx.post(f"{filled}/api/v1/camera/frames?session={seen['session']}", files=frame, timeout=60).json()
        names = {one["name"] for one in seen["objects"] if one["document"]}
    assert names == {"red ball"}, seen


def test_a_language_model_asks_what_a_picture_shows(house: Settings, filled: str) -> None:
    environment = {f"OMMA_{name.upper()}": str(getattr(house, name)) for name in NAMES}
    environment["OMMA_WEB_PORT"] = filled.rpartition(":")[2]
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "cli.main", "mcp"], env=os.environ | environment, cwd=ROOT
    )  # fmt: skip

    async def identified() -> list[Any]:
        picture = {"base64": base64.b64encode(PICTURES["green box.png"]).decode()}
        async with McpClient(server) as client:
            return (await client.call_tool("identify", {"picture": picture})).content

    with ThreadPoolExecutor(1) as beside:  # the browser of these tests has an event loop in this thread
        head, first, thumbnail, *_ = beside.submit(lambda: asyncio.run(identified())).result()
    assert "labels: " in head.text and "1. green box" in first.text and thumbnail.mime_type == "image/jpeg"


def test_the_python_client_adds_pictures_and_finds_them(filled: str) -> None:
    """Last, because it adds to what the tests above count."""
    added = {"pink ball.png": painted("ball", "#f080b0", "white"), "grey box.png": painted("box", "#808080", "white")}
    with Client(filled) as omma:
        progress = omma.ingest(list(added.items()), collection="sent").wait(SLOW / 1000)
        assert (progress.state, progress.indexed) == ("done", 2), progress
        answer = omma.search(image=added["pink ball.png"], filters={"collection": "sent"})
        assert answer.results[0].title == "pink ball" and answer.results[0].why
        assert omma.picture(answer.results[0].id[:12]).collections == ["sent"]
        assert [result.title for result in omma.search(text="grey box", filters={"collection": "sent"}).results][:1] == [
            "grey box"
        ]
