"""Names of files and folders are words to find pictures by."""

from pathlib import Path

import pytest

from engine.settings import Settings
from factors.text import Kind
from ingest.item import Item
from ingest.names import name_snippet
from ingest.sources import open_source
from tests.ingest.pictures import png, write_all


def names(folder: Path, settings: Settings) -> dict[str, list[tuple[str, str]]]:
    items = [one for one in open_source(str(folder), settings=settings).items() if isinstance(one, Item)]
    return {item.reference: [(text.kind.value, text.text) for text in item.snippets if not text.is_trash] for item in items}


def test_names_of_files_and_folders_are_words(tmp_path: Path, settings: Settings) -> None:
    files = [
        "2019/Zanzibar holiday/IMG_0001.jpg", "Concert with Ed Sheeran/DSC01234.jpg", "DCIM/100CANON/IMG_0002.jpg",
        "Photos from 2016/a?b lake.jpg", "猫/猫.jpg", "J. Smith 2.5/x1.jpg", "My Pictures/WeddingParty/p.jpg",
    ]  # fmt: skip
    write_all(tmp_path / "in", dict.fromkeys(files, png(1)))
    assert names(tmp_path / "in", settings) == {
        "2019/Zanzibar holiday/IMG_0001.jpg": [("file-name", "IMG_0001"), ("folder-name", "Zanzibar holiday")],
        "Concert with Ed Sheeran/DSC01234.jpg": [("file-name", "DSC01234"), ("folder-name", "Concert with Ed Sheeran")],
        "DCIM/100CANON/IMG_0002.jpg": [("file-name", "IMG_0002")],
        "Photos from 2016/a?b lake.jpg": [("file-name", "a?b lake")],
        "猫/猫.jpg": [("file-name", "猫"), ("folder-name", "猫")],
        "J. Smith 2.5/x1.jpg": [("folder-name", "J. Smith 2 5")],
        "My Pictures/WeddingParty/p.jpg": [("folder-name", "Wedding Party")],
    }


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("EiffelTower2019.jpg", ["Eiffel Tower 2019", "EiffelTower2019"]),  # both ways of typing it
        ("MacBook on_desk.jpg", ["Mac Book on desk", "MacBook"]),
        ("red-fox.jpg", ["red fox"]),
        ("shop/items/12345.webp?width=300", ["12345"]),
        ("photo.jpg", []),
        ("9f86d081884c7d65.png", []),
    ],
)
def test_a_name_is_found_by_its_words_and_as_it_is_typed(name: str, texts: list[str]) -> None:
    snippets = name_snippet(name)
    assert [snippet.text for snippet in snippets] == texts
    assert all(snippet.kind is Kind.FILE_NAME and not snippet.is_trash and snippet.weight < 1 for snippet in snippets)
