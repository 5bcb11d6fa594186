"""Files that programs write beside photos are read, in all their namings; none of them costs the photo."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.settings import Settings
from factors.text import Kind
from ingest.item import Item
from ingest.sources import Source, open_source
from tests.ingest.image_metadata import XMP, Exif, exif
from tests.ingest.pictures import jpeg, write_all

DATE, PLACE = "2016-11-03T12:04:45", (45.6, 13.75)
NAMESPACES = (
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/" '
    'xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmlns:dc="'
)


def packet(elements: str) -> bytes:
    return XMP.replace('xmlns:dc="', NAMESPACES).format(elements).encode()


def bag(name: str, *words: str) -> str:
    return f"<{name}><rdf:Bag>{''.join(f'<rdf:li>{word}</rdf:li>' for word in words)}</rdf:Bag></{name}>"


def takeout(title: str = "IMG_1.jpg", **others: Any) -> bytes:
    written = {
        "title": title,
        "description": "ferry to Muggia",
        "imageViews": "12",
        "photoTakenTime": {"timestamp": "1478174685", "formatted": "Nov 3, 2016, 12:04:45 PM UTC"},
        "geoData": {"latitude": PLACE[0], "longitude": PLACE[1], "altitude": 0.0},
        "people": [{"name": "Anna"}],
        "url": "https://photos.google.com/photo/x",
    }
    return json.dumps(written | others).encode()


def opened(folder: Path, settings: Settings, files: dict[str, bytes]) -> Source:
    write_all(folder / "in", files)
    return open_source(str(folder / "in"), settings=settings)


def read(source: Source) -> dict[str, Item]:
    """The items by reference; nothing is refused."""
    found = {one.reference: one for one in source.items() if isinstance(one, Item)}
    assert len(found) == len(list(source.items()))
    return found


def words(item: Item) -> set[tuple[Kind, str]]:
    """Texts that do not come from names."""
    return {(snippet.kind, snippet.text) for snippet in item.snippets if snippet.kind not in (Kind.FILE_NAME, Kind.FOLDER_NAME)}


@pytest.mark.parametrize("name", ["a.xmp", "a.jpg.xmp", "a.XMP", "A.JPG.xmp"])
def test_xmp_beside_a_photo_is_read_in_both_namings(tmp_path: Path, settings: Settings, name: str) -> None:
    title = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Quince orchard</rdf:li></rdf:Alt></dc:title>'
    elements = (
        title + bag("dc:subject", "autumn", "harvest") + "<photoshop:DateCreated>1987-06-05T12:00:00</photoshop:DateCreated>"
    )
    place = "<exif:GPSLatitude>46,3.0N</exif:GPSLatitude><exif:GPSLongitude>14,30.0E</exif:GPSLongitude>"
    source = opened(tmp_path, settings, {"a.jpg": jpeg(1), "b.jpg": jpeg(2), name: packet(elements + place)})
    items = read(source)
    assert words(items["a.jpg"]) == {(Kind.TITLE, "Quince orchard"), (Kind.KEYWORDS, "autumn, harvest")}
    assert (items["a.jpg"].date, items["a.jpg"].place) == ("1987-06-05T12:00:00", (46.05, 14.5))
    assert not words(items["b.jpg"]) and source.skipped == 0 and not list(source.left_out)


def test_xmp_of_the_photo_itself_counts_before_that_of_its_raw_file(tmp_path: Path, settings: Settings) -> None:
    dates = {name: packet(f"<xmp:CreateDate>{year}</xmp:CreateDate>") for name, year in (("a.xmp", 1999), ("a.jpg.xmp", 2001))}
    (item,) = read(opened(tmp_path, settings, {"a.jpg": jpeg(1)} | dates)).values()
    assert item.date == "2001-01-01T00:00:00"


def test_tags_of_digikam_and_lightroom_are_words_of_their_paths_once(tmp_path: Path, settings: Settings) -> None:
    elements = bag("digiKam:TagsList", "Places/Italy/Trieste", "heron") + bag("lr:hierarchicalSubject", "Places|Italy|Trieste")
    attributes = "<exif:DateTimeOriginal>2016:11:03 12:04:45</exif:DateTimeOriginal>"  # darktable writes EXIF's form
    xmp = packet(bag("dc:subject", "heron", "Trieste") + elements + attributes)
    (item,) = read(opened(tmp_path, settings, {"a.jpg": jpeg(1), "a.jpg.xmp": xmp})).values()
    assert words(item) == {(Kind.KEYWORDS, "heron, Trieste, Places, Italy")} and item.date == DATE


def test_xmp_whose_properties_are_attributes_is_read(tmp_path: Path, settings: Settings) -> None:
    attributes = f'rdf:about="" exif:GPSLatitude="33,51.0S" exif:GPSLongitude="151,12.0E" xmp:CreateDate="{DATE}"'
    xmp = packet("").replace(b'rdf:about=""', attributes.encode())
    (item,) = read(opened(tmp_path, settings, {"a.jpg": jpeg(1), "a.xmp": xmp})).values()
    assert (item.date, item.place) == (DATE, (-33.85, 151.2))


LONG = "a_photo_whose_name_is_longer_than_takeout_likes_it_to_be"
TAKEOUT_NAMES = [
    ("IMG_1.jpg", "IMG_1.jpg.json"),
    ("IMG_1.jpg", "IMG_1.json"),
    ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
    ("IMG_1.JPG", "IMG_1.jpg.supplemental-meta.json"),
    ("Screenshot_20230101-101010_Gallery.jpg", "Screenshot_20230101-101010_Gallery.jpg.supplem.json"),
    ("Screenshot_20230101-1010101_Gallery_App1.jpg", "Screenshot_20230101-1010101_Gallery_App1.jpg..json"),
    (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json"),
    (f"{LONG[:47]}(1).jpg", f"{LONG[:46]}(1).json"),
    ("IMG_1(1).jpg", "IMG_1.jpg(1).json"),
    ("IMG_1(1).jpg", "IMG_1(1).jpg.json"),
    ("IMG_1(1).jpg", "IMG_1(1).json"),
    ("IMG_1(12).jpg", "IMG_1.jpg.supplemental-metadata(12).json"),
    ("IMG_1-edited.jpg", "IMG_1.jpg.json"),
    ("IMG_1-bearbeitet(1).jpg", "IMG_1.jpg.supplemental-metadata(1).json"),
    ("cafe\u0301.jpg", "caf\u00e9.jpg.json"),  # one letter, written in two ways
    ("IMG_1-編集済み.jpg", "IMG_1.jpg.supplemental-metadata.json"),
    ("Кошка на тёплом подоконнике.jpg", "Кошка на тёплом подоконн.json"),  # cut by bytes
]  # fmt: skip


@pytest.mark.parametrize(("photo", "beside"), TAKEOUT_NAMES)
def test_google_takeout_is_read_in_all_its_namings(tmp_path: Path, settings: Settings, photo: str, beside: str) -> None:
    source = opened(tmp_path, settings, {photo: jpeg(1), beside: takeout(photo), "other.jpg": jpeg(2), "IMG_1(3).jpg": jpeg(3)})
    items = read(source)
    assert (items[photo].date, items[photo].place) == (f"{DATE}+00:00", PLACE)
    assert words(items[photo]) == {(Kind.CAPTION, "ferry to Muggia"), (Kind.KEYWORDS, "Anna")}
    assert not items[photo].facets, "views and addresses are no facets"
    assert not items["other.jpg"].date and not items["IMG_1(3).jpg"].date and not list(source.left_out)


def test_two_photos_of_one_name_have_each_their_own_file_of_takeout(tmp_path: Path, settings: Settings) -> None:
    files = {"IMG_1.jpg": jpeg(1), "IMG_1(1).jpg": jpeg(2), "IMG_1-edited.jpg": jpeg(3)}
    written = {"IMG_1.jpg.json": takeout(description="first"), "IMG_1.jpg(1).json": takeout(description="second")}
    items = read(opened(tmp_path, settings, files | written))
    captions = {name: [text for kind, text in words(item) if kind is Kind.CAPTION] for name, item in items.items()}
    assert captions == {"IMG_1.jpg": ["first"], "IMG_1(1).jpg": ["second"], "IMG_1-edited.jpg": ["first"]}


def test_what_takeout_does_not_know_is_left_to_the_photo(tmp_path: Path, settings: Settings) -> None:
    photo = jpeg(1, exif=exif({Exif.DateTime: "2011:02:03 04:05:06"}))
    nothing = takeout(description="", geoData={"latitude": 0.0, "longitude": 0.0}, photoTakenTime={}, people=[])
    old = takeout(photoTakenTime={"timestamp": "-86400"}, geoData=None, geoDataExif={"latitude": -33.85, "longitude": 151.2})
    items = read(opened(tmp_path, settings, {"a.jpg": photo, "a.jpg.json": nothing, "b.jpg": jpeg(2), "b.jpg.json": old}))
    assert (items["a.jpg"].date, items["a.jpg"].place, words(items["a.jpg"])) == ("2011-02-03T04:05:06", None, set())
    assert (items["b.jpg"].date, items["b.jpg"].place) == ("1969-12-31T00:00:00+00:00", (-33.85, 151.2))


EXIFTOOL = [
    {"Title": "Lantern", "Keywords": ["paper", "lights"], "DateTimeOriginal": "2016:11:03 12:04:45",
     "GPSLatitude": "45 deg 36' 0.00\" N", "GPSLongitude": "13 deg 45' 0.00\" E"},
    {"XMP:Title": "Lantern", "IPTC:Keywords": ["paper", "lights"], "EXIF:DateTimeOriginal": "2016:11:03 12:04:45",
     "EXIF:GPSLatitude": 45.6, "EXIF:GPSLatitudeRef": "N", "EXIF:GPSLongitude": 13.75, "EXIF:GPSLongitudeRef": "E"},
    {"ObjectName": "Lantern", "Subject": ["paper", "lights"], "CreateDate": "2016:11:03 12:04:45",
     "GPSPosition": "45 deg 36' 0.00\" N, 13 deg 45' 0.00\" E"},
    {"Title": "Lantern", "Keywords": ["paper", "lights"], "SubSecDateTimeOriginal": "2016:11:03 12:04:45.12",
     "GPSLatitude": 45.6, "GPSLongitude": 13.75},
]  # fmt: skip


@pytest.mark.parametrize("tags", EXIFTOOL, ids=range(len(EXIFTOOL)))
@pytest.mark.parametrize("name", ["a.json", "a.jpg.json"])
def test_json_of_exiftool_is_read(tmp_path: Path, settings: Settings, tags: dict[str, Any], name: str) -> None:
    others = [{"SourceFile": "./b.jpg", "Title": "Other"}] if name == "a.json" else []
    content = json.dumps([*others, {"SourceFile": "./a.jpg", "FileSize": "12 kB"} | tags]).encode()
    (item,) = read(opened(tmp_path, settings, {"a.jpg": jpeg(1), name: content})).values()
    assert words(item) == {(Kind.TITLE, "Lantern"), (Kind.KEYWORDS, "paper, lights")}
    assert (item.date, item.place, item.facets) == (DATE, PLACE, {})


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("a.json", b'{"title": "A fine thing", "date": "in May"}', "date 'in May' is not understood"),
        ("a.json", b'{"title": "A fine thing", "place": "at home"}', "place 'at home' is not `latitude, longitude`"),
        ("a.json", b'{"title": "A fine thing", "place": 5}', "place '5' is not `latitude, longitude`"),
        ("a.json", b'{"title": "A fine thing", "place": [1e999, 0]}', "does not lie on Earth"),
        ("a.json", b'{"title": "A fine thing", "latitude": 95, "longitude": 1}', "does not lie on Earth"),
        ("a.json", b'{"title": "A fine thing", "price": "on request"}', "price 'on request' is not a number"),
        ("a.json", b'{"title": "A fine thing"}{', ""),
        ("b.json", b"[1, 2]", "b.json: a list, and not one of exiftool"),
        ("b.json", b'"text"', "b.json: neither an object nor a list"),
        ("b.json", b"{not json", "b.json: broken"),
        ("b.json", b"[" * 100_000, "b.json: broken"),
        ("b.xmp", b"<x:xmpmeta", "b.xmp: "),
        ("b.jpg.json", takeout(photoTakenTime={"timestamp": "noon"}), "photoTakenTime is not understood"),
        ("b.jpg.json", takeout(geoData="here", people=5, description=["x"]), ""),
        ("b.json", b'[{"SourceFile": "b.jpg", "CreateDate": "soon"}]', "the date is not understood"),
        ("b.json", b'[{"SourceFile": "b.jpg", "GPSLatitude": 33.85}]', "the place is not understood"),
        ("b.xmp", packet("<xmp:CreateDate>soon</xmp:CreateDate>"), "the date is not understood"),
        ("b.xmp", packet("<exif:GPSLatitude>33,51.0</exif:GPSLatitude>"), "the place is not understood"),
    ],
)  # fmt: skip
def test_what_is_not_understood_costs_only_itself_and_is_told(
    tmp_path: Path, settings: Settings, name: str, content: bytes, note: str
) -> None:
    source = opened(tmp_path, settings, {"a.jpg": jpeg(1), "b.jpg": jpeg(2), name: content})
    items = {one.reference: one for one in source.items() if isinstance(one, Item)}
    assert set(items) == {"a.jpg", "b.jpg"}
    if name == "a.json" and b"}{" not in content:
        assert (Kind.TITLE, "A fine thing") in words(items["a.jpg"])
    named = [example for one in source.left_out for example in one.examples]
    assert any(note in example and example.startswith(f"{name[0]}.jpg: ") for example in named) or not note


def test_labels_that_somebody_drew_are_words_and_the_picture_in_the_file_costs_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    shapes = [{"label": label, "points": [[0, 0]]} for label in ("bowl", "carrot", "bowl")]
    content = {"version": "5.0.1", "shapes": shapes, "imagePath": "a.jpg", "imageData": "A" * 2_000_000}
    (item,) = read(opened(tmp_path, settings, {"a.jpg": jpeg(1), "a.json": json.dumps(content).encode()})).values()
    assert words(item) == {(Kind.KEYWORDS, "bowl, carrot")} and not item.facets


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["a.txt", "a.jpg.txt"])
def test_text_is_read_in_the_encodings_of_old_and_new_programs(
    tmp_path: Path, settings: Settings, encoding: str, name: str
) -> None:
    (item,) = read(opened(tmp_path, settings, {"a.jpg": jpeg(1), name: "Straße – grün".encode(encoding)})).values()
    assert words(item) == {(Kind.CAPTION, "Straße – grün")}


def test_dates_and_places_of_people_are_read(tmp_path: Path, settings: Settings) -> None:
    content = {"date": "2016:11:03 12:04:45", "place": "45°36'0\"N, 13°45'0\"E", "camera": "Zorki"}
    (item,) = read(opened(tmp_path, settings, {"a.jpg": jpeg(1), "a.json": json.dumps(content).encode()})).values()
    assert (item.date, item.place, item.facets) == (DATE, PLACE, {"camera": "Zorki"})
