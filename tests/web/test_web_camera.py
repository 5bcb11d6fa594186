"""The live camera in Chromium, whose camera is a film made here."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw

from engine.errors import EngineUnavailable
from tests.web.camera_doubles import FakeCamera
from tests.web.conftest import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.web.web_doubles import FakeSearcher

pytestmark = pytest.mark.browser
MakeApp = Callable[..., Flask]
Serve = Callable[[Flask], str]
FRAMES, WIDTH, HEIGHT = 12, 640, 480
# Of a request that a test has fail, and of a header that browsers heed over HTTPS only.
EXPECTED = ("Failed to load resource", "Cross-Origin-Opener-Policy header has been ignored")


def film(folder: Path) -> Path:
    """Frames of a red ball that moves over grey, one JPEG after the other."""
    path = folder / "film.mjpeg"
    with path.open("wb") as out:
        for number in range(FRAMES):
            image = Image.new("RGB", (WIDTH, HEIGHT), "#808890")
            left = 80 + 15 * number
            ImageDraw.Draw(image).ellipse([left, 120, left + 200, 320], fill="#d02020")
            image.save(out, "JPEG", quality=90)
    return path


@pytest.fixture(scope="module")
def browser(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium with a camera that shows the film, and with a name that is not the loopback's."""
    path = film(tmp_path_factory.mktemp("film"))
    arguments = [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
        "--host-resolver-rules=MAP camera.test 127.0.0.1",
    ]
    opened = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS, *arguments])
    yield opened
    opened.close()


@pytest.fixture()
def open_camera(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open the page of the camera at an address; at the end no script may have failed and no rule of the page been broken."""
    contexts, complaints = [], []

    def note(message: Any) -> None:
        if message.type == "error" and not any(expected in message.text for expected in EXPECTED):
            complaints.append(message.text)

    def open_at(address: str, *, allowed: bool = True, **options: Any) -> Any:
        context = browser.new_context(permissions=["camera"] if allowed else [], **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/camera")
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not complaints


def start(page: Any) -> None:
    page.get_by_role("button", name="Start the camera").click()


def test_things_are_named_while_the_camera_moves_and_a_tap_searches(
    make_app: MakeApp, serve: Serve, open_camera: Callable[..., Any]
) -> None:
    eye, searcher = FakeCamera(), FakeSearcher()
    page = open_camera(serve(make_app({"camera": eye, "searcher": searcher})), viewport={"width": 360, "height": 740})
    start(page)
    named = page.get_by_role("button", name="A red ball: search it")
    named.wait_for()
    assert named.inner_text() == "A red ball 91 %"
    page.get_by_text("A red ball", exact=True).wait_for(state="attached")  # said to readers of the screen
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    sent = [Image.open(io.BytesIO(data)) for data, _, _ in eye.frames]
    assert {(one.format, max(one.size)) for one in sent} == {("JPEG", 416)}
    assert [session for _, session, _ in eye.frames][:3] == ["", "s1", "s1"]
    named.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?picture=**")
    (asked,) = searcher.asked
    part = Image.open(io.BytesIO(asked.image or b""))
    assert part.width == pytest.approx(0.3 * 1.12 * WIDTH, abs=3)  # of the camera's own pixels


def test_frames_stop_with_the_camera_and_nothing_is_kept(
    make_app: MakeApp, serve: Serve, open_camera: Callable[..., Any]
) -> None:
    eye = FakeCamera()
    app = make_app({"camera": eye})
    page = open_camera(serve(app))
    start(page)
    page.get_by_role("button", name="A red ball: search it").wait_for()
    page.get_by_role("button", name="Stop").click()
    assert page.get_by_role("button", name="Start the camera").is_visible() and page.locator("video").is_hidden()
    assert page.evaluate("document.querySelector('video').srcObject") is None
    page.wait_for_timeout(300)  # the frame that was on its way
    seen = len(eye.frames)
    page.wait_for_timeout(700)
    assert len(eye.frames) == seen
    kept = app.extensions["omma"].settings.home / "uploads"
    assert not kept.exists() or not list(kept.iterdir())


def test_text_is_read_and_each_line_can_be_searched(make_app: MakeApp, serve: Serve, open_camera: Callable[..., Any]) -> None:
    eye = FakeCamera()
    page = open_camera(serve(make_app({"camera": eye})))
    start(page)
    mode = page.get_by_role("button", name="Read text")
    mode.click()
    line = page.get_by_role("link", name="SALE <b>today</b>")
    line.wait_for()
    assert mode.get_attribute("aria-pressed") == "true"
    assert max(Image.open(io.BytesIO(eye.frames[-1][0])).size) == 640  # all that this camera has
    line.click()
    page.wait_for_url("**/search?text=SALE**")


def test_a_server_that_fails_is_named_and_asked_again(make_app: MakeApp, serve: Serve, open_camera: Callable[..., Any]) -> None:
    eye = FakeCamera(fails=EngineUnavailable("it is starting"))
    page = open_camera(serve(make_app({"camera": eye})))
    start(page)
    page.get_by_role("alert").filter(has_text="it is starting").wait_for()
    eye.fails = None
    page.get_by_role("button", name="A red ball: search it").wait_for()
    assert page.locator(".camera [data-problem]").is_hidden()


def test_a_refused_camera_is_explained_and_a_picture_can_be_taken(
    make_app: MakeApp, serve: Serve, open_camera: Callable[..., Any]
) -> None:
    page = open_camera(serve(make_app()), allowed=False)
    start(page)
    page.get_by_role("alert").filter(has_text="The camera was refused").wait_for()
    taken = page.get_by_label("Or take a picture, and search with it")
    assert taken.get_attribute("capture") == "environment"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "PNG")
    taken.set_input_files([{"name": "a.png", "mimeType": "image/png", "buffer": out.getvalue()}])
    page.wait_for_url("**/search?picture=**")


def test_over_plain_http_the_page_says_why_there_is_no_camera(
    make_app: MakeApp, serve: Serve, open_camera: Callable[..., Any]
) -> None:
    address = serve(make_app(web_hosts=("camera.test",)))
    page = open_camera(address.replace("127.0.0.1", "camera.test"), allowed=False)
    assert "HTTPS" in page.locator(".camera [data-problem]").inner_text()
    assert page.get_by_role("button", name="Start the camera").is_hidden()
    assert page.get_by_label("Or take a picture, and search with it").is_visible()


def test_a_device_without_a_camera_is_told_so(make_app: MakeApp, serve: Serve, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{serve(make_app())}/camera")  # this Chromium has none
    start(page)
    page.get_by_role("alert").filter(has_text="no camera").wait_for()


def test_only_this_page_may_ask_for_the_camera(client: FlaskClient) -> None:
    permissions = {path: client.get(path).headers["Permissions-Policy"] for path in ("/camera", "/", "/api/v1/camera")}
    assert permissions["/camera"].startswith("camera=(self)")
    assert permissions["/"].startswith("camera=()") and permissions["/api/v1/camera"].startswith("camera=()")


def test_a_frame_is_a_picture(client: FlaskClient) -> None:
    assert client.post("/api/v1/camera/frames").status_code == 400
    missing = client.post("/api/v1/camera/frames?mode=smell", data={"image": (io.BytesIO(b"x"), "a.jpg")})
    assert missing.status_code == 400


def test_the_front_page_leads_to_the_camera(make_app: MakeApp, serve: Serve) -> None:
    address = serve(make_app())
    assert 'href="/camera"' in httpx.get(address).text
