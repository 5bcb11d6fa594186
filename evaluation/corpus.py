"""The mixed collection that evaluation sets ask: shop photos, garments, everyday photos, receipts, signs, the demo corpus.

`evaluation.indexing.build` indexes it. This module loads no model library: plugins import it with the class of their set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from engine.settings import Settings
from engine.store import Store
from evaluation import datasets
from evaluation.datasets import COARSE, REMOTE, SAME, Grades, Known
from ingest.item import Item
from ranking.learning.examples import Part
from training.held_out import is_held_out
from vision.picture import Picture, decode

SHOP_QUESTIONS = 360  # photos taken in shops that models may learn from


@dataclass
class Corpus:
    """The indexed images by data set; a data set that is missing is empty.

    `settings`: those of the collection, with its index and its store. `every`: one in so many pictures and questions is used.
    """

    data: Path
    settings: Settings
    every: int = 1
    ids: dict[Path, str] = field(default_factory=dict)  # indexed file -> document
    garments: list[Known] = field(default_factory=list)
    catalogue: list[Known] = field(default_factory=list)
    shop: list[Known] = field(default_factory=list)
    photos: list[Known] = field(default_factory=list)
    receipts: list[Known] = field(default_factory=list)
    signs: list[tuple[Known, Known, list[str]]] = field(default_factory=list)  # indexed, unseen rendering, its words
    stamps: list[Item] = field(default_factory=list)
    own: dict[str, list[Known]] = field(default_factory=dict)  # evaluation set -> images of its own

    def id(self, known: Known) -> str:
        """The document of an indexed image."""
        return self.ids[known.path]

    def original(self, document: str) -> bytes:
        """The bytes of a document's image."""
        return Store(self.settings).original(document)

    @cached_property
    def scenes(self) -> Sequence[bytes]:
        """Backgrounds: unseen everyday photos that are not indexed."""
        if not datasets.there(self.data, datasets.FLICKR):
            return []
        indexed = {known.path for known in self.photos}
        return [known.path.read_bytes() for known in datasets.everyday(self.data) if known.path not in indexed]

    def some(self, number: int) -> list[Picture]:
        """`number` pictures, evenly spread over the collection, decoded."""
        ids = [*self.ids.values(), *(item.original for item in self.stamps)]
        chosen = ids[:: max(1, len(ids) // number)][:number]
        return [decode(self.original(picture), self.settings) for picture in chosen]

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
        """Grade SAME for the fine class of the image that asks, COARSE for its coarse class."""
        close = [known for known in among if known.coarse == asked.coarse]
        return {self.id(known): SAME if known.fine == asked.fine else COARSE for known in close}

    def stamp_grades(self, item: Item) -> Grades:
        """Grade SAME for the image itself, COARSE for images with its facets, REMOTE for others of its category."""
        related = {
            other.original: COARSE if other.facets == item.facets else REMOTE
            for other in self.stamps
            if other.category == item.category
        }
        return {**related, item.original: SAME}
