"""Pairs of the data sets, on which the packaged thresholds are calibrated.

The data sets show different kinds of things, so that documents of two of them are certainly unrelated; no weights were fitted
on any of the images.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from engine.settings import Settings
from evaluation import datasets
from evaluation.calibration import PairQuestion, calibrate, measure
from evaluation.collection import Collection
from evaluation.datasets import Known
from query.request import SearchRequest
from ranking.calibrations import Calibration
from training import transforms
from training.drawing import draw_sign
from vision.picture import decode

SIGNS, CANDIDATES = 40, 2000  # drawn signs; candidates per question
DATA = "grocery, clothing, flickr8k, drawn signs"


def of_sets(data: Path, settings: Settings, tell: Callable[[str], None]) -> Calibration:
    """Index the data sets, measure, remove them; ConfigurationError if they are missing."""
    datasets.need(data, datasets.GROCERY, datasets.CLOTHING, datasets.FLICKR)
    collection = Collection("calibration", settings)
    try:
        tell("indexing")
        questions = list(_questions(collection, data))
        tell(f"{len(questions)} questions")
        measured = measure(collection.searcher(candidates=CANDIDATES), questions, tell)
        return calibrate(measured, collection.fingerprints(), collection.count(), DATA)
    finally:
        collection.remove()


def _questions(collection: Collection, data: Path) -> Iterator[PairQuestion]:
    """Index everything, then ask."""
    catalogue, shop = datasets.grocery_catalogue(data), datasets.unseen(datasets.grocery_photos(data, "train"))
    garments = datasets.clothing(data, "validation", 240)
    everyday = datasets.thinned(datasets.unseen(datasets.everyday(data)), 300)
    collection.add([*catalogue, *shop, *garments])
    collection.add(everyday, texts=1)
    signs = list(_signs(collection, data))
    ids = collection.ids
    groceries, clothes, photos = (
        frozenset(ids[known.path] for known in group) for group in ([*catalogue, *shop], garments, everyday)
    )
    yield from _of_products(datasets.grocery_photos(data, "val", 120), [*catalogue, *shop], ids, photos | clothes)
    yield from _of_garments(garments, ids, photos | groceries)
    every = frozenset(ids.values())
    for place, photo in enumerate(everyday[::2]):
        own = frozenset({ids[photo.path]})
        yield from _of_photo(photo, place, own, every - own, photos - own)
    yield from signs


def _of_products(
    asking: Iterable[Known], indexed: Sequence[Known], ids: Mapping[Path, str], unrelated: frozenset[str]
) -> Iterator[PairQuestion]:
    """Photos taken in shops ask for their product."""
    for photo in asking:
        same = frozenset(ids[known.path] for known in indexed if known.fine == photo.fine)
        yield PairQuestion("same product", SearchRequest(image=photo.path.read_bytes()), same, unrelated)


def _of_garments(garments: Sequence[Known], ids: Mapping[Path, str], unrelated: frozenset[str]) -> Iterator[PairQuestion]:
    """Every third indexed garment asks for the others of its class."""
    for garment in garments[::3]:
        same = frozenset(ids[known.path] for known in garments if known.fine == garment.fine and known is not garment)
        yield PairQuestion("same kind", SearchRequest(like=ids[garment.path]), same, unrelated)


def _of_photo(
    photo: Known, place: int, own: frozenset[str], others: frozenset[str], photos: frozenset[str]
) -> Iterator[PairQuestion]:
    """Two copies of the image ask for it, and the caption that is not indexed."""
    kinds = list(transforms.TRANSFORMS)
    kind = kinds[place % len(kinds)]
    data = photo.path.read_bytes()
    yield PairQuestion("copy: saved", SearchRequest(image=saved_copy(data)), own, others, same_thing=True)
    copied = transforms.copy(data, kind, place)
    yield PairQuestion(f"copy: {kind}", SearchRequest(image=copied), own, others, same_thing=True)
    yield PairQuestion("caption", SearchRequest(text=" ".join(datasets.words_of(photo.texts[1]))), own, photos)


def _signs(collection: Collection, data: Path) -> Iterator[PairQuestion]:
    """The same words on two photos: the first is indexed, the second and the words themselves ask for it."""
    backgrounds = datasets.backgrounds(data, 2 * SIGNS)
    folder = collection.folder / "signs"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for seed, (one, other) in enumerate(zip(backgrounds[::2], backgrounds[1::2], strict=True)):
        path = folder / f"{seed}.png"
        path.write_bytes(_sign(one, seed, collection.settings)[0])
        drawn.append((Known(path, "signs"), *_sign(other, seed, collection.settings)))
    collection.add([known for known, _, _ in drawn])
    every = frozenset(collection.ids.values())
    for known, picture, lines in drawn:
        own = frozenset({collection.ids[known.path]})
        yield PairQuestion("same words in the image", SearchRequest(image=picture), own, every - own)
        yield PairQuestion("words in the image", SearchRequest(text=" ".join(lines)), own, every - own)


def _sign(background: Known, seed: int, settings: Settings) -> tuple[bytes, list[str]]:
    picture, lines = draw_sign(decode(background.path.read_bytes(), settings), seed)
    out = io.BytesIO()
    Image.fromarray(picture.pixels).save(out, "PNG")
    return out.getvalue(), lines


def saved_copy(data: bytes) -> bytes:
    """The image without 2 % at each edge, at two thirds of its size, as a poor JPEG."""
    pixels = transforms.opened(data)
    image = Image.fromarray(transforms.over(pixels, np.full_like(pixels[..., :3], transforms.OPAQUE)))
    w, h = image.size
    cut = image.crop((w // 50, h // 50, w - w // 50, h - h // 50)).resize((max(1, 2 * w // 3), max(1, 2 * h // 3)))
    out = io.BytesIO()
    cut.save(out, "JPEG", quality=40)
    return out.getvalue()
