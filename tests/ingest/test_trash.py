"""The trash filter: every snippet has a weight, and below 1 a reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.settings import Settings
from evaluation.labelled import build, names
from evaluation.trash import read_site
from factors.linked_text import LinkedText
from factors.text import TRASH, Kind, TextSnippet
from ingest.documents import merged
from ingest.fields import title_of
from ingest.item import Item
from ingest.sources import open_source
from ingest.trash import PageContext, filtered, filtered_alone
from ingest.trash.repeats import Repeats
from ingest.web.addresses import largest
from ingest.web.extracted import ExtractedText
from ingest.web.page import read_page
from tests.factors.scenes import FACTORS
from tests.ingest.pictures import png, write_all

CALLS = (
    "Click here",
    "» Read more…",
    "image",
    "Photo 3 of 12",
    "Bild 4",
    "Weiterlesen",
    "Читать далее",
    "En savoir plus",
    "Ver más",
)
NAMES = (
    "A red fox in the snow",
    "Oslo",
    "猫",
    "Лиса",
    "The photo album of my aunt",
    "Menu card of 1920",
    "Zoom lens on a tripod",
)


def one(extracted: ExtractedText, around: PageContext | None = None) -> TextSnippet:
    return filtered([extracted], around or PageContext())[0]


@pytest.mark.parametrize("text", CALLS)
def test_calls_to_action_are_kept_apart_in_every_language(text: str) -> None:
    snippet = one(ExtractedText(Kind.ALT, text))
    assert snippet.is_trash and "call to action" in snippet.reason and snippet.text == text


@pytest.mark.parametrize("text", NAMES)
def test_what_names_a_picture_counts_in_full(text: str) -> None:
    assert one(ExtractedText(Kind.ALT, text)).weight == 1 and not one(ExtractedText(Kind.ALT, text)).reason


@pytest.mark.parametrize(
    ("extracted", "around", "reason"),
    [
        (ExtractedText(Kind.ALT, "IMG_20240302_112233"), PageContext(), "made by a machine"),
        (ExtractedText(Kind.ALT, "DSC00871.JPG"), PageContext(), "made by a machine"),
        (ExtractedText(Kind.NEARBY, "€ 12.90"), PageContext(), "no words"),
        (ExtractedText(Kind.NEARBY, "Home Shop About us", part="navigation", linked=1.0), PageContext(), "navigation"),
        (ExtractedText(Kind.NEARBY, "This site uses cookies"), PageContext(), "cookies"),
        (ExtractedText(Kind.CAPTION, "Photo: Jane Roe"), PageContext(), "who made it"),
        (ExtractedText(Kind.NEARBY, "Norway Sweden Finland", linked=1.0, links=3, own=True), PageContext(), "links"),
        (ExtractedText(Kind.ALT, ", ".join(f"cheap mug {n}" for n in range(12))), PageContext(), "search terms"),
        (ExtractedText(Kind.PAGE_TITLE, "A week in Norway", general=True, sharing=9), PageContext(part="sidebar"), "sidebar"),
    ],
)  # fmt: skip
def test_what_is_not_about_the_picture_is_kept_apart_for_its_reason(
    extracted: ExtractedText, around: PageContext, reason: str
) -> None:
    snippet = one(extracted, around)
    assert snippet.is_trash and reason in snippet.reason


def test_what_is_doubtful_counts_less_and_is_not_dropped() -> None:
    german = "Ein roter Fuchs schläft friedlich im tiefen Schnee am Waldrand"
    snippets = filtered([ExtractedText(Kind.ALT, german), ExtractedText(Kind.NEARBY, german)], PageContext(language="en"))
    assert [snippet.language for snippet in snippets] == ["de", "de"] and all(
        TRASH <= snippet.weight < 1 for snippet in snippets
    )
    assert snippets[0].reason == "in de, on a page in en"
    shared = one(ExtractedText(Kind.CAPTION, "Foxes at the old barn", sharing=4))
    assert TRASH <= shared.weight < 1 and shared.reason == "said of 4 pictures of the page"


def test_weights_multiply_and_the_strongest_reason_stays() -> None:
    snippet = one(ExtractedText(Kind.NEARBY, "Read more", part="footer", linked=1.0))
    assert snippet.weight == pytest.approx(0.05 * 0.1 * 0.2) and "call to action" in snippet.reason
    doubted = TextSnippet(Kind.ALT, "A dog", weight=0.6, reason="in de, on a page in en").lowered(
        0.2, "the picture shows something else"
    )
    assert doubted.weight == pytest.approx(0.12) and doubted.reason == "the picture shows something else"
    assert doubted.lowered(0.9, "a little doubt").reason == "the picture shows something else"


def test_a_name_that_goes_with_its_picture_is_no_phrase_of_the_site() -> None:
    repeats, mug, slogan = (
        Repeats(),
        ExtractedText(Kind.ALT, "Blue mug"),
        ExtractedText(Kind.NEARBY, "Free delivery on Mondays"),
    )
    for page in range(10):
        repeats.add("", [(mug, "mug.jpg"), (slogan, f"{page}.jpg"), (slogan, "mug.jpg")])
    around = PageContext(repeats=repeats, picture="mug.jpg", pictures=2)
    assert one(mug, around).weight == 1
    assert one(slogan, replace(around, picture="3.jpg")).reason == "said on 10 of 10 pages of this site"


def test_counting_forgets_what_is_rare_and_keeps_what_is_frequent() -> None:
    repeats, slogan = Repeats(most=100), ExtractedText(Kind.NEARBY, "Free delivery on Mondays")
    for page in range(500):
        repeats.add("", [(slogan, f"{page}.jpg"), (ExtractedText(Kind.ALT, f"Picture number {page}"), f"{page}.jpg")])
    pages, _ = repeats.of_text("", slogan, "x")
    assert len(repeats._counts) <= 100 and pages == 500


def test_files_and_feeds_pass_through_what_needs_no_page(tmp_path: Path, settings: Settings) -> None:
    weights = {
        snippet.text: snippet.is_trash
        for snippet in filtered_alone([TextSnippet(Kind.TITLE, "DSC_0042"), TextSnippet(Kind.TITLE, "Blue mug")])
    }
    assert weights == {"DSC_0042": True, "Blue mug": False}
    write_all(tmp_path, {"p/a.png": png(1), "p/a.txt": b"Photo", "p/f.csv": b"image,title\na.png,IMG_0001\n"})
    for place in ("p", "p/f.csv"):
        (item,) = [x for x in open_source(str(tmp_path / place), settings=settings).items() if isinstance(x, Item)]
        assert all(snippet.is_trash and snippet.reason for snippet in item.snippets if snippet.kind is not Kind.FILE_NAME)


def test_trash_is_not_searched_and_names_nothing() -> None:
    snippets = [
        TextSnippet(Kind.TITLE, "Click here", weight=0.05, reason="a call"),
        TextSnippet(Kind.ALT, "A fox", "en", weight=0.5, reason="x"),
    ]
    fields = LinkedText().snippet_fields_of(snippets, {})["linked"]
    assert fields == {"all": ["A fox"], "english": ["A fox"]}, "what counts less is found, and is not strong"
    assert title_of([snippet.as_json() for snippet in snippets]) == "A fox"


def test_a_text_counts_as_it_does_where_it_counts_most() -> None:
    weak = Item(
        "s", "1", "c", snippets=(TextSnippet(Kind.ALT, "A fox", "en", weight=0.1, reason="said on 9 of 10 pages of this site"),)
    )
    document = merged(
        {}, [weak, replace(weak, reference="2", snippets=(TextSnippet(Kind.ALT, "A fox", "en"),))], "job", FACTORS.active
    )
    assert document is not None and [(text["weight"], text["reason"]) for text in document["texts"]] == [(1.0, "")]


def test_hostile_attributes_take_no_longer_than_others() -> None:
    """With a pattern that goes back and forth, each of these takes longer than a test may."""
    for text in (", ," * 100_000, "a " * 100_000, "a, " * 100_000):
        assert len(largest(text)) <= 4096
    page = read_page(
        b"<p>" + b". " * 200_000 + b"<img src=a.jpg alt='" + b"cookies " * 100_000 + b"'>" + b"!? " * 200_000, "http://x/"
    )
    filtered(page.pictures[0].texts, PageContext())
    assert page.pictures[0].texts[0].text.startswith("cookies")


@pytest.mark.parametrize("name", names())
def test_labelled_sites_are_read_whole_and_every_text_has_a_label(name: str, tmp_path: Path, settings: Settings) -> None:
    found = read_site(name, tmp_path, 1, settings)
    assert len(found.judged) > 50 and not found.unknown
    trash = [snippet for snippet in found.judged if snippet.why]
    kept = [snippet for snippet in found.judged if not snippet.why]
    assert sum(snippet.is_trash for snippet in trash) > 0.7 * len(trash), "most trash is kept apart"
    assert sum(not snippet.is_trash for snippet in kept) > 0.7 * len(kept), "most of the rest is not"
    assert all(snippet.reason for snippet in found.judged if snippet.weight < 1)


def test_half_of_the_sites_are_held_out(tmp_path: Path) -> None:
    tuned = [build(name, tmp_path, 1).tuned for name in names()]
    assert tuned.count(False) >= tuned.count(True)
