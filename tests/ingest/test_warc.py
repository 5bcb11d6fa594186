"""Crawls: pages and images of WARC files joined by address; damage affects only the damaged records."""

import gzip
import io
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from engine.errors import BadSource
from engine.settings import Settings
from factors.text import Kind
from ingest.item import Item
from ingest.sources import open_source
from ingest.sources import records as warc_records
from tests.ingest.pictures import png
from tests.ingest.test_site import apart, by_kind, html, read

PAGE, PICTURE = "https://example.org/foxes/", "https://example.org/img/fox.png"


class Crawl:
    """A WARC file in the making."""

    def __init__(self, *, packed: bool = True) -> None:
        self.file = io.BytesIO()
        self._writer = WARCWriter(self.file, gzip=packed)

    def add(
        self, address: str, data: bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK", **headers: str
    ) -> None:
        sent = [("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in headers.items())]
        head = StatusAndHeaders(status, sent, protocol="HTTP/1.1")
        self._writer.write_record(
            self._writer.create_warc_record(address, "response", payload=io.BytesIO(data), http_headers=head)
        )

    def picture(self, address: str, seed: int) -> None:
        self.add(address, png(seed), "image/png")

    def other(self, address: str, record: str, payload: bytes = b"", kind: str = "", **headers: str) -> None:
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        made = self._writer.create_warc_record(
            address, record, payload=io.BytesIO(payload), warc_content_type=kind, warc_headers_dict=extra
        )
        self._writer.write_record(made)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.file.getvalue())
        return path


@pytest.mark.parametrize("name", ["crawl.warc", "crawl.warc.gz"])
def test_a_page_and_its_pictures_are_joined_by_address(name: str, tmp_path: Path, settings: Settings) -> None:
    crawl = Crawl(packed=name.endswith("gz"))
    crawl.add("dns:example.org", b"")
    body = """<main><h1>Foxes</h1><img src="/img/fox.png#x" alt="A red fox">
      <img src="http://example.org/img/den.png" alt="The den">
      <img src="old.png" alt="Moved"><img src="https://example.net/far.png" alt="Not crawled"></main>"""
    crawl.picture("https://example.org/img/den.png", 2)
    crawl.add(PAGE, html(body, "<title>Foxes</title>"))
    crawl.picture(PICTURE, 1)
    crawl.add(PAGE + "old.png", b"", "text/html", "301 Moved Permanently", Location="/img/new.png")
    crawl.picture("https://example.org/img/new.png", 3)
    crawl.add("https://example.org/img/gone.png", b"gone", "text/html", "404 Not Found")
    source = open_source(str(crawl.write(tmp_path / name)), settings=settings)
    items, refusals = read(source)
    assert not refusals and source.skipped == 1 and source.collection == "crawl"
    assert [source.store.original(item.original) for item in items.values()] == [png(1), png(2), png(3)]
    fox = items[f"{PAGE} > /img/fox.png#x"]
    assert (
        by_kind(fox)[Kind.ALT] == ["A red fox"]
        and fox.page == PAGE
        and {snippet.page for snippet in fox.snippets[:2]} == {PAGE}
    )


@pytest.mark.parametrize("kind", ["binary/octet-stream", "application/x-download", "text/plain", "text/html"])
def test_the_bytes_decide_what_is_a_picture(kind: str, tmp_path: Path, settings: Settings) -> None:
    crawl = Crawl()
    crawl.add("https://example.org/style", b"body { color: red }", "text/css")
    crawl.add("https://example.org/fox", png(1), kind)
    crawl.add("https://example.org/", b"<main><h1>Foxes</h1><p>One fox.</p><img src='/fox' alt='A red fox'></main>")
    source = open_source(str(crawl.write(tmp_path / "crawl.warc")), settings=settings)
    (item,) = source.items()
    assert isinstance(item, Item) and source.store.original(item.original) == png(1)


def test_what_is_not_in_the_crawl_is_fetched_where_that_is_wanted(tmp_path: Path, settings: Settings) -> None:
    crawl = Crawl()
    crawl.add(PAGE, html('<img src="/img/fox.png" alt="A red fox">'))
    path = crawl.write(tmp_path / "c.warc.gz")
    assert not read(open_source(str(path), settings=settings))[0]
    items, _ = read(open_source(str(path), settings=settings.model_copy(update={"warc_fetch": True})))
    assert [item.address for item in items.values()] == [PICTURE]


def test_packed_and_chunked_answers_revisits_and_resources_are_read(tmp_path: Path, settings: Settings) -> None:
    crawl = Crawl()
    page = html(
        '<img src="/img/fox.png" alt="A red fox"><img src="/img/again.png" alt="The same"><img src="/img/r.png" alt="Rendered">'
    )
    packed = gzip.compress(page)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (packed[:50], packed[50:], b""))
    crawl.add(PAGE, chunked, Content_Encoding="gzip", Transfer_Encoding="chunked")
    crawl.picture(PICTURE, 1)
    crawl.other(
        "https://example.org/img/again.png",
        "revisit",
        WARC_Refers_To_Target_URI=PICTURE,
        WARC_Profile="identical-payload-digest",
    )
    crawl.other("https://example.org/img/r.png", "resource", png(2), "image/png")
    crawl.add("https://example.org/br", b"\x0b\x02\x80hello\x03", Content_Encoding="br")
    items, refusals = read(source := open_source(str(crawl.write(tmp_path / "c.warc.gz")), settings=settings))
    found = {item.snippets[0].text: source.store.original(item.original) for item in items.values()}
    assert found == {"A red fox": png(1), "The same": png(1), "Rendered": png(2)}
    assert [refusal.reason for refusal in refusals.values()] == ["warc-encoding"]


