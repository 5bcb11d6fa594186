"""Where the irrelevant tail begins, measured: values of relevant and of unrelated pairs, column by column.

Pairs come from data sets whose kinds of things have nothing to do with one another, so that what is unrelated is certain; no
weights were fitted on any of the pictures.
The threshold of a column is the value at which the share of relevant pairs that reach it exceeds the share of unrelated
ones by the most (Youden's J), where at most a small share of unrelated pairs may reach it.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.settings import Settings
from evaluation import sets
from evaluation.collection import Collection
from evaluation.sets import Known
from factors.registry import by_name
from query.request import SearchRequest
from query.search import Searcher
from ranking.cutoff import Threshold, Thresholds
from training.drawing import draw_sign
from vision.picture import decode

Values = NDArray[np.float64]
MOST_PASSED = 0.02  # of the unrelated pairs of a similarity
WORDS_PASSED = 0.05  # of the unrelated pairs of a column of words: some are related after all
LEAST_KEPT = 0.1  # of the relevant pairs; a column that keeps fewer tells nothing
SIGNS = 40
RULE = (
    "a result has evidence in at least one column: the value at which most more relevant than unrelated pairs pass, with at "
    f"most {MOST_PASSED:.0%} of unrelated pairs by similarity, {WORDS_PASSED:.0%} by words"
)


@dataclass
class Pairs:
    """What was measured of one column; a pair that the column says nothing of is 0."""

    relevant: list[float] = field(default_factory=list)
    unrelated: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the documents that answer it, and those that certainly do not."""

    request: SearchRequest
    relevant: frozenset[str]
    unrelated: frozenset[str]
    columns: tuple[str, ...]


SIMILARITIES = ("similar", "objects", "labels", "colours", "semantic")
COPIES = ("near_duplicate",)
MEANINGS = ("semantic.words", "linked_semantic.words")
TOLD = ("linked_semantic",)
# Names of objects and colours are left out: whoever has what a word names is related by that word.
TEXTS = ("linked_text", "labels.words", "coverage")
READ = ("ocr", "ocr.picture")


def calibrate(data: Path, settings: Settings, tell: Callable[[str], None]) -> Thresholds:
    """Measure every column on the data sets; ConfigurationError where they are missing."""
    sets.need(data, sets.GROCERY, sets.CLOTHING, sets.FLICKR)
    collection = Collection("calibration", settings)
    tell("indexing")
    questions = list(_questions(collection, data))
    tell(f"{len(questions)} questions")
    searcher = collection.searcher(candidates=2000)
    pairs: dict[str, Pairs] = {}
    for asked in questions:
        _measure(searcher, asked, pairs)
    fingerprints = collection.fingerprints()
    columns = {name: _threshold(name, found, fingerprints) for name, found in sorted(pairs.items())}
    collection.remove()
    return Thresholds(profile=settings.profile, rule=RULE, data="grocery, clothing, flickr8k, drawn signs", columns=columns)


def _questions(collection: Collection, data: Path) -> Iterator[Asked]:
    """Index everything, then ask."""
    catalogue, shop = sets.grocery_catalogue(data), sets.unseen(sets.grocery_photos(data, "train"))
    garments = sets.clothing(data, "validation", 240)
    everyday = sets.thinned(sets.unseen(sets.everyday(data)), 300)
    collection.add([*catalogue, *shop, *garments])
    collection.add(everyday, texts=1)
    ids = collection.ids
    signs = list(_signs(collection, data))
    groceries, clothes = ([ids[k.path] for k in known] for known in ([*catalogue, *shop], garments))
    photos = frozenset(ids[k.path] for k in everyday)
    for photo in sets.grocery_photos(data, "val", 120):
        same = frozenset(ids[k.path] for k in (*catalogue, *shop) if k.fine == photo.fine)
        yield Asked(SearchRequest(image=photo.path.read_bytes()), same, photos | set(clothes), SIMILARITIES)
    for garment in garments[::3]:
        same = frozenset(ids[k.path] for k in garments if k.fine == garment.fine and k is not garment)
        yield Asked(SearchRequest(like=ids[garment.path]), same, photos | set(groceries), SIMILARITIES)
    for photo in everyday[::4]:
        own, text = frozenset({ids[photo.path]}), " ".join(sets.words_of(photo.texts[1]))
        yield Asked(SearchRequest(image=copy_of(photo)), own, frozenset(ids.values()) - own, COPIES)
        yield Asked(SearchRequest(image=photo.path.read_bytes()), own, photos - own, TOLD)
        yield Asked(SearchRequest(text=text), own, photos - own, (*TEXTS, *MEANINGS))
    yield from signs


