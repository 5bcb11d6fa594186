"""Pages saved in one file (MHTML): sites with all their pictures."""

import base64
from pathlib import Path

import pytest

from engine.settings import Settings
from factors.text import Kind
from ingest.sources import open_source
from tests.ingest.pictures import png, write_all
from tests.ingest.test_site import by_kind, html, opened, read


@pytest.fixture()
def site(tmp_path: Path) -> Path:
    made = tmp_path / "saved"
    made.mkdir()
    return made


def archive(parts: list[tuple[str, str, bytes]], address: str = "https://example.org/shop/mugs.html") -> bytes:
    """MHTML as Chromium writes it: type, location and bytes of each part."""
    lines = [f"From: <Saved by Blink>\r\nSnapshot-Content-Location: {address}\r\nMIME-Version: 1.0\r\n"]
    lines.append('Content-Type: multipart/related; type="text/html"; boundary="----edge"\r\n\r\n')
    for kind, location, body in parts:
        where = f"Content-ID: <{location[4:]}>" if location.startswith("cid:") else f"Content-Location: {location}"
        head = f"------edge\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{where}\r\n\r\n"
        lines.append(head + base64.encodebytes(body).decode().replace("\n", "\r\n") + "\r\n")
    return "".join([*lines, "------edge--\r\n"]).encode()


MUGS = archive(
    [
        ("text/html", "https://example.org/shop/mugs.html", html("""
          <h1>Mugs of clay</h1><img src="img/blue.png" alt="A blue mug"><img src="cid:green@mhtml.blink" alt="A green mug">
          <img src="https://cdn.example/red.png" alt="A red mug"><img src="/gone.png" alt="A lost mug">""")),
        ("image/png", "https://example.org/shop/img/blue.png", png(1)),
        ("image/png", "cid:green@mhtml.blink", png(2)),
        ("application/octet-stream", "https://cdn.example/red.png", png(3)),
        ("text/html", "cid:frame-1@mhtml.blink", html('<h1>Bowls</h1><img src="https://cdn.example/bowl.png" alt="A bowl">')),
        ("image/png", "https://cdn.example/bowl.png", png(4)),
    ]
)  # fmt: skip


@pytest.mark.parametrize("address", ["site:{}", "{}/mugs.mhtml"])
def test_a_page_saved_in_one_file_is_a_page_with_its_pictures(address: str, site: Path, settings: Settings) -> None:
    write_all(site, {"mugs.mhtml": MUGS, "beside.txt": b"no page"})
    source = open_source(address.format(site), settings=settings)
    items, refusals = read(source)
    assert not refusals
    found = {by_kind(item)[Kind.ALT][0]: item for item in items.values()}
    assert list(found) == ["A blue mug", "A green mug", "A red mug", "A lost mug", "A bowl"]
    assert [source.store.original(found[name].original) for name in ("A blue mug", "A green mug", "A red mug", "A bowl")] == [
        png(number) for number in (1, 2, 3, 4)
    ]
    assert found["A lost mug"].address == "https://example.org/gone.png", "a worker fetches what the file does not hold"
    assert by_kind(found["A blue mug"])[Kind.HEADING] == ["Mugs of clay"]
    assert found["A blue mug"].page == "https://example.org/shop/mugs.html"
    assert found["A blue mug"].reference == "mugs.mhtml > img/blue.png"


def test_an_archive_that_holds_no_page_is_refused(site: Path, settings: Settings) -> None:
    write_all(site, {"a.mht": b"no message", "b.mhtml": archive([("image/png", "a.png", png(1))]), "c.mhtml": MUGS[:400]})
    items, refusals = read(opened(site, settings))
    assert not items and {one.reason for one in refusals.values()} <= {"page-empty", "not-found"}
    few = settings.model_copy(update={"max_bytes": 500})
    (site / "a.mht").write_bytes(MUGS)
    assert read(open_source(str(site / "a.mht"), settings=few))[1]["a.mht"].reason == "too-large"