def whole(pictures: int = 6) -> Crawl:
    crawl = Crawl()
    for n in range(pictures):
        crawl.add(f"https://example.org/{n}", html(f'<img src="/{n}.png" alt="Picture number {n}">'))
        crawl.picture(f"https://example.org/{n}.png", n)
    return crawl


def test_a_file_that_ends_too_soon_gives_what_is_there(tmp_path: Path, settings: Settings) -> None:
    path = whole().write(tmp_path / "c.warc.gz")
    path.write_bytes(path.read_bytes()[:-60])
    items, refusals = read(open_source(str(path), settings=settings))
    assert len(items) == 6 and [refusal.reason for refusal in refusals.values()] == ["warc-truncated"]


@pytest.mark.parametrize("packed", [True, False])
def test_damage_in_the_middle_costs_one_record(packed: bool, tmp_path: Path, settings: Settings) -> None:
    crawl = Crawl(packed=packed)
    places = []
    for n in range(4):
        places.append(crawl.file.tell())
        crawl.add(f"https://example.org/{n}", html(f'<img src="/x.png" alt="Picture number {n}">' + "<p>Some words</p>" * 50))
    crawl.picture("https://example.org/x.png", 1)
    data = bytearray(crawl.file.getvalue())
    middle = places[1] + 120 if packed else places[1] + 3
    data[middle : middle + 40] = bytes(40)
    path = tmp_path / ("c.warc.gz" if packed else "c.warc")
    path.write_bytes(data)
    items, refusals = read(open_source(str(path), settings=settings))
    assert {reference.partition(" > ")[0][-1] for reference in items} == {"0", "2", "3"}
    assert {refusal.reason for refusal in refusals.values()} <= {"warc-damaged", "warc-truncated"} and len(refusals) == 1


def test_a_file_that_is_no_crawl_is_an_error(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "c.warc.gz"
    path.write_bytes(b"this is no crawl at all\n" * 10)
    items, refusals = read(open_source(str(path), settings=settings))
    assert not items and [refusal.reason for refusal in refusals.values()] == ["warc-damaged"]
    path.write_bytes(gzip.compress(gzip.decompress(whole(3).file.getvalue())))
    items, refusals = read(open_source(str(path), settings=settings))
    assert any("recompress" in refusal.message for refusal in refusals.values()), (
        "one member of gzip for all records cannot be looked up"
    )
    with pytest.raises(BadSource):
        open_source(f"warc:{tmp_path / 'empty'}", settings=settings)


def test_a_bomb_is_read_no_further_than_pages_and_pictures_may_be_large(tmp_path: Path, settings: Settings) -> None:
    crawl = Crawl()
    bomb = gzip.compress(html('<img src="/ok.png" alt="In front"><img src="/bomb.png" alt="Bomb">') + bytes(40_000_000))
    crawl.add("https://example.org/page", bomb, Content_Encoding="gzip")
    crawl.add("https://example.org/bomb.png", gzip.compress(bytes(30_000_000)), "image/png", Content_Encoding="gzip")
    crawl.picture("https://example.org/ok.png", 1)
    small = settings.model_copy(update={"max_bytes": 100_000})
    items, refusals = read(open_source(str(crawl.write(tmp_path / "c.warc.gz")), settings=small))
    assert len(items) == 1
    assert {name.rpartition("/")[2]: refusal.reason for name, refusal in refusals.items()} == {
        "page": "page-cut",
        "bomb.png": "too-large",
    }


def test_several_files_are_one_crawl_and_phrases_are_counted_by_host(tmp_path: Path, settings: Settings) -> None:
    for n, host in enumerate(("example.org", "example.net")):
        crawl = Crawl()
        for page in range(4):
            slogan = "<p>The best of the valley.</p>" if host == "example.org" else ""
            name = "" if n else f'<img src="https://example.net/{page}.png" alt="Bird {page} of the valley">'
            crawl.add(f"https://{host}/{page}", html(f"{name}{slogan}"))
            crawl.picture(f"https://{host}/{page}.png", page)
        crawl.write(tmp_path / f"{n}.warc.gz")
    items, refusals = read(source := open_source(f"warc:{tmp_path}", settings=settings))
    assert len(items) == 4 and not refusals and source.spec == f"warc:{tmp_path}"
    assert all(apart(item) == {"The best of the valley.": "said on 4 of 4 pages of this site"} for item in items.values())


def test_a_link_out_of_the_folder_is_no_part_of_the_crawl(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "crawl").mkdir()
    whole(1).write(tmp_path / "crawl/in.warc.gz")
    (tmp_path / "crawl/out.warc.gz").symlink_to(whole(3).write(tmp_path / "other.warc.gz"))
    assert len(read(open_source(f"warc:{tmp_path / 'crawl'}", settings=settings))[0]) == 1


def test_reading_a_record_again_needs_no_other(tmp_path: Path) -> None:
    path = whole(3).write(tmp_path / "c.warc.gz")
    found = [record for record in warc_records.read_records(path, 10_000_000) if isinstance(record, warc_records.Record)]
    assert len(found) == 6
    assert [warc_records.read_record(path, record.offset, 10_000_000) for record in found] == found
