"""Landmarks from the command line: added, listed, found again, removed."""

import json
from pathlib import Path

import pytest

from engine.connections import connect
from ingest.landmarks import LANDMARK
from mappings.versions import alias
from tests.cli.conftest import Omma, Shelf
from tests.ingest.pictures import png
from workers import runtime

pytestmark = pytest.mark.engine
NAME = "Old Tower"


@pytest.fixture()
def files(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two pictures: one that is in a collection already, one that is new."""
    monkeypatch.setattr(runtime, "make_runtime", lambda _: shelf.runtime)
    for number in (0, 30):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    return [str(tmp_path / f"{number}.png") for number in (0, 30)]


def test_a_landmark_is_added_listed_and_removed(omma: Omma, shelf: Shelf, files: list[str]) -> None:
    printed = omma("landmarks", "add", NAME, "--place", "46.05,14.5", *files)
    assert (printed.code, printed.out) == (0, "Old Tower: 2 added, 0 known already, 0 refused\n")
    again = omma("landmarks", "add", NAME, "--place", "46.05,14.5", *files)
    assert "0 added, 2 known already" in again.out
    listed = json.loads(omma("landmarks", "list", "--json").out)
    assert listed == [{"name": NAME, "place": [46.05, 14.5], "pictures": 2}]
    assert "Old Tower  (46.05000, 14.50000)  2 pictures" in omma("landmarks", "list").out

    shown = json.loads(omma("show", shelf.ids[0], "--json").out)
    assert shown["facets"] == {LANDMARK: [NAME]} and shown["collections"] == ["animals", f"landmark: {NAME}"]
    assert json.loads(omma("search", "--text", '"old tower"', "--json").out)["total"] == 2

    assert omma("landmarks", "remove", NAME).out == "Old Tower: 1 deleted, 1 kept because other collections have them\n"
    assert omma("landmarks", "list").out.startswith("there are no landmarks")
    settings = shelf.runtime.settings
    left = connect(settings).get(index=alias(settings), id=shelf.ids[0])["_source"]
    assert left["facets"] == [] and left.get("place") is None


@pytest.mark.parametrize(("place", "why"), [("99,0", "does not lie on Earth"), ("here", "is not `latitude, longitude`")])
def test_a_place_that_is_none_is_refused(omma: Omma, files: list[str], place: str, why: str) -> None:
    printed = omma("landmarks", "add", NAME, "--place", place, *files)
    assert printed.code == 1 and why in printed.err


def test_a_file_that_is_not_a_picture_is_reported(omma: Omma, files: list[str], tmp_path: Path) -> None:
    (tmp_path / "text.png").write_bytes(b"no picture")
    printed = omma("landmarks", "add", NAME, files[1], str(tmp_path / "text.png"))
    assert "1 added, 0 known already, 1 refused" in printed.out and "text.png: not-a-picture" in printed.err


def test_an_unknown_landmark_cannot_be_removed(omma: Omma, files: list[str]) -> None:
    printed = omma("landmarks", "remove", "Nothing")
    assert printed.code == 1 and "there is no collection" in printed.err
