"""Reading: pages in any orientation, agreement of two engines, and low-confidence lines."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.vision.drawing import photo, picture, sign
from training.drawing import draw_page
from vision.extractors.text import reader_files, reader_fingerprint, reader_of
from vision.image_features import Box, Line, Text, Word
from vision.picture import Picture
from vision.reading import ppocr, tesseract, tokens
from vision.reading.page import Page
from vision.reading.ppocr import SCRIPTS
from vision.reading.tokens import Token, agreed, is_mostly, script, scripts_of
from vision.runtime import Session

ROOT = Path(__file__).parents[2]
WORDS = "FRESH MILK AND BUTTER\nOpen every morning\nBakery on Market Street\nDelivery within seven days"
ENGINES = ("tesseract", "rapidocr", "agreement")
CYRILLIC = "DejaVuSans.ttf"


def page(text: str = WORDS, size: int = 30) -> Picture:
    return picture(sign(text, size, 640, 260))


def turned(original: Picture, degrees: float) -> Picture:
    """Rotated counter-clockwise, and extended so that nothing is cut off."""
    image = Image.fromarray(original.pixels).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    return picture(image)


@pytest.fixture(scope="module")
def read(models_home: Settings) -> Callable[[str, Picture], Text]:
    """Text of a picture by an engine."""
    readers = {name: reader_of(models_home.model_copy(update={"ocr_engine": name, "ocr_languages": "eng"})) for name in ENGINES}
    return lambda name, shown: readers[name].read(shown)


Read = Callable[[str, Picture], Text]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 6, -8])
def test_a_page_is_read_in_any_orientation_and_boxes_lie_on_its_words(read: Read, engine: str, degrees: int) -> None:
    shown = turned(page(), degrees)
    text = read(engine, shown)
    assert set(" ".join(text.lines).split()) >= {"FRESH", "Bakery", "Delivery", "morning", "Market"}
    word = next(word for word in text.words if word.text == "Delivery")
    alone = turned(page("\n\n\nDelivery"), degrees)
    rows, columns = np.nonzero(alone.pixels.min(axis=2) < 128)
    height, width = alone.pixels.shape[:2]
    drawn = Box.of_corners(columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height)
    assert word.box.overlap(drawn) > 0.5


@pytest.mark.parametrize("engine", ENGINES)
def test_small_and_pale_text_is_read(read: Read, engine: str) -> None:
    small = picture(sign("Total 42.50 EUR\nThank you", 14, 220, 90))
    assert "42.50" in " ".join(read(engine, small).lines)
    pale = replace(page(), pixels=(np.asarray(255 - (255 - page().pixels.astype(int)) * 0.3)).astype(np.uint8))
    assert "Bakery" in " ".join(read(engine, pale).lines)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_picture_without_text_gives_none(read: Read, engine: str) -> None:
    for blank in (photo(320, 240, 9), Image.new("RGB", (64, 48), "white"), photo(9, 8, 1), photo(1600, 80, 2)):
        assert read(engine, picture(blank)).words == ()


def test_a_long_banner_is_read(read: Read) -> None:
    banner = picture(sign("Welcome to the summer market", 40, 1600, 80 + 40).crop((0, 20, 1600, 100)))
    assert " ".join(read("rapidocr", banner).lines) == "Welcome to the summer market"


def test_drawn_pages_are_read_better_by_the_default_than_by_tesseract(read: Read) -> None:
    def share(engine: str) -> float:
        cases = [draw_page(seed) for seed in (1, 2, 3)]
        truth = [set(" ".join(lines).lower().split()) for _, lines in cases]
        found = [set(" ".join(read(engine, shown).lines).lower().split()) for shown, _ in cases]
        return sum(len(a & b) for a, b in zip(truth, found, strict=True)) / sum(map(len, truth))

    assert share("rapidocr") >= max(0.8, share("tesseract") - 0.02)


def test_a_script_that_one_engine_lacks_is_read_by_the_other(models_home: Settings) -> None:
    spec = find_spec("matplotlib")
    assert spec is not None and spec.submodule_search_locations
    font = ImageFont.truetype(str(Path(spec.submodule_search_locations[0]) / "mpl-data/fonts/ttf" / CYRILLIC), 34)
    image = Image.new("RGB", (640, 200), "white")
    ImageDraw.Draw(image).multiline_text((30, 30), "Продажа билетов\nFresh coffee", fill="black", font=font, spacing=24)
    both = reader_of(models_home.model_copy(update={"ocr_engine": "rapidocr", "ocr_languages": "eng+rus"}))
    assert both.read(picture(image)).lines == ("Продажа билетов", "Fresh coffee")


def test_scripts_are_those_of_the_languages() -> None:
    assert scripts_of("eng+rus") == {"LATIN", "CYRILLIC"} and scripts_of("eng+deu") == {"LATIN"}
    assert scripts_of("jpn") == {"LATIN", "CJK", "HIRAGANA", "KATAKANA"}
    assert [script(c) for c in "aЖ7語"] == ["LATIN", "CYRILLIC", "", "CJK"]
    assert is_mostly("Хлеб 24", frozenset({"CYRILLIC"})) and not is_mostly("24", frozenset({"CYRILLIC"}))


def test_the_recogniser_has_characters_of_its_scripts(models_home: Settings) -> None:
    letters = Session(ppocr.path_of(ppocr.RECOGNISER), models_home).metadata["character"].splitlines()
    found = {script(c) for c in letters if len(c) == 1}
    assert found >= SCRIPTS and "CYRILLIC" not in found


def token(text: str, sure: float = 0.8, left: float = 0.0, right: float = 1.0) -> Token:
    return Token(text, sure, left, right)


def test_agreement_raises_confidence_and_splits_joined_words() -> None:
    first = [token("Fresh", 0.6, 0.0, 0.3), token("MarketStreet", 0.9, 0.4, 1.0)]
    second = [token("fresh", 0.5), token("Market", 0.9), token("Street", 0.9)]
    joined = agreed(first, second)
    assert [t.text for t in joined] == ["Fresh", "Market", "Street"]
    assert joined[0].confidence == pytest.approx(1 - 0.4 * 0.5)
    assert joined[1].right == joined[2].left == pytest.approx(0.7)
    assert agreed(first, []) == first
    assert [t.text for t in agreed([token("Straße7a")], [token("Strasse"), token("7a")])] == ["Straße", "7a"]
    assert agreed([token("F1esb", 0.4)], [token("Fresh", 0.9)]) == [token("Fresh", 0.9)]


def line(text: str, sure: float) -> Line:
    return Line(tuple(Word(word, sure, Box(0.1, 0.1, 0.2, 0.1)) for word in text.split()))


def test_low_confidence_lines_are_separate_and_the_least_confident_are_dropped() -> None:
    text = tokens.by_confidence([line("Fresh milk", 0.9), line("rnilk", 0.5), line("x", 0.9), line("~ wvw", 0.1)], 0.7)
    assert text.lines == ("Fresh milk",)
    assert [faint.text for faint in text.low_confidence] == ["rnilk", "x"]
    assert [word.text for word in text.words] == ["Fresh", "milk"]


def test_no_document_grows_without_limit() -> None:
    many = [line("seven words are in this one line", 0.9)] * 5000
    assert tokens.MAX_WORDS - 7 < len(tokens.by_confidence(many, 0.7).words) <= tokens.MAX_WORDS


def test_points_of_a_transformed_page_map_back_to_the_picture() -> None:
    original = Page.of(picture(photo(400, 300)))
    corner = original.box([(100, 60), (200, 120)])
    once = original.turned(1)
    assert once.box([(300 - 120, 100), (300 - 60, 200)]) == corner
    assert original.turned(4).box([(100, 60), (200, 120)]) == corner
    assert original.scaled(2).box([(200, 120), (400, 240)]) == corner
    middle = original.deskewed(10)
    x, y = middle.size[0] / 2, middle.size[1] / 2
    around = middle.box([(x - 5, y - 5), (x + 5, y + 5)])
    assert around.x + around.w / 2 == pytest.approx(0.5, abs=0.01) and around.y + around.h / 2 == pytest.approx(0.5, abs=0.01)


def test_missing_engines_and_languages_are_named_with_their_remedy(
    models_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="tesseract-ocr-xxx"):
        reader_of(models_home.model_copy(update={"ocr_engine": "tesseract", "ocr_languages": "eng+xxx"}))
    with monkeypatch.context() as without:
        without.setattr(ppocr, "find_spec", lambda name: None)
        with pytest.raises(ConfigurationError, match="install the package rapidocr"):
            reader_files(models_home)
    monkeypatch.setenv("TESSDATA_PREFIX", "/nowhere")
    with pytest.raises(ConfigurationError, match="install tesseract-ocr-eng tesseract-ocr-rus"):
        reader_files(models_home.model_copy(update={"ocr_languages": "eng+rus"}))
    latin = models_home.model_copy(update={"ocr_engine": "rapidocr", "ocr_languages": "eng+deu"})
    assert len(reader_files(latin)) == 2  # Tesseract is not needed


def test_a_page_that_takes_too_long_is_given_up_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tesseract.Engine("eng")
    with monkeypatch.context() as hasty:
        hasty.setattr(tesseract, "TIMEOUT", 0.001)
        with pytest.raises(RuntimeError, match="did not read this picture"):
            engine.page(Page.of(page("\n".join([WORDS] * 3), 12)), tesseract.PAGE)
    assert any("Bakery" in line.text for line in engine.page(Page.of(page()), tesseract.PAGE))


def test_what_was_read_before_does_not_change_what_is_read() -> None:
    shown = [page("Fresh milk"), page("7 Щи да каша"), page("Open every morning")]
    alone = [tesseract.Engine("eng+rus").page(Page.of(one), tesseract.BLOCK) for one in shown]
    engine = tesseract.Engine("eng+rus")
    in_turn = [engine.page(Page.of(one), tesseract.BLOCK) for one in (*reversed(shown), *shown)]
    assert in_turn[3:] == alone == in_turn[2::-1]


def test_several_threads_share_an_engine() -> None:
    engine, shown = tesseract.Engine("eng"), [page(), page("Fresh milk"), page("Bakery")]
    expected = [engine.page(Page.of(one), tesseract.BLOCK) for one in shown]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: engine.page(Page.of(one), tesseract.BLOCK), shown * 4))
    assert found == expected * 4


def test_engines_have_fingerprints_of_their_own(models_home: Settings) -> None:
    marks = {reader_fingerprint(models_home.model_copy(update={"ocr_engine": engine})) for engine in ENGINES}
    assert len(marks) == len(ENGINES)


def test_the_second_engine_is_imported_only_when_it_reads() -> None:
    code = "import sys, vision.registry; assert not any(name.startswith('rapidocr') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
