"""Index the mixed collection (evaluation/corpus.py): choose pictures of each data set, draw signs, index everything."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import datasets
from evaluation.collection import Collection
from evaluation.corpus import Corpus
from evaluation.datasets import Known
from evaluation.evaluation_set import evaluation_sets
from ingest.item import Item
from ingest.sources.demo import DemoSource
from training.drawing import draw_sign
from vision.picture import decode

MAX_SHOP, MAX_GARMENTS, MAX_PHOTOS = 320, 741, 700  # pictures of each that are indexed
SIGNS = 150


def build(
    data: Path, settings: Settings, tell: Callable[[str], None], *, demo: bool = True, every: int = 1
) -> tuple[Corpus, Collection]:
    """Index all data sets that `data` has, or one in `every` pictures of the large ones; ConfigurationError if it has none.

    The caller removes the collection.
    """
    collection = Collection("mixed", settings)
    corpus = Corpus(data, collection.settings, every, collection.ids)
    _choose(corpus)
    if datasets.there(data, datasets.FLICKR):
        corpus.signs = _signs(corpus, collection.folder / "signs")
    if demo:
        source = DemoSource("demo", "demo", corpus.settings)
        corpus.stamps = [item for item in source.items() if isinstance(item, Item)][::every]
    _index(corpus, collection, tell)
    return corpus, collection


def _choose(corpus: Corpus) -> None:
    """The files of each data set, and those of evaluation sets that bring images of their own."""
    data, every = corpus.data, corpus.every
    if datasets.there(data, datasets.GROCERY):
        corpus.catalogue = datasets.grocery_catalogue(data)
        seen = [photo for photo in datasets.grocery_photos(data, "train") if not photo.unseen]  # the unseen ones ask
        corpus.shop = datasets.thinned(seen, MAX_SHOP // every)
    if datasets.there(data, datasets.CLOTHING):
        corpus.garments = datasets.clothing(data, most=MAX_GARMENTS // every)
    if datasets.there(data, datasets.FLICKR):
        corpus.photos = datasets.thinned(datasets.unseen(datasets.everyday(data)), MAX_PHOTOS // every)
    if datasets.there(data, datasets.RECEIPTS):
        corpus.receipts = datasets.receipts(data)
    there = {name: one for name, one in evaluation_sets(corpus.settings).items() if one.is_there(data)}
    corpus.own = {name: list(one.images(data))[::every] for name, one in there.items()}


def _index(corpus: Corpus, collection: Collection, tell: Callable[[str], None]) -> None:
    pictures = [*corpus.shop, *corpus.garments, *corpus.receipts, *(known for known, _, _ in corpus.signs)]
    own = sum(len(images) for images in corpus.own.values())
    count = len(pictures) + len(corpus.catalogue) + len(corpus.photos) + len(corpus.stamps) + own
    if not count:
        raise ConfigurationError(f"{corpus.data} has none of the data sets; name the folder of data sets by --data")
    tell(f"indexing {count} pictures")
    collection.add(pictures)
    collection.add(corpus.catalogue, texts=2)
    collection.add(corpus.photos, texts=1)
    collection.add_items(corpus.stamps)
    sets = evaluation_sets(corpus.settings)
    for name, images in corpus.own.items():
        collection.add(images, texts=sets[name].texts)


def _signs(corpus: Corpus, folder: Path) -> list[tuple[Known, Known, list[str]]]:
    """The same words on two photos each: the first is indexed, the second asks."""
    folder.mkdir(parents=True, exist_ok=True)
    backgrounds = datasets.backgrounds(corpus.data, 2 * SIGNS)
    return [_sign(corpus.settings, folder, seed, backgrounds[2 * seed : 2 * seed + 2]) for seed in range(SIGNS // corpus.every)]


def _sign(settings: Settings, folder: Path, seed: int, backgrounds: Sequence[Known]) -> tuple[Known, Known, list[str]]:
    made: list[Known] = []
    words: list[str] = []
    for place, background in enumerate(backgrounds):
        picture, words = draw_sign(decode(background.path.read_bytes(), settings), seed)
        path = folder / f"{seed}-{place}.png"
        Image.fromarray(picture.pixels).save(path)
        made.append(Known(path, datasets.SIGNS, str(seed)))
    return made[0], made[1], words
