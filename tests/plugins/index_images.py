"""Draw a small collection, index it, and ask a question; the answer goes to `before.json`.

Usage: index_images.py FOLDER
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from engine.connections import Context
from engine.settings import get_settings
from ingest.item import Item
from ingest.sources import open_source
from query.request import SearchRequest
from query.search import Searcher
from ranking.learning.models import Models
from workers.runtime import make_runtime

SIZE = (240, 180)
KINDS = ("balls", "clocks")  # to the embeddings they have nothing in common
EACH = 18


def balls(seed: int) -> Image.Image:
    """Six balls of random colours somewhere on white."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = int(rng.integers(0, SIZE[0] - 60)), int(rng.integers(0, SIZE[1] - 60))
        pen.ellipse((x, y, x + 55, y + 55), fill=tuple(int(c) for c in rng.integers(0, 255, 3)))
    return image


def clocks(seed: int) -> Image.Image:
    """A round face with twelve hours and two hands."""
    image = Image.new("RGB", SIZE, (230, 220, 200))
    pen = ImageDraw.Draw(image)
    pen.ellipse((50, 20, 190, 160), fill="white", outline="black", width=5)
    for hour in range(12):
        angle = math.radians(hour * 30 - 90)
        place = (120 + 55 * math.cos(angle), 90 + 55 * math.sin(angle))
        pen.text(place, str(hour or 12), fill="black", anchor="mm", font_size=15)
    for angle, length in ((math.radians(seed * 20 - 90), 35), (math.radians(seed * 77), 45)):
        pen.line((120, 90, 120 + length * math.cos(angle), 90 + length * math.sin(angle)), fill="black", width=4)
    return image


def draw(folder: Path) -> None:
    """The collection in `images/`, a folder per kind, and a poor copy of one of them."""
    for kind, drawn in zip(KINDS, (balls, clocks), strict=True):
        (folder / "images" / kind).mkdir(parents=True)
        for number in range(EACH):
            drawn(number).save(folder / "images" / kind / f"{kind}-{number}.png")
    balls(3).resize((200, 150)).save(folder / "asked.jpg", quality=60)


def main(folder: Path) -> None:
    """Draw, index, ask."""
    draw(folder)
    source = open_source(str(folder / "images"), settings=get_settings())
    items = [item for item in source.items() if isinstance(item, Item)]
    progress = make_runtime(get_settings()).process_now(items, source.spec, source.collection)
    answer = Searcher(Context(get_settings())).search(SearchRequest(image=(folder / "asked.jpg").read_bytes(), number=10))
    found = {
        "indexed": progress.indexed, "ranker": answer.ranker, "removed": answer.cutoff.removed, "warnings": answer.warnings,
        "first": answer.results[0].id, "packaged": Models(get_settings()).packaged(),
    }  # fmt: skip
    (folder / "before.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
