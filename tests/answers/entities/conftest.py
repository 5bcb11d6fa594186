"""An installation with real models, in which drawn things are indexed and are entities."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from answers.entities import Identification, identify
from answers.entities.loading import load
from answers.entities.store import Entities
from engine.connections import Context, connect, connect_redis
from engine.settings import Settings
from engine.store import Store
from factors.text import Kind, TextSnippet
from ingest.item import Item
from mappings.versions import ENTITIES, PICTURES, alias
from query.request import SearchRequest
from query.search import Searcher
from tests.answers.entities import examples
from tests.vision.drawing import photo
from vision.feature_extractor import get_feature_extractor
from workers.runtime import Runtime

STRIPES = {
    "Argentina": ("#74acdf", "white", "#74acdf"),
    "Ukraine": ("#005bbb", "#ffd500"),
    "France": ("#0055a4", "white", "#ef4135"),
    "Germany": ("black", "#dd0000", "#ffce00"),
}
Ask = Callable[..., Identification]


class House:
    """One installation: `ids` are documents by name."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.context = settings, Context(settings)
        self.extractor = get_feature_extractor(settings)
        self.runtime = Runtime(self.context, self.extractor)
        self.entities = Entities(self.context, lambda: self.extractor)
        self.searcher = Searcher(self.context, lambda: self.extractor)
        self.ids: dict[str, str] = {}

    def item(self, name: str, picture: bytes, *texts: TextSnippet, **facts: object) -> Item:
        """A picture on its way into the index."""
        self.ids[name] = Store(self.settings).put_original(picture)
        where = {"source": "test", "reference": name, "collection": "test", "original": self.ids[name], "has_metadata": True}
        return Item(**(where | facts), snippets=texts)  # type: ignore[arg-type]

    def identify(self, picture: bytes | None = None, language: str = "en", **asked: object) -> Identification:
        """What the house answers to "what is this?"."""
        request = SearchRequest(image=picture, **asked)  # type: ignore[arg-type]
        return identify(self.searcher, self.searcher.run(request, until="group"), language=language)

    def load(self, spec: str) -> None:
        """Load entities."""
        load(self.context, lambda: self.extractor, spec)


def caption(text: str, language: str = "en", kind: Kind = Kind.CAPTION) -> TextSnippet:
    """Text linked to a picture."""
    return TextSnippet(kind, text, language)


def things(house: House) -> Iterator[Item]:
    """The collection: what is asked for, things like it, and pictures of nothing in particular."""
    for country, stripes in STRIPES.items():
        image = examples.flag(*stripes, sun="#f6b40e" if country == "Argentina" else "", upright=country == "France")
        texts = (caption(f"Flag of {country}"), caption(f"Flagge von {country}", "de"))
        yield house.item(f"flag {country}", examples.encoded(image), *texts, category="flags")
    for seed, name in enumerate(("Old Tower", "New Tower", "Round Keep")):
        facts: dict[str, object] = {"facets": {"landmark": name}, "place": (46.05, 14.5 + seed)}
        yield house.item(name, examples.encoded(examples.tower(seed)), caption(name, "", Kind.TITLE), **facts)
    for name, (petals, colour) in {"orchid": (5, "#c05ab8"), "daisy": (14, "white"), "poppy": (4, "#d92020")}.items():
        yield house.item(name, examples.encoded(examples.flower(petals, colour)), caption(f"A {name}."), category="flowers")
    for name, (ears, coat) in {"Bunny Long": (70, "#3a6ea5"), "Mouse Short": (10, "#a53a3a")}.items():
        text = caption(f"{name}, the mascot of the tests")
        yield house.item(name, examples.encoded(examples.figure(ears, coat)), text, category="cartoons")
    for name, colour, price in (("Oat\nCrunch", "#8a2be2", 3.49), ("Corn\nPuffs", "#c0392b", 2.99)):
        named = caption(name.replace("\n", " "), "en", Kind.PRODUCT)
        sold: dict[str, object] = {"price": price, "page": f"https://shop.example/{len(name)}", "facets": {"brand": "Acme"}}
        yield house.item(name, examples.encoded(examples.box(name, colour)), named, **sold)
    for seed, name in enumerate(("Ada Example", "Ben Example")):
        yield house.item(name, examples.encoded(examples.person(seed)), caption(name), facets={"person": name})
    for seed in range(30):
        yield house.item(f"photo {seed}", examples.encoded(photo(seed=seed)))


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, models_home: Settings, opensearch_url: str, redis_url: str
) -> Iterator[House]:
    """The installation, with its collection as entities; everything is removed afterwards."""
    folder: Path = tmp_path_factory.mktemp("store")
    servers = {"opensearch_url": opensearch_url, "redis_url": redis_url, "store_url": f"file://{folder}"}
    settings = models_home.model_copy(update={**servers, "index_prefix": f"t{uuid.uuid4().hex[:10]}"})
    made = House(settings)
    done = made.runtime.process_now(list(things(made)), "test", "test")
    assert done.quarantined == 0
    made.context.client.indices.refresh(index=alias(settings))
    made.load("collection")
    yield made
    client, redis = connect(settings), connect_redis(settings)
    for index in client.indices.get(index=f"{settings.index_prefix}-*"):
        client.indices.delete(index=index)
    for kind in (PICTURES, ENTITIES):
        client.indices.delete_index_template(name=alias(settings, kind), ignore=404)
    for key in redis.scan_iter(f"{settings.index_prefix}:*"):
        redis.delete(key)