def _signs(collection: Collection, data: Path) -> Iterator[Asked]:
    """The same words on two photos: one is indexed, the other asks; so do the words themselves."""
    backgrounds = sets.backgrounds(data, 2 * SIGNS)
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
        yield Asked(SearchRequest(image=picture), own, every - own, READ[1:])
        yield Asked(SearchRequest(text=" ".join(lines)), own, every - own, READ[:1])


def _sign(background: Known, seed: int, settings: Settings) -> tuple[bytes, list[str]]:
    picture, lines = draw_sign(decode(background.path.read_bytes(), settings), seed)
    return _png(Image.fromarray(picture.pixels)), lines


def copy_of(known: Known) -> bytes:
    """The picture cut by 2 % at each side, at two thirds of its size, as a poor JPEG."""
    image = Image.open(known.path).convert("RGB")
    w, h = image.size
    cut = image.crop((w // 50, h // 50, w - w // 50, h - h // 50)).resize((2 * w // 3, 2 * h // 3))
    out = io.BytesIO()
    cut.save(out, "JPEG", quality=40)
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _measure(searcher: Searcher, asked: Asked, pairs: dict[str, Pairs]) -> None:
    """Add the pairs of one question; columns of words as shares of their best value."""
    table = searcher.table(asked.request, sorted(asked.relevant | asked.unrelated))
    for column in asked.columns:
        values = {document: row[column] for document, row in table.items() if column in row}
        best = max(values.values(), default=0.0) if of_best(column) else 1.0
        if not values or best <= 0:
            continue
        found = pairs.setdefault(column, Pairs())
        found.relevant += [values.get(document, 0.0) / best for document in asked.relevant]
        found.unrelated += [values.get(document, 0.0) / best for document in asked.unrelated]


def of_best(column: str) -> bool:
    """Whether the column's scale depends on the question (BM25)."""
    return column in (*TEXTS, *READ)


def _threshold(column: str, pairs: Pairs, fingerprints: Mapping[str, str]) -> Threshold:
    relevant, unrelated = np.array(pairs.relevant), np.array(pairs.unrelated)
    value, kept, passed = choose(relevant, unrelated, WORDS_PASSED if of_best(column) else MOST_PASSED)
    rule = "never" if kept < LEAST_KEPT else "of-best" if of_best(column) else "at-least"
    return Threshold.model_validate(
        {"rule": rule, "value": value, "pairs": len(relevant), "unrelated": len(unrelated), "kept": kept, "passed": passed}
        | {"weights": {extractor: fingerprints[extractor] for extractor in by_name(column).reads}}
    )


def choose(relevant: Values, unrelated: Values, most_passed: float) -> tuple[float, float, float]:
    """The value that separates best, and the shares of relevant and of unrelated pairs that reach it."""
    candidates = np.unique(np.round(relevant[relevant > 0], 4))
    kept = np.array([(relevant >= value).mean() for value in candidates])
    passed = np.array([(unrelated >= value).mean() for value in candidates])
    allowed: Sequence[int] = np.flatnonzero(passed <= most_passed).tolist()
    if not allowed:
        return 0.0, 0.0, 1.0
    best = max(allowed, key=lambda n: float(kept[n] - passed[n]))
    return float(candidates[best]), round(float(kept[best]), 4), round(float(passed[best]), 4)
