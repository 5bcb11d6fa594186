"""Pictures that are sent, kept and shown."""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from engine.errors import NotFoundError
from engine.settings import Settings
from tests.web.csrf import csrf_token
from tests.web.web_doubles import FakeSearcher, picture_bytes, sha
from web.uploads import BoundedFolder
from web.views.picture import preview_damaged, sniff

Make = Callable[..., Flask]


def send(client: FlaskClient, data: bytes, name: str = "a.png") -> Any:
    return client.post("/api/v1/uploads", data={"image": (io.BytesIO(data), name)})


def test_a_picture_is_kept_and_asked_with_by_its_id(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    data = picture_bytes(3)
    kept = send(client, data).json
    assert (kept["width"], kept["height"]) == (320, 240)
    answer = client.get(f"/api/v1/search?picture={kept['picture']}&box=0.1,0.2,0.3,0.4&text=red").get_json()
    assert answer["question"]["picture"] == kept["picture"]
    asked = app.extensions["omma"].searcher.asked[-1]
    assert asked.image == data and asked.text == "red"


def test_the_preview_is_encoded_anew(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    hostile = picture_bytes(1) + b"<script>alert(1)</script>"
    kept = send(client, hostile).json
    shown = client.get(f"/uploads/{kept['picture']}")
    assert shown.mimetype == "image/webp" and b"script" not in shown.data
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert Image.open(io.BytesIO(shown.data)).size == (320, 240)


@pytest.mark.parametrize(
    "data", [b"", b"just text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture_bytes(1, kind="JPEG")[:900]]
)
def test_a_file_that_is_not_a_picture_is_refused_whatever_its_name(app: Flask, data: bytes) -> None:
    client = app.test_client(use_cookies=False)
    response = send(client, data, "holiday.jpg")
    assert response.status_code == 400
    assert response.json["detail"]


def test_a_picture_with_too_many_pixels_is_refused(make_app: Make) -> None:
    client = make_app(max_pixels=1000).test_client(use_cookies=False)
    assert send(client, picture_bytes()).status_code == 400


def test_a_request_with_too_many_bytes_is_refused_unread(make_app: Make) -> None:
    client = make_app(max_bytes=10_000).test_client(use_cookies=False)
    response = send(client, os.urandom(2_000_000))
    assert response.status_code == 413 and response.mimetype == "application/problem+json"


def test_the_api_answers_about_a_picture_sent_along(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    data = picture_bytes(5)
    response = client.post("/api/v1/search?text=2024", data={"image": (io.BytesIO(data), "a.png")})
    assert response.status_code == 200
    asked = app.extensions["omma"].searcher.asked[-1]
    assert asked.image == data and asked.text == "2024"


def test_a_kept_picture_goes_when_its_time_is_over(tmp_path: Path) -> None:
    folder = BoundedFolder(tmp_path / "kept", ttl=100, space=10_000)
    folder.put("one", b"data")
    assert folder.get("one") == b"data"
    old = time.time() - 101
    os.utime(tmp_path / "kept/one", (old, old))
    with pytest.raises(NotFoundError):
        folder.get("one")
    folder.put("two", b"data")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["two"]


def test_the_oldest_goes_when_space_runs_out_and_use_keeps_young(tmp_path: Path) -> None:
    folder = BoundedFolder(tmp_path / "kept", ttl=1000, space=250)
    for age, name in ((30, "one"), (20, "two")):
        folder.put(name, bytes(100))
        past = time.time() - age
        os.utime(tmp_path / "kept" / name, (past, past))
    folder.get("one")
    folder.put("three", bytes(100))
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"one", "three"}


@pytest.mark.parametrize("name", ["../secret", "a/b", "", ".hidden", "a" * 200, "x.webp/../../y"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        BoundedFolder(tmp_path, ttl=1, space=1).get(name)


def test_an_expired_picture_is_explained_in_words(client: FlaskClient) -> None:
    response = client.get(f"/search?picture={'a' * 64}&text=red")
    assert response.status_code == 404
    assert "Search without the picture" in response.text and 'value="red"' in response.text


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (picture_bytes(kind="JPEG"), "image/jpeg"),
        (picture_bytes(kind="PNG"), "image/png"),
        (picture_bytes(kind="WEBP"), "image/webp"),
        (picture_bytes(kind="GIF"), "image/gif"),
        (b"<html><script>alert(1)</script>", "application/octet-stream"),
        (b"<?xml version='1.0'?><svg/>", "application/octet-stream"),
    ],
)
def test_content_types_come_from_the_bytes(data: bytes, kind: str) -> None:
    assert sniff(data)[0] == kind


class HostileStore:
    """A store with a page in place of a picture."""

    def original(self, document_id: str) -> bytes:
        return b"<html><script>alert(1)</script>"

    thumbnail = original


def test_what_browsers_might_run_is_offered_for_download_only(make_app: Make) -> None:
    client = make_app({"store": HostileStore()}).test_client()
    response = client.get(f"/original/{sha(1)}")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_pictures_are_cached_by_what_they_are(client: FlaskClient) -> None:
    first = client.get(f"/thumbnail/{sha(1)}")
    assert "immutable" in first.headers["Cache-Control"]
    again = client.get(f"/thumbnail/{sha(1)}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_a_preview_is_made_from_the_original_once(client: FlaskClient, settings: Settings) -> None:
    first, second = (client.get(f"/preview/{sha(1)}") for _ in range(2))
    assert first.data == second.data and first.mimetype == "image/webp"
    assert (settings.home / f"previews/{sha(1)}.webp").exists()


def test_a_missing_picture_is_not_found(client: FlaskClient) -> None:
    for path in ("thumbnail", "original", "preview"):
        assert client.get(f"/{path}/{sha(404)}").status_code == 404


def test_a_truncated_picture_is_still_seen_in_quarantine(client: FlaskClient) -> None:
    whole = picture_bytes(1, 600, 400, "JPEG")
    seen = Image.open(io.BytesIO(preview_damaged(whole[: len(whole) * 2 // 3])))
    assert max(seen.size) == 320 and seen.getpixel((5, 5)) != seen.getpixel((100, 100))
    assert client.get("/refused/a").mimetype == "image/webp"
    assert client.get("/refused/b").status_code == 404


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0"])
def test_bytes_without_a_picture_have_no_preview(data: bytes) -> None:
    with pytest.raises(NotFoundError):
        preview_damaged(data)


def test_a_form_keeps_the_picture_and_leads_to_its_answer(make_app: Make) -> None:
    searcher = FakeSearcher()
    client = make_app({"searcher": searcher}).test_client()
    form = {"image": (io.BytesIO(picture_bytes(2)), "a.png"), "text": "red", "filter": "colour=red"}
    response = client.post("/search", data=form | {"csrf_token": csrf_token(client)})
    assert response.status_code == 303
    page = client.get(response.location)
    assert page.status_code == 200 and searcher.asked[-1].image == picture_bytes(2)
    assert searcher.asked[-1].filters == {"colour": ["red"]}
