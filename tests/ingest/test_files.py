"""Folders with pipes, broken links and unreadable entries: each is reported, and the rest is read."""

import os
import socket
import subprocess
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from engine.errors import BadPicture, BadSource
from engine.settings import Settings
from engine.store import Store
from ingest.item import Item, Refusal
from ingest.sources import Source, files, open_source
from ingest.sources.files import read_file, within
from ingest.withdrawal import Withdrawal
from tests.ingest.pictures import encoded, pixels, png, write_all
from tests.ingest.test_warc import Crawl
from vision.formats import HEAD_BYTES, begins_as_picture

NOBODY = 65534


def read(source: Source, only: list[str] | None = None) -> tuple[list[str], dict[str, str]]:
    """References of the items, and the reasons of the refusals."""
    found = list(source.items(only))
    return [one.reference for one in found if isinstance(one, Item)], {
        one.reference: one.reason for one in found if isinstance(one, Refusal)
    }


@contextmanager
def not_root() -> Iterator[None]:
    """Root may read everything; nobody may not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture()
def folder() -> Iterator[Path]:
    """A folder that other users may enter, with a good picture first and last."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name, "in")
        write_all(made, {"a.png": png(1), "z.png": png(2)})
        for path in (Path(name), made, *made.iterdir()):
            path.chmod(0o777)
        yield made


def test_links_that_lead_nowhere_are_refused_one_by_one(folder: Path, settings: Settings) -> None:
    for name, target in {"loop.png": "loop.png", "m1.png": "m2.png", "m2.png": "m1.png", "gone.png": "nowhere.png"}.items():
        (folder / name).symlink_to(target)
    (folder / "sub").mkdir()
    (folder / "sub/up.png").symlink_to("..")
    (folder / "round").symlink_to("round")
    source = open_source(str(folder), settings=settings)
    items, refusals = read(source)
    assert items == ["a.png", "z.png"] and source.skipped == 1
    assert refusals == {
        "gone.png": "not-found", "loop.png": "unreadable", "m1.png": "unreadable", "m2.png": "unreadable",
        "sub/up.png": "not-a-file",
    }  # fmt: skip


def test_pipes_sockets_and_devices_are_not_waited_for(folder: Path, settings: Settings) -> None:
    os.mkfifo(folder / "pipe.png")
    (folder / "device.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket.png"))
        items, refusals = read(open_source(str(folder), settings=settings))
    assert items == ["a.png", "z.png"]
    assert refusals == {"device.png": "outside", "pipe.png": "not-a-file", "socket.png": "not-a-file"}
    with pytest.raises(BadPicture, match="device"):
        read_file(Path("/dev/zero"), 10)


def test_a_folder_that_cannot_be_read_is_named_and_read_later(folder: Path, settings: Settings) -> None:
    write_all(folder, {"locked/inside.png": png(3)})
    (folder / "locked").chmod(0)
    here = settings.model_copy(update={"store_url": f"file://{folder.parent}/store"})
    with not_root():
        items, refusals = read(open_source(str(folder), settings=here))
    assert items == ["a.png", "z.png"] and refusals == {"locked/": "unreadable"}
    (folder / "locked").chmod(0o755)
    assert read(open_source(str(folder), settings=here), ["locked/"]) == (["locked/inside.png"], {})
    source = open_source(str(folder), settings=here)
    folder.chmod(0)
    with not_root(), pytest.raises(BadSource, match="cannot be read"):
        read(source)
    folder.chmod(0o755)


def test_pictures_of_a_folder_that_cannot_be_read_are_not_taken_for_gone(folder: Path, settings: Settings) -> None:
    write_all(folder, {"locked/inside.png": png(3)})
    here = settings.model_copy(update={"store_url": f"file://{folder.parent}/store"})
    source = open_source(str(folder), settings=here)
    known = {"1": {"a.png"}, "2": {"gone.png"}, "3": {"locked/inside.png"}}
    (folder / "locked").chmod(0)
    with not_root():
        withdrawal = Withdrawal(source, known, source.references())
        assert withdrawal.lacking == {"gone.png", "locked/inside.png"} and withdrawal.kept == {"locked/inside.png"}
        assert not Withdrawal(source, known, source.references(), force=True).kept
    (folder / "locked").chmod(0o755)


