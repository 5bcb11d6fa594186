"""Camera, lens and exposure of photos."""

from typing import Any

import pytest

from ingest.embedded import with_metadata
from ingest.item import Item
from ingest.metadata import read_metadata
from ingest.photography import camera_of, photography
from tests.ingest.image_metadata import Exif, exif
from tests.ingest.pictures import jpeg


def test_a_photo_says_how_it_was_taken() -> None:
    tags = {Exif.Make: "NIKON CORPORATION", Exif.Model: "NIKON D70"}
    inner = {
        Exif.LensModel: "18.0-70.0 mm f/3.5-4.5", Exif.ISOSpeedRatings: 200, Exif.FNumber: 9.0, Exif.ExposureTime: 0.005,
        Exif.FocalLength: 52.0,
    }  # fmt: skip
    metadata = read_metadata(jpeg(exif=exif(tags, inner)))
    assert metadata.facets == {
        "camera": "NIKON D70", "lens": "18.0-70.0 mm f/3.5-4.5", "iso": "200", "aperture": "f/9", "exposure": "1/200 s",
        "focal length": "52 mm",
    }  # fmt: skip
    item = with_metadata(Item("s", "a.jpg", "c", facets={"camera": "mine"}), metadata)
    assert item.facets["camera"] == "mine" and item.facets["iso"] == "200", "what the source says comes first"
    (snippet,) = (one for one in item.snippets if "NIKON" in one.text)
    assert snippet.weight == 0.5 and not snippet.is_trash and "18.0-70.0" in snippet.text


@pytest.mark.parametrize(
    ("make", "model", "name"),
    [
        ("Canon", "Canon EOS 40D", "Canon EOS 40D"),
        ("OLYMPUS OPTICAL CO.,LTD", "C2040Z", "OLYMPUS C2040Z"),
        ("SANYO Electric Co.,Ltd.", "SX113 ", "SANYO SX113"),
        ("EASTMAN KODAK COMPANY", "", "EASTMAN KODAK"),
        ("samsung", "SM-G930F", "samsung SM-G930F"),
        ("", "Pixel 7", "Pixel 7"),
        ("Apple", "iPhone 13", "Apple iPhone 13"),
        ("", "", ""),
    ],
)
def test_cameras_have_the_names_that_people_use(make: str, model: str, name: str) -> None:
    assert camera_of(make, model) == name


@pytest.mark.parametrize(
    ("inner", "facets"),
    [
        ({Exif.ExposureTime: 2.0, Exif.FNumber: 2.8}, {"exposure": "2 s", "aperture": "f/2.8"}),
        ({Exif.ExposureTime: 0.4}, {"exposure": "0.4 s"}),
        ({Exif.ISOSpeedRatings: (400, 0)}, {"iso": "400"}),
        ({Exif.ISOSpeedRatings: 0, Exif.FNumber: float("nan"), Exif.ExposureTime: -1.0}, {}),
        ({Exif.FNumber: "wide open", Exif.FocalLength: None, Exif.ExposureTime: b"\0"}, {}),
        ({Exif.LensModel: "----"}, {}),
        ({Exif.LensModel: "0.0 mm f/0.0"}, {}),
        ({Exif.LensModel: "EF50mm f/1.8 II\0\0"}, {"lens": "EF50mm f/1.8 II"}),
    ],
)
def test_what_makes_no_sense_is_left_out(inner: dict[int, Any], facets: dict[str, str]) -> None:
    assert photography({}, inner) == facets
