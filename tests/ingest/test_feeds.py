"""Feeds as shops export them: every row is an item, a refusal or empty, and its values are where people look for them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine.settings import Settings
from factors.text import Kind
from ingest.item import Item, Refusal
from ingest.sources import open_source
from tests.ingest.pictures import png, write_all


@pytest.fixture()
def shop(tmp_path: Path) -> Path:
    write_all(tmp_path, {f"{name}.png": png(n) for n, name in enumerate(("a", "b", "c"), start=1)})
    return tmp_path


def read(path: Path, settings: Settings, text: str | bytes, **columns: str) -> list[Item | Refusal]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(open_source(str(path), settings=settings, columns=columns).items())


def items(path: Path, settings: Settings, text: str | bytes) -> list[Item]:
    found = read(path, settings, text)
    assert all(isinstance(one, Item) for one in found), found
    return [one for one in found if isinstance(one, Item)]


def json_items(path: Path, settings: Settings, *rows: dict[str, Any]) -> list[Item]:
    return items(path / "feed.jsonl", settings, "\n".join(map(json.dumps, rows)))


EXPORTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "Excel": ("utf-8-sig", {"delimiter": ";", "lineterminator": "\r\n"}, ""),
    "Excel with a separator line": ("cp1252", {"delimiter": ";", "lineterminator": "\r\n"}, "sep=;\r\n"),
    "Excel's Unicode text": ("utf-16", {"delimiter": "\t", "lineterminator": "\r\n"}, ""),
    "Excel for old Macintosh": ("mac_roman", {"delimiter": ";", "lineterminator": "\r"}, ""),
    "LibreOffice": ("utf-8", {"quoting": csv.QUOTE_NONNUMERIC, "lineterminator": "\n"}, ""),
    "Google Sheets": ("utf-8", {"lineterminator": "\r\n"}, ""),
    "a shop system": ("utf-8", {"delimiter": "|", "quoting": csv.QUOTE_ALL, "lineterminator": "\n"}, ""),
}


@pytest.mark.parametrize("program", EXPORTS)
def test_every_row_that_another_reader_reads_is_an_item(shop: Path, settings: Settings, program: str) -> None:
    encoding, form, preamble = EXPORTS[program]
    rows = [["Image URL", "Title", "Größe"]]
    rows += [[f"{'abc'[n % 3]}.png", f'{n}" Tür, {"größer; " * (n % 5)}', f"{n} Zoll"] for n in range(40)]
    out = io.StringIO(preamble, newline="")
    out.seek(0, io.SEEK_END)
    csv.writer(out, **form).writerows(rows)
    text = out.getvalue()
    path = shop / "feed.csv"
    path.write_bytes(text.encode(encoding))
    with path.open(encoding=encoding, newline="") as file:
        file.read(len(preamble))
        number = len(list(csv.reader(io.StringIO(file.read(), newline=""), delimiter=form.get("delimiter", ",")))) - 1
    found = items(path, settings, text.encode(encoding))
    assert len(found) == number == 40
    assert [item.snippets[0].text for item in found] == [row[1].strip() for row in rows[1:]]
    assert [item.facets for item in found] == [{"Größe": row[2]} for row in rows[1:]]


@pytest.mark.parametrize(
    "header",
    ["Image URL", "image_link", "Image Src", "IMAGE", "g:image_link", "ImageUrl", " Main Image ", "images", "photo-url"],
)
def test_the_picture_is_found_under_the_names_that_shops_use(shop: Path, settings: Settings, header: str) -> None:
    [item] = items(shop / "feed.csv", settings, f"Product Name,{header},Product Type,Regular Price\nMug,a.png,Cups,9.50\n")
    assert (item.snippets[0].kind, item.snippets[0].text) == (Kind.TITLE, "Mug")
    assert (item.category, item.price, item.facets) == ("Cups", 9.5, {})


def test_a_column_that_names_pictures_is_the_picture_where_no_name_says_so(shop: Path, settings: Settings) -> None:
    found = items(shop / "feed.csv", settings, "Nummer,Bild,Preis\n1,a.png,9\n2,b.png,8\n")
    assert all(item.original for item in found) and found[0].facets == {"Nummer": "1", "Preis": "9"}


@pytest.mark.parametrize(
    "cell",
    ["a.png|b.png", "a.png, b.png", "a.png;b.png", "a.png\nb.png", '["a.png", "b.png"]', "/a.png,,b.png,", "a.png b.png"],
)
def test_a_cell_may_hold_several_pictures(shop: Path, settings: Settings, cell: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["sku", "image", "title"], ["M1", cell, "Mug"], ["M2", "c.png", "Cup"]])
    found = items(shop / "feed.csv", settings, out.getvalue())
    assert [item.reference for item in found] == ["a.png M1", "b.png M1", "c.png M2"]
    assert [item.snippets[0].text for item in found] == ["Mug", "Mug", "Cup"]


def test_pictures_in_lists_objects_addresses_and_further_columns(shop: Path, settings: Settings) -> None:
    a, b = "https://shop.example/i/w_300,h_200/a.jpg", "https://shop.example/b.jpg?x=1,2"
    listed, described = json_items(shop, settings, {"images": ["a.png"]}, {"image": [{"src": "b.png"}]})
    assert (listed.reference, described.reference) == ("a.png", "b.png")
    found = items(shop / "feed.csv", settings, f'image,additional_image_link,Image 3\n"{a},{b}",a.png,b.png\n"a, b.png",,\n'
                  if (shop / "a, b.png").write_bytes(png(7)) else "")  # fmt: skip
    assert [item.reference for item in found] == [a, b, "a.png", "b.png", "a, b.png"]
    assert [item.address for item in found][:3] == [a, b, ""]


def test_rows_without_any_value_are_skipped_and_counted(shop: Path, settings: Settings) -> None:
    (shop / "feed.csv").write_text("image;title\r\na.png;Mug\r\n;\r\n\r\n;;\r\nb.png;Cup\r\n;\r\n")
    source = open_source(str(shop / "feed.csv"), settings=settings)
    assert [item.reference for item in source.items()] == ["a.png", "b.png"] and source.skipped == 3


def test_a_value_that_is_not_understood_costs_itself_with_a_note(shop: Path, settings: Settings) -> None:
    text = "image;title;price;date;place;lang\na.png;Mug;on request;soon;Berlin;??\nb.png;Cup;5;2024-05-17;52,5 13,4;en\n"
    mug, cup = items(shop / "feed.csv", settings, text)
    assert (mug.price, mug.date, mug.place, mug.snippets[0].text) == (None, "", None, "Mug")
    assert mug.facets == {"price": "on request", "date": "soon", "place": "Berlin"}
    assert [note.split("'")[1] for note in mug.notes] == ["soon", "on request", "Berlin"]
    assert (cup.price, cup.date, cup.place, cup.notes) == (5, "2024-05-17T00:00:00", (52.5, 13.4), ())


@pytest.mark.parametrize(("other", "date"), [("25/12/2023", "2024-04-03"), ("12/25/2023", "2024-03-04"), ("2023-12-25", "")])
def test_the_other_rows_say_whether_days_come_first(shop: Path, settings: Settings, other: str, date: str) -> None:
    first, _ = items(shop / "feed.csv", settings, f"image,date\na.png,03/04/2024\nb.png,{other}\n")
    assert first.date[:10] == date and bool(first.notes) == (not date)


def test_lists_in_json_are_several_values(shop: Path, settings: Settings) -> None:
    row: dict[str, Any] = {
        "image": "a.png",
        "colours": ["red", "blue", "red"],
        "size": [],
        "category": ["Cups", "Gifts"],
        "box": {"width": 3},
    }
    row |= {"labels": [{"name": "new"}, {"name": "sale"}]}
    [item] = json_items(shop, settings, row)
    assert item.facets == {"colours": ["red", "blue"], "box.width": "3", "labels": ["new", "sale"]} and item.category == [
        "Cups",
        "Gifts",
    ]


@pytest.mark.parametrize("cell", ["Gray|Blue", "Gray;Blue", "Gray,Blue", "Gray, Blue", "Gray | Blue"])
def test_separated_values_are_several(shop: Path, settings: Settings, cell: str) -> None:
    first, second = items(shop / "feed.csv", settings, f'image,colour\na.png,"{cell}"\nb.png,Blue\n')
    assert (first.facets, second.facets) == ({"colour": ["Gray", "Blue"]}, {"colour": "Blue"})


def test_a_comma_inside_a_value_separates_nothing(shop: Path, settings: Settings) -> None:
    rows = [["image", "brand", "length", "note"], ["a.png", "Smith, Jones & Co", "10,5 cm", "Wash cold, do not iron"]]
    out = io.StringIO()
    csv.writer(out).writerows([*rows, ["b.png", "Acme", "3 cm", "Tom &amp; Jerry, a pair of mugs"]])
    first, second = items(shop / "feed.csv", settings, out.getvalue())
    assert first.facets == dict(zip(rows[0][1:], rows[1][1:], strict=True))
    assert second.facets["note"] == "Tom &amp; Jerry, a pair of mugs"


def test_a_row_keeps_its_reference_when_rows_are_added_moved_or_changed(shop: Path, settings: Settings) -> None:
    before = items(shop / "feed.csv", settings, "image,sku,price\na.png,1,5\na.png,2,6\nb.png,,7\nb.png,,8\n")
    after = items(shop / "feed.csv", settings, "image,sku,price\nc.png,3,1\na.png,2,9\nb.png,,7\na.png,1,5\nb.png,,8\n")
    assert [item.reference for item in before] == ["a.png 1", "a.png 2", "b.png", "b.png #2"]
    assert {item.reference for item in after} == {item.reference for item in before} | {"c.png 3"}
