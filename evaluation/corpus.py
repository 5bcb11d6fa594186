"""The mixed collection that evaluation sets ask: shop photos, garments, everyday photos, receipts, signs, the demo corpus.

Sets may add images of their own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from PIL import Image

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import datasets
from evaluation.collection import Collection
from evaluation.datasets import Known
from evaluation.evaluation_set import COARSE, REMOTE, SAME, Grades, evaluation_sets
from ingest.item import Item
from ingest.sources.demo import DemoSource
from ranking.learning.examples import Part
from training.drawing import draw_sign
from training.held_out import is_held_out
from vision.picture import Picture, decode

SIGNS = 150
SHOP, GARMENTS, PHOTOS = 320, 741, 700  # pictures of each that are indexed
SHOP_QUESTIONS = 360  # photos that models may learn from


@dataclass
class Corpus:
    """The indexed images by data set; a data set that is not there is empty."""

    data: Path
    collection: Collection
    every: int = 1  # of so many pictures and questions, one
    garments: list[Known] = field(default_factory=list)
    catalogue: list[Known] = field(default_factory=list)
    shop: list[Known] = field(default_factory=list)
    photos: list[Known] = field(default_factory=list)
    receipts: list[Known] = field(default_factory=list)
    signs: list[tuple[Known, Known, list[str]]] = field(default_factory=list)  # indexed, unseen rendering, its words
    stamps: list[Item] = field(default_factory=list)
    own: dict[str, list[Known]] = field(default_factory=dict)  # evaluation set -> images of its own

    @property
    def settings(self) -> Settings:
        """Those of the collection."""
        return self.collection.settings

    def id(self, known: Known) -> str:
        """The document of a picture."""
        return self.collection.ids[known.path]

    @cached_property
    def scenes(self) -> Sequence[bytes]:
        """Backgrounds: unseen everyday photos that are not indexed."""
        if not datasets.there(self.data, datasets.FLICKR):
            return []
        indexed = {known.path for known in self.photos}
        return [known.path.read_bytes() for known in datasets.everyday(self.data) if known.path not in indexed]

    def some(self, number: int) -> list[Picture]:
        """Pictures from all over the collection, decoded."""
        ids = [*self.collection.ids.values(), *(item.original for item in self.stamps)]
        chosen = ids[:: max(1, len(ids) // number)][:number]
        return [decode(self.collection.original(picture), self.settings) for picture in chosen]

    @property
    def unseen_stamps(self) -> list[Item]:
        """Pictures of the demo corpus that no weights were fitted on."""
        return [item for item in self.stamps if is_held_out("demo", Path(item.reference).name)]

    def shop_questions(self) -> Iterator[tuple[Known, Part | None]]:
        """Unseen photos taken in shops, none of them indexed, with the side of the split that they belong to."""
        if not self.catalogue:
            return
        unseen = datasets.unseen(datasets.grocery_photos(self.data, "train"))
        for place, photo in enumerate(datasets.thinned(unseen, SHOP_QUESTIONS)):
            yield photo, "validation" if place % 5 == 0 else "train"
        for photo in datasets.grocery_photos(self.data, "val"):
            yield photo, "test"

    def graded(self, asked: Known, among: Iterable[Known]) -> Grades:
        """Grades by the fine class, else by the coarse class."""
        close = [known for known in among if known.coarse == asked.coarse]
        return {self.id(known): SAME if known.fine == asked.fine else COARSE for known in close}

    def stamp_grades(self, item: Item) -> Grades:
        """The image itself, then those of its subject, then those of its category."""
        related = {
            other.original: COARSE if other.facets == item.facets else REMOTE
            for other in self.stamps
            if other.category == item.category
        }
        return {**related, item.original: SAME}


def build(
    data: Path, settings: Settings, tell: Callable[[str], None], name: str = "mixed", *, demo: bool = True, every: int = 1
) -> Corpus:
    """Index everything that is there, or one in so many pictures of the large sets; ConfigurationError where nothing is."""
    corpus = Corpus(data, Collection(name, settings), every)
    if datasets.there(data, datasets.GROCERY):
        corpus.catalogue = datasets.grocery_catalogue(data)
        seen = [photo for photo in datasets.grocery_photos(data, "train") if not photo.unseen]  # those that are not ask
        corpus.shop = datasets.thinned(seen, SHOP // every)
    if datasets.there(data, datasets.CLOTHING):
        corpus.garments = datasets.clothing(data, most=GARMENTS // every)
    if datasets.there(data, datasets.FLICKR):
        corpus.photos = datasets.thinned(datasets.unseen(datasets.everyday(data)), PHOTOS // every)
        corpus.signs = _signs(corpus)
    if datasets.there(data, datasets.RECEIPTS):
        corpus.receipts = datasets.receipts(data)
    if demo:
        source = DemoSource("demo", "demo", corpus.settings)
        corpus.stamps = [item for item in source.items() if isinstance(item, Item)][::every]
    there = {name: one for name, one in evaluation_sets().items() if one.is_there(data)}
    corpus.own = {name: list(one.images(data))[::every] for name, one in there.items()}
    _index(corpus, tell)
    return corpus


def _index(corpus: Corpus, tell: Callable[[str], None]) -> None:
    pictures = [*corpus.shop, *corpus.garments, *corpus.receipts, *(known for known, _, _ in corpus.signs)]
    own = sum(len(images) for images in corpus.own.values())
    count = len(pictures) + len(corpus.catalogue) + len(corpus.photos) + len(corpus.stamps) + own
    if not count:
        raise ConfigurationError(f"{corpus.data} has none of the data sets; name the folder of data sets by --data")
    tell(f"indexing {count} pictures")
    corpus.collection.add(pictures)
    corpus.collection.add(corpus.catalogue, texts=2)
    corpus.collection.add(corpus.photos, texts=1)
    corpus.collection.add_items(corpus.stamps)
    for name, images in corpus.own.items():
        corpus.collection.add(images, texts=evaluation_sets()[name].texts)


def _signs(corpus: Corpus) -> list[tuple[Known, Known, list[str]]]:
    """The same words on two photos: one is indexed, the other asks."""
    folder = corpus.collection.folder / "signs"
    folder.mkdir(parents=True, exist_ok=True)
    backgrounds = datasets.backgrounds(corpus.data, 2 * SIGNS)
    return [_sign(corpus, folder, seed, backgrounds[2 * seed : 2 * seed + 2]) for seed in range(SIGNS // corpus.every)]


def _sign(corpus: Corpus, folder: Path, seed: int, backgrounds: Sequence[Known]) -> tuple[Known, Known, list[str]]:
    made: list[Known] = []
    words: list[str] = []
    for place, background in enumerate(backgrounds):
        picture, words = draw_sign(decode(background.path.read_bytes(), corpus.settings), seed)
        path = folder / f"{seed}-{place}.png"
        Image.fromarray(picture.pixels).save(path)
        made.append(Known(path, datasets.SIGNS, str(seed)))
    return made[0], made[1], words
