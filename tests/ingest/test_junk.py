"""What NAS, cameras and programs leave beside photos is left out, counted and named; albums with similar names are read."""

from pathlib import Path

import pytest

from engine.settings import Settings
from ingest.item import Item, Refusal
from ingest.omissions import MAX_EXAMPLES, MAX_KINDS, Omissions, omissions_of
from ingest.sources import open_source
from ingest.sources.junk import BIN, CAMERA, HIDDEN, NAS, OTHER, PROGRAM, RAW, SYSTEM
from tests.ingest.pictures import png, write_all

JUNK = {
    "@eaDir/a.png/SYNOPHOTO_THUMB_XL.jpg": NAS,
    "trip/@eaDir/b.png/SYNOPHOTO_THUMB_M.jpg": NAS,
    "#recycle/old.png": NAS,
    "@Recycle/old.png": NAS,
    "copied/SYNOPHOTO_THUMB_B.jpg": NAS,
    "$RECYCLE.BIN/S-1-5/x.png": BIN,
    "lost+found/12345.png": SYSTEM,
    "__MACOSX/a.png": SYSTEM,
    "System Volume Information/x.png": SYSTEM,
    ".thumbnails/1.png": HIDDEN,
    ".@__thumb/s100a.png": HIDDEN,
    "._a.png": HIDDEN,
    "Catalog Previews.lrdata/0/1.png": PROGRAM,
    "Catalog Smart Previews.lrdata/0/1.png": PROGRAM,
    "Session/CaptureOne/Cache/Proxies/a.png": PROGRAM,
    "Mine.cocatalog/Cache/Thumbnails/a.png": PROGRAM,
    "Mine.lrlibrary/1/previews/a.png": PROGRAM,
    "Mine.photoslibrary/resources/derivatives/a.png": PROGRAM,
    "PRIVATE/M4ROOT/THMBNL/C0001T01.JPG": CAMERA,
    "IMG_1.CR2": RAW,
    "Thumbs.db": OTHER,
}
PHOTOS = [
    "Mine.cocatalog/Originals/1.png", "Mine.photoslibrary/originals/A/2.png", "Mine.lrlibrary/1/originals/3.png", "Cache/4.png",
    "previews/5.png", "thumbs/6.png", "recycle/7.png", "Session/CaptureOne/8.png", "Session/Capture/9.png",
]  # fmt: skip


def test_what_programs_leave_beside_photos_is_left_out_counted_and_named(tmp_path: Path, settings: Settings) -> None:
    write_all(tmp_path / "in", dict.fromkeys([*JUNK, *PHOTOS], png(1)))
    source = open_source(str(tmp_path / "in"), settings=settings)
    found = list(source.items())
    assert not [one for one in found if isinstance(one, Refusal)]
    assert {one.reference for one in found} == set(PHOTOS)
    assert source.skipped == len(JUNK)
    numbers = {one.what: one.number for one in source.left_out}
    assert numbers == {what: list(JUNK.values()).count(what) for what in JUNK.values()}
    (of_nas,) = (one for one in source.left_out if one.what == NAS)
    assert {"@eaDir/", "trip/@eaDir/", "#recycle/", "copied/SYNOPHOTO_THUMB_B.jpg"} <= set(of_nas.examples)


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", ".hidden", "x.lrdata"])
def test_a_folder_that_is_asked_for_by_name_is_read(tmp_path: Path, settings: Settings, name: str) -> None:
    write_all(tmp_path / name, {"a.png": png(1)})
    (item,) = open_source(str(tmp_path / name), settings=settings).items()
    assert isinstance(item, Item) and item.reference == "a.png"


def test_an_empty_folder_of_a_file_system_is_not_worth_a_word(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "in/lost+found").mkdir(parents=True)
    source = open_source(str(tmp_path / "in"), settings=settings)
    assert not list(source.items()) and not list(source.left_out) and source.skipped == 0


def test_names_of_what_is_left_out_stay_small_however_much_is_left_out() -> None:
    omissions = Omissions()
    for number in range(1000):
        omissions.add("files", f"{number}.txt")
        omissions.add(f"kind {number}", "x" * 10_000)
    assert len(omissions.as_json()) < 40_000
    files, *others = omissions_of(omissions.as_json())
    assert (files.number, len(files.examples), len(others)) == (1000, MAX_EXAMPLES, MAX_KINDS)
    assert sum(one.number for one in others) == 1000
    assert str(files) == "files: 1000 (0.txt, 1.txt, 2.txt, 3.txt, 4.txt, ...)"
    assert omissions_of("") == []
