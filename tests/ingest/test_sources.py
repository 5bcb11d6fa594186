"""Sources: every image with its text and facts, every refusal with its reason."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import BadSource
from engine.settings import Settings
from factors.text import Kind
from ingest.item import Item
from ingest.sources import Refusal, Source, open_source
from ingest.sources.demo import language_tag, texts_of
from tests.ingest.pictures import encoded, jpeg, pixels, png, write_all


def read(source: Source) -> tuple[dict[str, Item], dict[str, Refusal]]:
    """Items and refusals by reference."""
    found = list(source.items())
    items = {one.reference: one for one in found if isinstance(one, Item)}
    refusals = {one.reference: one for one in found if isinstance(one, Refusal)}
    assert len(items) + len(refusals) == len(found), "references are unique"
    return items, refusals


def texts(item: Item) -> list[tuple[Kind, str, str]]:
    return [(snippet.kind, snippet.text, snippet.language) for snippet in item.snippets]


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def test_a_folder_gives_its_pictures_with_text_and_category(folder: Path, settings: Settings) -> None:
    write_all(folder, {"b.png": png(1), "cats/IMG_1234.png": png(2), "cats/deep/red-fox.png": png(3), "notes.doc": b"words"})
    write_all(folder, {"cats/IMG_1234.txt": "Кошка спит".encode(), ".hidden.png": png(4), ".git/x.png": png(5)})
    sidecar = {
        "title": "Fox",
        "caption": {"en": "A red fox", "de": "Ein Fuchs"},
        "tags": ["red", "wild"],
        "price": "12,50 €",
        "brand": "Acme",
    }
    (folder / "cats/deep/red-fox.json").write_text(json.dumps(sidecar | {"date": "2024-05-17", "place": "52.5, 13.4"}))
    source = open_source(str(folder), settings=settings)
    items, refusals = read(source)
    assert list(items) == ["b.png", "cats/IMG_1234.png", "cats/deep/red-fox.png"]
    assert not refusals and source.skipped == 3 and source.collection == "pictures"
    assert [str(one) for one in source.left_out] == [
        "hidden files: 2 (.hidden.png, .git/)",
        "files that are no pictures: 1 (notes.doc)",
    ]
    assert texts(items["cats/IMG_1234.png"]) == [
        (Kind.CAPTION, "Кошка спит", ""), (Kind.FILE_NAME, "IMG_1234", ""), (Kind.FOLDER_NAME, "cats", ""),
    ]  # fmt: skip
    fox = items["cats/deep/red-fox.png"]
    assert texts(fox) == [
        (Kind.TITLE, "Fox", ""), (Kind.CAPTION, "A red fox", "en"), (Kind.CAPTION, "Ein Fuchs", "de"),
        (Kind.KEYWORDS, "red, wild", ""), (Kind.FILE_NAME, "red fox", ""),
        (Kind.FOLDER_NAME, "deep", ""), (Kind.FOLDER_NAME, "cats", ""),
    ]  # fmt: skip
    assert (fox.category, fox.price, fox.date, fox.place) == ("cats", 12.5, "2024-05-17T00:00:00", (52.5, 13.4))
    assert fox.facets == {"brand": "Acme"}
    assert source.store.original(fox.original) == png(3)


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_used(folder: Path, settings: Settings) -> None:
    outside = folder.parent / "secret.png"
    outside.write_bytes(png(1))
    write_all(folder, {"a.png": png(2)})
    (folder / "out.png").symlink_to(outside)
    (folder / "in.png").symlink_to("a.png")
    (folder / "broken.png").symlink_to("nowhere.png")
    (folder / "up").symlink_to(folder.parent)
    items, refusals = read(open_source(str(folder), settings=settings))
    assert set(items) == {"a.png", "in.png"}
    assert {name: refusal.reason for name, refusal in refusals.items()} == {"out.png": "outside", "broken.png": "not-found"}


@pytest.fixture()
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_a_file_without_permission_is_refused(open_folder: Path, settings: Settings) -> None:
    write_all(open_folder, {"ok.png": png(1), "locked.png": png(2)})
    (open_folder / "ok.png").chmod(0o644)
    (open_folder / "locked.png").chmod(0)
    here = settings.model_copy(update={"store_url": f"file://{open_folder}/.store"})
    source = open_source(str(open_folder), settings=here)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # root may read everything; nobody may not
    try:
        items, refusals = read(source)
    finally:
        if root:
            os.seteuid(0)
    assert set(items) == {"ok.png"} and refusals["locked.png"].reason == "unreadable"


def test_too_large_files_are_refused_and_broken_text_costs_no_picture(folder: Path, settings: Settings) -> None:
    write_all(folder, {"big.png": png(1) * 3, "bad.png": png(2), "half.png": png(3), "ok.png": png(4), "price.png": png(5)})
    (folder / "bad.json").write_text("{not json")
    (folder / "half.json").write_text('{"title": "half of a \\ud83d character"}')
    (folder / "price.json").write_text('{"price": "cheap"}')
    (folder / "ok.txt").write_bytes("Straße".encode("latin-1"))
    source = open_source(str(folder), settings=settings.model_copy(update={"max_bytes": len(png(1)) + 900}))
    items, refusals = read(source)
    assert {name: refusal.reason for name, refusal in refusals.items()} == {"big.png": "too-large"}
    (note,) = source.left_out
    assert (note.what, note.number) == ("values and files beside pictures that were not understood", 2)
    assert note.examples[0].startswith("bad.png: bad.json: broken: ")
    assert note.examples[1] == "price.png: price.json: price 'cheap' is not a number; kept as a facet"
    assert (items["price.png"].price, items["price.png"].facets) == (None, {"price": "cheap"})
    assert texts(items["half.png"])[0] == (Kind.TITLE, "half of a character", "")
    assert texts(items["ok.png"]) == [(Kind.CAPTION, "Straße", ""), (Kind.FILE_NAME, "ok", "")]


def test_a_name_that_is_not_utf8_is_read_and_found_again(folder: Path, settings: Settings) -> None:
    write_all(folder, {os.fsdecode(b"f\xeates/caf\xe9 au lait.png"): png(1)})
    write_all(folder, {os.fsdecode(b"f\xeates/caf\xe9 au lait.json"): b'{"date": "in May"}'})
    reference = "f\\udceates/caf\\udce9 au lait.png"
    for only in (None, [reference]):
        source = open_source(str(folder), settings=settings)
        (item,) = source.items(only)
        assert "date 'in May' is not understood" in source.left_out.as_json()
        assert isinstance(item, Item) and (item.reference, item.category) == (reference, "fêtes")
        assert texts(item) == [(Kind.FILE_NAME, "café au lait", ""), (Kind.FOLDER_NAME, "fêtes", "")]


def test_only_some_items_can_be_read_again(folder: Path, settings: Settings) -> None:
    write_all(folder, {f"{n}.png": png(n) for n in range(4)})
    source = open_source(str(folder), settings=settings)
    assert [item.reference for item in source.items(only=["2.png"])] == ["2.png"]


FEED = """photo;name;description;price;brand;page
a.png;Blue mug;A mug, "very" blue;"1.299,50 €";Acme;https://shop.example/1
sub/b.jpg;;;;;
missing.png;Gone;;;;
http://pictures.example/c.png;Vase;;20;Acme;
../secret.png;Secret;;;;
;No picture;;;;
a.png;Too few
a.png;Two
lines;;;;
a.png;Cheap;;cheap;;
"a.png;Open quote;;;;
a.png;"Over two
lines";;;;
"""


def test_a_csv_feed_gives_rows_and_refuses_broken_ones(folder: Path, settings: Settings) -> None:
    write_all(folder, {"a.png": png(1), "sub/b.jpg": jpeg(2)})
    (folder.parent / "secret.png").write_bytes(png(3))
    (folder / "shop.csv").write_text(FEED.replace('A mug, "very" blue', '"A mug, ""very"" blue"'))
    items, refusals = read(open_source(str(folder / "shop.csv"), settings=settings, columns={"image": "photo"}))
    assert {name: refusal.reason for name, refusal in refusals.items()} == {
        "missing.png": "not-found", "../secret.png": "outside",
        "row 6": "missing-column", "row 7": "missing-column", "row 8": "missing-column",
        "row 9": "missing-column", "row 11": "bad-quoting",
    }  # fmt: skip
    assert refusals["missing.png"].message.startswith("row 3: ")
    assert list(items) == ["a.png https://shop.example/1", "sub/b.jpg", "http://pictures.example/c.png", "a.png", "a.png #2"]
    mug = items["a.png https://shop.example/1"]
    assert texts(mug) == [(Kind.TITLE, "Blue mug", ""), (Kind.CAPTION, 'A mug, "very" blue', "")]
    assert (mug.price, mug.facets, mug.page) == (1299.5, {"brand": "Acme"}, "https://shop.example/1")
    vase = items["http://pictures.example/c.png"]
    assert vase.address == "http://pictures.example/c.png" and not vase.original
    assert items["a.png"].facets == {"price": "cheap"} and items["a.png #2"].snippets[0].text == "Over two\nlines"


def test_a_json_lines_feed_refuses_broken_lines(folder: Path, settings: Settings) -> None:
    write_all(folder, {"a.png": png(1)})
    good = json.dumps({"image": "a.png", "title": "A", "lat": 1.5, "lon": 2, "stock": 3, "language": "en"})
    lines = [good, "{broken", "[1, 2]", '{"title": "no picture"}', '{"image": "a.png", "title": "\\ud800"}', good]
    (folder / "f.jsonl").write_text("\n".join(lines))
    items, refusals = read(open_source(str(folder / "f.jsonl"), settings=settings))
    assert {name: refusal.reason for name, refusal in refusals.items()} == {
        "row 2": "bad-row", "row 3": "bad-row", "row 4": "missing-column", "row 5": "bad-characters",
    }  # fmt: skip
    assert items["a.png"].place == (1.5, 2.0) and items["a.png"].facets == {"stock": "3"}
    assert texts(items["a.png #2"]) == [(Kind.TITLE, "A", "en")]


def test_a_parquet_feed_keeps_its_types(folder: Path, settings: Settings) -> None:
    write_all(folder, {"a.png": png(1)})
    rows = {"image": ["a.png", None], "title": ["A", "B"], "price": [9.99, 1.0], "size": ["L", None]}
    pq.write_table(pa.table(rows), folder / "f.parquet")
    items, refusals = read(open_source(str(folder / "f.parquet"), settings=settings))
    assert (items["a.png"].price, items["a.png"].facets) == (9.99, {"size": "L"})
    assert refusals["row 2"].reason == "missing-column"


def test_two_columns_of_one_name_are_an_error_before_any_row_is_read(folder: Path, settings: Settings) -> None:
    write_all(folder, {"a.png": png(1)})
    (folder / "twice.csv").write_text("image,price,sku,price,,\na.png,10,1,99,,\n")
    (folder / "spaced.tsv").write_text("image\tsku\t sku\na.png\t1\t2\n")
    columns = [pa.array(["a.png"]), pa.array([10.0]), pa.array([99.0])]
    pq.write_table(pa.Table.from_arrays(columns, names=["image", "price", "price"]), folder / "twice.parquet")
    for name, column in {"twice.csv": "price", "spaced.tsv": "sku", "twice.parquet": "price"}.items():
        with pytest.raises(BadSource, match=f"several columns of one name: '{column}'"):
            next(open_source(str(folder / name), settings=settings).items())
    (folder / "unnamed.csv").write_text("image,price,,\na.png,10,x,y\n")
    items, _ = read(open_source(str(folder / "unnamed.csv"), settings=settings))
    assert (items["a.png"].price, items["a.png"].facets) == (10.0, {}), "columns without a name are ignored"


def test_a_json_object_with_a_key_twice_is_refused(folder: Path, settings: Settings) -> None:
    write_all(folder, {"a.png": png(1)})
    (folder / "f.jsonl").write_text('{"image": "a.png", "price": 10, "price": 99}\n{"image": "a.png", "price": 10}\n')
    items, refusals = read(open_source(str(folder / "f.jsonl"), settings=settings))
    assert set(items) == {"a.png"} and refusals["row 1"].reason == "bad-row" and "'price'" in refusals["row 1"].message


def test_an_address_that_no_source_opens_is_an_error(folder: Path, settings: Settings) -> None:
    write_all(folder, {"a.doc": b"", "broken.parquet": b"PAR?", "empty.csv": b""})
    for spec in ("nowhere", "a.doc"):
        with pytest.raises(BadSource):
            open_source(str(folder / spec), settings=settings)
    for spec in ("broken.parquet", "empty.csv"):
        with pytest.raises(BadSource):
            list(open_source(str(folder / spec), settings=settings).items())
    with pytest.raises(BadSource, match="colour"):
        open_source(str(folder / "empty.csv"), settings=settings, columns={"colour": "c"})


def test_demo_texts_keep_their_languages(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("A cat.\nde.utf8=Eine Katze.\npt_BR.utf8=Um gato.\nsr@latin.utf8=Mačka.\nnoise\nfr.utf8=\n")
    found = [(snippet.text, snippet.language) for snippet in texts_of(tmp_path / "x.txt")]
    assert found == [("A cat.", "en"), ("Eine Katze.", "de"), ("Um gato.", "pt-BR"), ("Mačka.", "sr-Latn")]
    assert language_tag("zh_TW") == "zh-TW"


def test_views_of_a_file_are_items_that_say_which_they_are(folder: Path, settings: Settings) -> None:
    pages = [pixels(seed) for seed in range(3)]
    scan = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    write_all(folder, {"deeds/scan.tif": scan, "deeds/scan.txt": b"A deed of sale", "z.png": png(1)})
    source = open_source(str(folder), settings=settings)
    items, refusals = read(source)
    assert list(items) == ["z.png", "deeds/scan.tif", "deeds/scan.tif > page 2", "deeds/scan.tif > page 3"] and not refusals
    second = items["deeds/scan.tif > page 2"]
    assert source.store.original(items["deeds/scan.tif"].original) == scan
    assert second.facets == {"file": "scan.tif", "view": "page 2"} and second.category == "deeds"
    assert [text for _, text, _ in texts(second)][:2] == ["scan.tif, page 2", "A deed of sale"]
    again = [one.reference for one in source.items(["deeds/scan.tif > page 3"])]
    assert again == list(items)[1:], "a retry reads the file with all its views"
