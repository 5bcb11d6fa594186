"""Sources of plugins: the order in which they are asked, which ones the page may open, and failures."""

from pathlib import Path

import pytest

from engine.errors import BadSource
from engine.settings import Settings
from ingest.sources import open_source
from ingest.sources.folder import FolderSource
from ingest.sources.registry import accepted, broken_sources, sources
from web.views.ingest import address_of

TEMPLATE = """
from omma_plugin import Item, Source


class Album(Source):
    name = "{name}"
    accepts = "{accepts}"
    prefix = "{prefix}"
    reads_path = {reads_path}
    from_page = {from_page}
    {more}

    def items(self, only=None):
        yield Item(self.spec, "1", self.collection, original=self.store.put_original(b"1"))
        {then}
"""
BY_FOLDER = """
    @classmethod
    def opens(cls, address, path):
        return path is not None and (path / "album.ini").exists()
"""


def text(**parts: str) -> str:
    usual = {
        "name": "album", "accepts": "an album (`album:NAME`)", "prefix": "album:", "reads_path": "False", "from_page": "False",
        "more": "", "then": "",
    }  # fmt: skip
    return TEMPLATE.format(**usual | parts)


@pytest.fixture()
def here(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a folder of plugins."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    return settings.model_copy(update={"plugin_path": (folder,), "ingest_roots": (tmp_path / "open",)})


def write(here: Settings, body: str, name: str = "album.py") -> None:
    (here.plugin_path[0] / name).write_text(body)


def test_an_address_with_its_prefix_is_opened_and_again_by_its_origin(here: Settings) -> None:
    write(here, text())
    source = open_source("album:summer", settings=here)
    assert (source.spec, source.collection) == ("album:summer", "album")
    assert [item.reference for item in source.items()] == ["1"]
    assert open_source(**source.origin(), settings=here).origin() == source.origin()
    assert "an album (`album:NAME`)" in accepted(here)
    with pytest.raises(BadSource, match=r"a source is .*an album \(`album:NAME`\)"):
        open_source("/nowhere", settings=here)


def test_it_is_asked_for_a_folder_before_the_folder_source(here: Settings, tmp_path: Path) -> None:
    write(here, text(prefix="", reads_path="True", more=BY_FOLDER))
    for name in ("plain", "marked"):
        (tmp_path / name).mkdir()
    (tmp_path / "marked" / "album.ini").touch()
    assert isinstance(open_source(str(tmp_path / "plain"), settings=here), FolderSource)
    assert open_source(str(tmp_path / "marked"), settings=here).name == "album"


def test_a_source_that_fails_while_it_is_read_is_named_after_what_it_gave(here: Settings) -> None:
    write(here, text(then="raise KeyError('page 2')"))
    items = open_source("album:summer", settings=here).items()
    assert next(iter(items)).reference == "1"
    with pytest.raises(BadSource, match="source album failed: KeyError: 'page 2'"):
        next(iter(items))


def test_a_source_that_fails_when_it_is_asked_does_not_open_and_stops_no_other(here: Settings, tmp_path: Path) -> None:
    write(here, text(more="opens = classmethod(lambda cls, address, path: 1 / 0)"))
    assert isinstance(open_source(str(tmp_path), settings=here), FolderSource)


BROKEN = {
    "import": ("import nothing_of_that_name", "ModuleNotFoundError"),
    "name": (text(name="folder"), "a source 'folder' exists already"),
    "prefix": (text(prefix="site:"), "the prefix 'site:' of source 'album' belongs to another source"),
    "silent": (text(accepts=""), "source 'album' does not declare what it accepts"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_one_that_cannot_take_part_is_left_out_and_named(here: Settings, what: str) -> None:
    body, why = BROKEN[what]
    write(here, body)
    assert [kind.name for kind in sources(here)] == ["demo", "feed", "site", "crawl", "folder"]
    (broken,) = broken_sources(here)
    assert broken.origin.endswith("album.py") and why in broken.reason


def test_the_page_opens_one_without_a_path_only_if_it_says_so(here: Settings) -> None:
    write(here, text())
    write(here, text(name="public", prefix="public:", from_page="True"), "public.py")
    assert address_of("public:any", here) == "public:any"
    with pytest.raises(BadSource, match="may not be ingested from the page"):
        address_of("album:any", here)


def test_the_page_opens_one_with_a_path_under_the_roots_alone(here: Settings, tmp_path: Path) -> None:
    write(here, text(reads_path="True", from_page="True"))
    (tmp_path / "open" / "a").mkdir(parents=True)
    (tmp_path / "closed").mkdir()
    assert address_of(f"album:{tmp_path}/open/a", here) == f"album:{tmp_path}/open/a"
    with pytest.raises(BadSource, match="may not be ingested from the page"):
        address_of(f"album:{tmp_path}/closed", here)
