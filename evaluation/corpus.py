"""The mixed collection that questions are asked of: shops, garments, everyday photos, receipts, signs and the demo corpus."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from PIL import Image

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import sets
from evaluation.collection import Collection
from evaluation.sets import Known
from ingest.item import Item
from ingest.sources.demo import DemoSource
from training.drawing import draw_sign
from training.held_out import is_held_out
from vision.picture import Picture, decode

SIGNS = 150
SHOP, GARMENTS, PHOTOS = 320, 741, 700  # pictures of each that are indexed


@dataclass
class Corpus:
    """What is indexed, by where it comes from. A set that is not there is empty."""

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
        if not sets.there(self.data, sets.FLICKR):
            return []
        indexed = {known.path for known in self.photos}
        return [known.path.read_bytes() for known in sets.everyday(self.data) if known.path not in indexed]

    def some(self, number: int) -> list[Picture]:
        """Pictures from all over the collection, decoded."""
        ids = [*self.collection.ids.values(), *(item.original for item in self.stamps)]
        chosen = ids[:: max(1, len(ids) // number)][:number]
        return [decode(self.collection.original(picture), self.settings) for picture in chosen]

    @property
    def unseen_stamps(self) -> list[Item]:
        """Pictures of the demo corpus that no weights were fitted on."""
        return [item for item in self.stamps if is_held_out("demo", Path(item.reference).name)]


def build(
    data: Path, settings: Settings, tell: Callable[[str], None], name: str = "mixed", *, demo: bool = True, every: int = 1
) -> Corpus:
    """Index everything that is there, or one in so many pictures of the large sets; ConfigurationError where nothing is."""
    corpus = Corpus(data, Collection(name, settings), every)
    if sets.there(data, sets.GROCERY):
        corpus.catalogue = sets.grocery_catalogue(data)
        seen = [photo for photo in sets.grocery_photos(data, "train") if not photo.unseen]  # those that are not ask
        corpus.shop = sets.thinned(seen, SHOP // every)
    if sets.there(data, sets.CLOTHING):
        corpus.garments = sets.clothing(data, most=GARMENTS // every)
    if sets.there(data, sets.FLICKR):
        corpus.photos = sets.thinned(sets.unseen(sets.everyday(data)), PHOTOS // every)
        corpus.signs = _signs(corpus)
    if sets.there(data, sets.RECEIPTS):
        corpus.receipts = sets.receipts(data)
    if demo:
        source = DemoSource("demo", "demo", corpus.settings)
        corpus.stamps = [item for item in source.items() if isinstance(item, Item)][::every]
    _index(corpus, tell)
    return corpus


def _index(corpus: Corpus, tell: Callable[[str], None]) -> None:
    pictures = [*corpus.shop, *corpus.garments, *corpus.receipts, *(known for known, _, _ in corpus.signs)]
    count = len(pictures) + len(corpus.catalogue) + len(corpus.photos) + len(corpus.stamps)
    if not count:
        raise ConfigurationError(f"{corpus.data} has none of the data sets; name the folder of data sets by --data")
    tell(f"indexing {count} pictures")
    corpus.collection.add(pictures)
    corpus.collection.add(corpus.catalogue, texts=2)
    corpus.collection.add(corpus.photos, texts=1)
    corpus.collection.add_items(corpus.stamps)


def _signs(corpus: Corpus) -> list[tuple[Known, Known, list[str]]]:
    """The same words on two photos: one is indexed, the other asks."""
    folder = corpus.collection.folder / "signs"
    folder.mkdir(parents=True, exist_ok=True)
    backgrounds = sets.backgrounds(corpus.data, 2 * SIGNS)
    return [_sign(corpus, folder, seed, backgrounds[2 * seed : 2 * seed + 2]) for seed in range(SIGNS // corpus.every)]


def _sign(corpus: Corpus, folder: Path, seed: int, backgrounds: Sequence[Known]) -> tuple[Known, Known, list[str]]:
    made: list[Known] = []
    words: list[str] = []
    for place, background in enumerate(backgrounds):
        picture, words = draw_sign(decode(background.path.read_bytes(), corpus.settings), seed)
        path = folder / f"{seed}-{place}.png"
        Image.fromarray(picture.pixels).save(path)
        made.append(Known(path, sets.SIGNS, str(seed)))
    return made[0], made[1], words