def test_a_folder_whose_files_may_not_be_looked_at_costs_only_these(folder: Path, settings: Settings) -> None:
    write_all(folder, {"closed/inside.png": png(3), "closed/inside.txt": b"words", "closed/notes.doc": b"words"})
    (folder / "closed").chmod(0o644)  # its names may be listed, and nothing more
    here = settings.model_copy(update={"store_url": f"file://{folder.parent}/store"})
    source = open_source(str(folder), settings=here)
    with not_root():
        items, refusals = read(source)
    (folder / "closed").chmod(0o755)
    assert items == ["a.png", "z.png"] and refusals == {"closed/inside.png": "unreadable"}
    assert [str(one) for one in source.left_out] == ["files that are no pictures: 1 (closed/notes.doc)"]


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_reading(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "half.png").write_bytes(png(3)[:500])
    read_chunks = files._chunks

    def copied(file: BinaryIO, limit: int) -> Iterator[bytes]:
        """A camera's card is still being copied."""
        yield from read_chunks(file, limit)
        if os.fstat(file.fileno()).st_size == 500:
            with (folder / "half.png").open("ab") as copy:
                copy.write(png(3)[500:])

    source = open_source(str(folder), settings=settings)
    with monkeypatch.context() as patched:
        patched.setattr(files, "_chunks", copied)
        items, refusals = read(source)
    assert items == ["a.png", "z.png"] and refusals == {"half.png": "changing"}
    assert read(source) == (["a.png", "half.png", "z.png"], {})


def test_memory_does_not_grow_with_the_files_of_a_folder(folder: Path, settings: Settings) -> None:
    large = folder / "large"
    large.mkdir()
    for number in range(5_000):
        (large / f"IMG_{number:06}.jpg").touch()
    tracemalloc.start()
    try:
        found = sum(1 for _ in open_source(str(folder), settings=settings).items())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == 5_002
    assert peak < 3 << 20, "a name takes some hundred bytes, and nothing else of a file is kept"


def test_a_very_deep_folder_does_not_end_the_job(folder: Path, settings: Settings) -> None:
    here = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(2500):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    items, refusals = read(open_source(str(folder), settings=settings))
    subprocess.run(["rm", "-rf", str(folder / "d")], check=True)  # Python's own way fails at this depth
    assert items == ["a.png", "z.png"] and list(refusals.values()) == ["unreadable"]


