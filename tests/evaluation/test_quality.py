"""Quality is measured on the real engine with the real models, and leaves nothing behind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.client import connect
from engine.settings import Settings
from evaluation import quality, sets

KINDS = {"balls": "#c02020", "stripes": "#2060c0"}


def garment(kind: str, number: int) -> Image.Image:
    image = Image.new("RGB", (240, 200), "white")
    draw, shift = ImageDraw.Draw(image), 6 * number
    if kind == "balls":
        draw.ellipse((40 + shift, 40, 160 + shift, 160), fill=KINDS[kind])
    else:
        for x in range(0, 240, 30):
            draw.rectangle((x + shift % 30, 0, x + 12 + shift % 30, 200), fill=KINDS[kind])
    noise = np.random.default_rng(number).integers(0, 12, (200, 240, 3), dtype=np.uint8)
    return Image.fromarray(np.asarray(image) - noise.clip(0, 12) // 2)


@pytest.fixture()
def data(tmp_path: Path) -> Path:
    """A set of two kinds of garments."""
    for kind in KINDS:
        folder = tmp_path / "data" / sets.CLOTHING / "train" / kind
        folder.mkdir(parents=True)
        for number in range(4):
            garment(kind, number).save(folder / f"{number}.png")
    return tmp_path / "data"


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
def test_garments_find_garments_of_their_class(data: Path, live_settings: Settings, models_home: Settings) -> None:
    settings = live_settings.model_copy(update={"home": models_home.home, "threads": 1, "ocr_languages": "eng"})
    (clothing,) = [found for found in quality.QUESTION_SETS if found.name == "clothing"]
    rows = quality.evaluate(clothing, data, settings, lambda line: None)
    assert [row["configuration"] for row in rows] == ["all factors", "similar alone"]
    for row in rows:
        assert (row["questions"], row["documents"]) == (8, 8)
        assert row["measures"]["P@1"] > 0.8
        assert row["measures"]["P@10"] == pytest.approx(0.3, abs=0.01), "three of ten places can be right"
    assert not connect(settings).indices.get(index=f"{settings.index_prefix}-*")


def test_receipts_keep_commas_of_their_lines(tmp_path: Path) -> None:
    box, img = tmp_path / sets.RECEIPTS / "box", tmp_path / sets.RECEIPTS / "img"
    box.mkdir(parents=True)
    img.mkdir()
    (img / "1.jpg").write_bytes(b"")
    (box / "1.csv").write_text("1,2,3,4,5,6,7,8,NO. 5, JALAN BUNGA\n1,2,3,4,5,6,7,8,TOTAL\n")
    assert sets.receipts(tmp_path)[0].texts == ("NO. 5, JALAN BUNGA", "TOTAL")
