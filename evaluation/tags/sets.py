"""Sets of pictures whose tags are known: what is indexed, what is asked, and the text that tags are judged by.

The own text of the picture that is asked is hidden: it is not indexed, or the document is no candidate for itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from engine.errors import ConfigurationError
from evaluation import datasets
from evaluation.collection import Collection
from evaluation.datasets import Known, thinned
from evaluation.unseen.collection import UnseenSources, unseen_collections
from ingest.item import Item
from ingest.sources.demo import DemoSource
from mappings.analysis import primary
from query.request import SearchRequest

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "fr", "es", "ru", "ja")  # of the demo corpus that are measured


@dataclass(frozen=True, slots=True)
class TagQuestion:
    """A picture that is asked for its tags in a language, and the texts about it that were hidden."""

    set: str
    language: str
    request: SearchRequest
    texts: Sequence[str]


class TagSet(ABC):
    """One named set. `measured`: its figures are shown; from the others the confidence is only learned."""

    name: ClassVar[str]
    about: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    measured: ClassVar[bool] = False

    @abstractmethod
    def index(self, collection: Collection, sources: UnseenSources) -> None:
        """Index its documents."""

    @abstractmethod
    def questions(self, collection: Collection, sources: UnseenSources) -> Iterator[TagQuestion]:
        """Every question; the collection is indexed."""

    def is_there(self, data: Path) -> bool:
        """Whether the folder of data sets has what it needs."""
        return datasets.there(data, *self.needs)


class EverydayPhotos(TagSet):
    """Photos with the first of their captions; all captions judge."""

    name: ClassVar[str] = "everyday photos"
    about: ClassVar[str] = (
        "Photos with one of their five captions linked to each; the tags of a photo are judged by all of its captions."
    )
    needs: ClassVar[tuple[str, ...]] = (datasets.FLICKR,)
    measured: ClassVar[bool] = True
    MOST: ClassVar[int] = 250

    def index(self, collection: Collection, sources: UnseenSources) -> None:
        """Photos on which no weights were fitted."""
        collection.add(datasets.everyday(sources.data), texts=1)

    def questions(self, collection: Collection, sources: UnseenSources) -> Iterator[TagQuestion]:
        """Some of them."""
        for known in thinned(datasets.everyday(sources.data), self.MOST):
            yield TagQuestion(self.name, ENGLISH, SearchRequest(like=collection.ids[known.path]), known.texts)


class Groceries(TagSet):
    """A shop's catalogue and photos of its shelves with their names; other photos ask."""

    name: ClassVar[str] = "groceries"
    about: ClassVar[str] = (
        "A catalogue with names and descriptions, and photos taken in shops with the name of the product; other photos taken "
        "in shops ask. They are judged by the names of the product, of its class, and of the aisle (`Fruit`)."
    )
    needs: ClassVar[tuple[str, ...]] = (datasets.GROCERY,)
    measured: ClassVar[bool] = True
    MOST: ClassVar[int] = 240

    def index(self, collection: Collection, sources: UnseenSources) -> None:
        """The catalogue, and photos on which no weights were fitted."""
        shop = datasets.unseen(datasets.grocery_photos(sources.data, "train"))
        collection.add(datasets.grocery_catalogue(sources.data), texts=2)
        collection.add([Known(k.path, k.set, k.fine, k.coarse, (_words(k.path.parent.name),)) for k in shop], texts=1)

    def questions(self, collection: Collection, sources: UnseenSources) -> Iterator[TagQuestion]:
        """Photos that are not indexed."""
        for known in thinned(datasets.grocery_photos(sources.data, "val"), self.MOST):
            places = known.path.relative_to(sources.data / datasets.GROCERY / "val").parts[:-1]
            texts = [" ".join(map(_words, places))]
            yield TagQuestion(self.name, ENGLISH, SearchRequest(image=known.path.read_bytes()), texts)


class DemoCorpus(TagSet):
    """Drawings and photographs with a line of text in many languages each."""

    name: ClassVar[str] = "demo corpus"
    about: ClassVar[str] = (
        "The demo corpus: each picture has a line in sixty languages. Tags in a language are judged by the line in that "
        "language, in English also by the name of the file."
    )
    measured: ClassVar[bool] = True
    MOST: ClassVar[Mapping[str, int]] = {ENGLISH: 400}
    OTHERS: ClassVar[int] = 120  # questions in each other language

    def index(self, collection: Collection, sources: UnseenSources) -> None:
        """Every picture."""
        collection.add_items(self._items(collection))

    def questions(self, collection: Collection, sources: UnseenSources) -> Iterator[TagQuestion]:
        """Some of them in each language."""
        for language in LANGUAGES:
            for item in thinned(self._items(collection), self.MOST.get(language, self.OTHERS)):
                if texts := _own(item, language):
                    yield TagQuestion(self.name, language, SearchRequest(like=item.original), texts)

    @staticmethod
    def _items(collection: Collection) -> list[Item]:
        source = DemoSource("demo", "demo", collection.settings)
        found = [item for item in source.items() if isinstance(item, Item)]
        return list({item.original: item for item in found}.values())


class OfCollection(TagSet):
    """The documents of an unseen collection, with their texts or the name of their class; some of them ask."""

    collection: ClassVar[str]
    MOST: ClassVar[int] = 120

    def index(self, collection: Collection, sources: UnseenSources) -> None:
        """All of them."""
        documents = self._documents(sources)
        collection.add(documents, texts=max(len(known.texts) for known in documents))

    def questions(self, collection: Collection, sources: UnseenSources) -> Iterator[TagQuestion]:
        """Some of them."""
        for known in thinned(self._documents(sources), self.MOST):
            yield TagQuestion(self.name, ENGLISH, SearchRequest(like=collection.ids[known.path]), known.texts)

    def _documents(self, sources: UnseenSources) -> list[Known]:
        found = unseen_collections(sources.settings)[self.collection].documents(sources)
        named = [Known(k.path, k.set, texts=k.texts or (_words(k.fine.rpartition("/")[2]),)) for k in found]
        return [known for known in named if any(known.texts)]


class Interiors(OfCollection):
    """A catalogue of furniture with types, colours and descriptions."""

    name: ClassVar[str] = "interiors"
    about: ClassVar[str] = "A catalogue of furniture with types, colours and descriptions."
    needs: ClassVar[tuple[str, ...]] = ("ikea",)
    collection: ClassVar[str] = "interiors"


class ShopGarments(OfCollection):
    """Views of garments with the names and descriptions of a shop."""

    name: ClassVar[str] = "shop garments"
    about: ClassVar[str] = "Views of garments with the names and descriptions of a shop."
    needs: ClassVar[tuple[str, ...]] = ("fashion_magento",)
    collection: ClassVar[str] = "shop garments"


SETS: tuple[TagSet, ...] = (EverydayPhotos(), Groceries(), DemoCorpus(), Interiors(), ShopGarments())


def sets_in(data: Path) -> list[TagSet]:
    """The sets that a folder of data sets has; ConfigurationError where it has none."""
    there = [one for one in SETS if one.is_there(data)]
    if not there:
        raise ConfigurationError(f"{data} has none of these sets: {', '.join(one.name for one in SETS)}")
    return there


def _words(name: str) -> str:
    """The words of a class or folder."""
    return name.replace("-", " ").replace("_", " ")


def _own(item: Item, language: str) -> list[str]:
    """The lines of an item in a language; in English also the name of its file."""
    is_english = language == ENGLISH
    return [one.text for one in item.snippets if primary(one.language) == language or (is_english and not one.language)]