def test_a_file_that_vanishes_or_changes_while_it_is_read(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(folder, {"b.png": png(3), "c.png": png(4), "c.txt": b"words"})
    put = Store.put_original

    def meddle(store: Store, data: bytes) -> str:
        """Somebody tidies up while the folder is read."""
        (folder / "b.png").unlink(missing_ok=True)
        (folder / "c.txt").unlink(missing_ok=True)
        return put(store, data)

    monkeypatch.setattr(Store, "put_original", meddle)
    items, refusals = read(open_source(str(folder), settings=settings))
    assert items == ["a.png", "c.png", "z.png"] and refusals == {"b.png": "not-found"}


def test_text_beside_a_picture_that_cannot_be_read_is_named(folder: Path, settings: Settings) -> None:
    long = "x" * 251
    (folder.parent / "secret.txt").write_text("secret")
    write_all(folder, {f"{n}.png": png(3) for n in ("dangling", "dir", "link", "loop", "pipe", long)} | {"told.txt": b"words"})
    (folder / "loop.txt").symlink_to("loop.txt")
    (folder / "dangling.json").symlink_to("nowhere")
    (folder / "link.txt").symlink_to("../secret.txt")
    (folder / "a.txt").symlink_to("told.txt")
    (folder / "dir.txt").mkdir()
    os.mkfifo(folder / "pipe.json")
    source = open_source(str(folder), settings=settings)
    items, refusals = read(source)
    assert items == ["a.png", "dangling.png", "dir.png", "link.png", "loop.png", "pipe.png", f"{long}.png", "z.png"]
    assert not refusals
    assert [one.examples for one in source.left_out] == [[
        "dangling.png: dangling.json: there is no such file",
        "link.png: link.txt: a link that leads out of the folder",
        "loop.png: loop.txt: the file cannot be read: Too many levels of symbolic links",
        "pipe.png: pipe.json: it is not a file but a folder, a pipe, a socket or a device",
    ]]  # fmt: skip


def test_pages_of_a_site_are_refused_one_by_one(folder: Path, settings: Settings) -> None:
    page = b'<html><body><p>A fox</p><img src="a.png" alt="A fox"><img src="loop.png"><img src="pipe.png"></body></html>'
    write_all(folder, {"index.html": page, os.fsdecode(b"caf\xe9.html"): page, "locked/p.html": page})
    (folder / "loop.html").symlink_to("loop.html")
    (folder / "loop.png").symlink_to("loop.png")
    os.mkfifo(folder / "pipe.html")
    os.mkfifo(folder / "pipe.png")
    (folder / "locked").chmod(0)
    here = settings.model_copy(update={"store_url": f"file://{folder.parent}/store"})
    with not_root():
        items, refusals = read(open_source(f"site:{folder}", settings=here))
    assert items == ["caf\\udce9.html > a.png", "index.html > a.png"]
    pictures = {f"{name}.html > {one}.png": "not-found" for name in ("caf\\udce9", "index") for one in ("loop", "pipe")}
    assert refusals == pictures | {"locked/": "unreadable", "loop.html": "unreadable", "pipe.html": "not-a-file"}


def test_files_of_a_crawl_are_refused_one_by_one(folder: Path, settings: Settings) -> None:
    crawl = Crawl()
    crawl.add("http://x.example/", b'<html><body><img src="a.png" alt="fox"></body></html>')
    crawl.picture("http://x.example/a.png", 5)
    crawl.write(folder / "good.warc.gz")
    (folder / "loop.warc").symlink_to("loop.warc")
    (folder / os.fsdecode(b"caf\xe9.warc")).write_bytes(b"none")
    os.mkfifo(folder / "pipe.warc.gz")
    items, refusals = read(open_source(f"warc:{folder}", settings=settings))
    assert items == ["http://x.example/ > a.png"]
    assert refusals == {"caf\\udce9.warc@0": "warc-damaged", "loop.warc@0": "unreadable", "pipe.warc.gz@0": "not-a-file"}


def test_feed_paths_that_lead_nowhere_are_refused_one_by_one(folder: Path, settings: Settings) -> None:
    (folder / "loop.png").symlink_to("loop.png")
    os.mkfifo(folder / "pipe.png")
    rows = ["a.png", "loop.png", "pipe.png", "a\0.png", "x" * 300 + ".png", "y/" * 3000, "z.png"]
    (folder / "feed.csv").write_text("\n".join(["image", *rows]))
    items, refusals = read(open_source(str(folder / "feed.csv"), settings=settings))
    assert items == ["a.png", "z.png"]
    assert list(refusals.values()) == ["unreadable", "not-a-file", "bad-characters", "unreadable", "unreadable"]
    assert list(refusals)[:2] == ["loop.png", "pipe.png"] and all(len(name) < 400 for name in refusals)


@pytest.mark.parametrize(
    "spec", ["loop.csv", "pipe.csv", "a\0b", "~nobody-of-this-name/x", "x" * 300, "locked/feed.csv", "\udce9"]
)
def test_what_cannot_be_opened_is_no_source(folder: Path, settings: Settings, spec: str) -> None:
    (folder / "loop.csv").symlink_to("loop.csv")
    os.mkfifo(folder / "pipe.csv")
    write_all(folder, {"locked/feed.csv": b"image\n"})
    (folder / "locked").chmod(0)
    with not_root(), pytest.raises(BadSource):
        open_source(spec if spec.startswith("~") else f"{folder}/{spec}", settings=settings)


def test_a_path_is_within_a_folder_only_if_its_links_lead_there(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    (folder / "out").symlink_to("..")
    assert within(folder / "a.png", folder) and within(folder / "loop", folder)
    assert not any(within(folder / name, folder) for name in ("out", "../x", "loop/../../x", "a\0"))


def test_every_ending_that_is_decoded_is_a_pictures_and_files_without_one_are_known_by_their_beginning(
    tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "in"
    endings = "JFIF avif heif apng jp2 j2k tga pcx dds qoi psd hif mpo"
    named = [f"{ending}.{ending}" for ending in endings.split()]
    unnamed = ["IMG1234", "photo.jpg?w=300", "Harbour at 5.30 pm"]
    write_all(folder, dict.fromkeys([*named, *unnamed], png(1)))
    write_all(folder, {"README": b"words", "LICENSE-2.0": b"BM words", "x.dat": png(1), "empty": b""})
    source = open_source(str(folder), settings=settings)
    assert [one.reference for one in source.items()] == sorted([*named, *unnamed])
    assert source.skipped == 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "JPEG2000", "PSD", "DDS", "QOI"])
def test_files_begin_as_pictures(kind: str) -> None:
    data = b"8BPS\0\1" + b"\0" * 30 if kind == "PSD" else encoded(pixels(1), kind)
    assert begins_as_picture(data[:HEAD_BYTES])
    assert not begins_as_picture(b"RIFF\0\0\0\0WAVEfmt ") and not begins_as_picture(b"")
