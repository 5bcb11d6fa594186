"""Quality is measured on the real engine with the real models, and leaves nothing behind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.connections import connect
from engine.settings import Settings
from engine.store import Store
from evaluation import asking, candidate_log, compare, datasets, indexing, report, session

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
        folder = tmp_path / "data" / datasets.CLOTHING / "validation" / kind
        folder.mkdir(parents=True)
        for number in range(4):
            garment(kind, number).save(folder / f"{number}.png")
    return tmp_path / "data"


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
def test_garments_find_garments_of_their_class(
    data: Path, live_settings: Settings, models_home: Settings, tmp_path: Path
) -> None:
    changes = {"home": models_home.home, "threads": 1, "ocr_languages": "eng", "rank_models": str(tmp_path / "ranking")}
    settings = live_settings.model_copy(update=changes)
    messages: list[str] = []
    corpus, collection = indexing.build(data, settings, messages.append, demo=False)
    asked = list(asking.of_sets(corpus, collection.searcher(), messages.append, ("same kind",)))
    comparison = compare.run(asked, compare.configurations(asked, {}))
    rows = {row.configuration: row for row in comparison.rows if row.set == "same kind"}
    assert rows["rank fusion"].questions == 8 and collection.count() == 8
    for name in ("rank fusion", "similar alone"):
        assert rows[name].means["Success@1"] > 0.8 and rows[name].recall == 1.0
    thumbnail, abouts = Store(corpus.settings).thumbnail, session.abouts(settings)
    page = report.page(comparison, asked, "colours alone", thumbnail, facts={"measured": "now"}, abouts=abouts)
    assert "same kind" in page and "colours alone" in page and "<script" not in page
    kept = tmp_path / "candidates.jsonl.gz"
    assert candidate_log.write(kept, asked) == 8 and candidate_log.read(kept) == asked, "reading is the inverse of writing"
    collection.remove()
    assert not connect(settings).indices.get(index=f"{settings.index_prefix}-*")


def test_receipts_keep_commas_of_their_lines(tmp_path: Path) -> None:
    box, img = tmp_path / datasets.RECEIPTS / "box", tmp_path / datasets.RECEIPTS / "img"
    box.mkdir(parents=True)
    img.mkdir()
    (img / "1.jpg").write_bytes(b"")
    (box / "1.csv").write_text("1,2,3,4,5,6,7,8,NO. 5, JALAN BUNGA\n1,2,3,4,5,6,7,8,TOTAL\n")
    assert datasets.receipts(tmp_path)[0].texts == ("NO. 5, JALAN BUNGA", "TOTAL")
