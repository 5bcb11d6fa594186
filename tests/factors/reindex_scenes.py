"""An index as an ingest leaves it, and a feature extractor whose weights are numbers."""

import io
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from opensearchpy import OpenSearch
from PIL import Image

from engine.settings import Settings
from engine.store import Store
from factors.base import Json
from factors.registry import FactorRegistry
from factors.text import Kind, TextSnippet
from ingest import documents
from ingest.backfill import Counts
from ingest.batches import BatchProcessor
from ingest.fields import ExtractedImage
from ingest.item import Item
from ingest.jobs import Outcome
from ingest.quarantine import Entry
from ingest.reindex import reindex
from ingest.snippet_encoder import SnippetEncoder
from ingest.writing import Writer
from mappings import versions
from tests.factors.scenes import DIMENSION, DIMENSIONS, colour, image_features, label, points, text_of, unit
from vision.image_features import ImageFeatures, Vector
from vision.picture import Picture

EXTRACTORS = ("colours", "embedding", "joint", "labels", "local", "objects", "phash", "products", "text")
NUMBER = 12


class Looking:
    """A feature extractor whose weights are numbers; its outputs depend on image and weights alone.

    A weight of another name than those of `EXTRACTORS` is that of a third-party extractor, whose output is a dictionary.
    """

    def __init__(self, **weights: int) -> None:
        self.weights = dict.fromkeys(EXTRACTORS, 1) | weights
        self.asked: list[tuple[str, ...]] = []
        self.pictures = 0
        self.before_processing: Callable[[], None] = lambda: None
        self.blind: set[str] = set()  # extractors that fail

    def dependants(self, names: Collection[str]) -> list[str]:
        """As if objects needed the embedding."""
        return [*names, *(["objects"] if "embedding" in names else [])]

    def fingerprints(self) -> dict[str, str]:
        return {extractor: f"{extractor}@{number}" for extractor, number in self.weights.items()}

    def dimensions(self) -> dict[str, int]:
        return DIMENSIONS

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        self.before_processing()
        self.asked.append(tuple(sorted(extractors or self.weights)))
        self.pictures += len(pictures)
        return [self._see(picture, extractors or tuple(self.weights)) for picture in pictures]

    def encode_text(self, texts: Sequence[str]) -> Vector:
        seeds = ([self.weights["joint"], *text.encode()] for text in texts)
        return np.stack([unit(np.random.default_rng(seed), DIMENSION) for seed in seeds])

    def understands(self, text: str, language: str = "") -> bool:
        return language in ("", "en")

    def min_agreement(self) -> float | None:
        return None

    def warm_up(self, extractors: Collection[str] | None = None) -> None:
        """Nothing to load."""

    def _see(self, picture: Picture, extractors: Collection[str]) -> ImageFeatures:
        rng = np.random.default_rng([int(picture.id[:12], 16), self.weights["embedding"]])
        vector = rng.normal(size=DIMENSION).astype(np.float32)
        everything: dict[str, Any] = {
            "embedding": vector / np.linalg.norm(vector),
            "products": unit(np.random.default_rng([int(picture.id[:12], 16), self.weights["products"]]), DIMENSION),
            "joint": self.encode_text([picture.id[:12]])[0],
            "labels": (label("n02088364", round(0.1 * self.weights["labels"], 1)),),
            "objects": (),
            "text": text_of(f"text {picture.id[:4]}"),
            "colours": (colour("red", 1.0),),
            "phash": int(picture.id[:16], 16),
            "local": points(rng),
        }
        everything |= {name: {"weights": number} for name, number in self.weights.items() if name not in EXTRACTORS}
        failures = {extractor: f"{extractor} is blind" for extractor in extractors if extractor in self.blind}
        seen = image_features(
            picture.id, **{extractor: everything[extractor] for extractor in extractors if extractor not in failures}
        )
        return seen.sized(seen.picture_id, picture.width, picture.height).with_failures(failures)


class CountedJobs:
    """Jobs and quarantine in memory: outcomes by the number of the item, and the messages of refused items."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}
        self.refused: list[str] = []
        self.notes: list[str] = []

    def counted(self, _job: str, _run: int, numbers: Sequence[int]) -> list[bool]:
        return [number in self.outcomes for number in numbers]

    def count(self, _job: str, _run: int, number: int, outcome: Outcome, _failure: object = None, note: str = "") -> None:
        self.outcomes[number] = outcome
        self.notes += [note] if note else []

    def count_extracted(self, _job: str, _run: int, _images: int) -> None:
        pass

    def add(self, entries: Sequence[Entry]) -> None:
        self.refused += [entry.message for entry in entries]

    def drop(self, _entries: Sequence[str]) -> int:
        return 0


def batch_processor(place: "Place", extractor_double: Looking) -> tuple[BatchProcessor, CountedJobs]:
    """A processor that writes into the index of the place."""
    jobs = CountedJobs()
    writer = Writer(place.client, place.settings, SnippetEncoder(extractor_double))
    return BatchProcessor(place.settings, jobs, jobs, writer, extractor_double), jobs  # type: ignore[arg-type]


def png(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (number * 9 % 256, 20, 30)).save(buffer, "PNG")
    return buffer.getvalue()


class Place:
    """An index of pictures, as an ingest leaves it."""

    def __init__(self, client: OpenSearch, settings: Settings, extractor_double: Looking | None = None) -> None:
        self.client, self.settings, self.extractor_double = client, settings, extractor_double or Looking()
        self.store = Store(settings)
        self.alias = versions.ensure(
            client,
            settings,
            lambda: FactorRegistry.of(settings).index_body(
                self.extractor_double.fingerprints(), self.extractor_double.dimensions(), settings
            ),
        )
        self.ids = [self.add(number) for number in range(NUMBER)]

    def add(self, number: int, extractor_double: Looking | None = None) -> str:
        """One more picture, written through the alias."""
        chosen = extractor_double or self.extractor_double
        picture = self.store.put_original(png(number))
        seen = chosen._see(Picture(picture, np.zeros((30, 40, 3), np.uint8), 40, 30, "PNG"), tuple(chosen.weights))
        snippets = (TextSnippet(Kind.CAPTION, f"picture number{number}", "en"),)
        item = Item(source="s", reference=str(number), collection="c", original=picture, snippets=snippets)
        body = documents.new_document(
            ExtractedImage(seen, "PNG", 10, chosen.fingerprints()),
            [item],
            "job",
            FactorRegistry.of(self.settings).active,
            SnippetEncoder(chosen),
        )
        self.client.index(index=self.alias, id=picture, body=body, refresh=True)
        return picture

    def all(self) -> dict[str, Json]:
        self.client.indices.refresh(index=self.alias)
        hits = self.client.search(index=self.alias, body={"size": 1000})["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}

    def run(self, extractor_double: Looking, **options: Any) -> Counts:
        return reindex(self.client, self.settings, extractor_double, **({"grace": 0.0} | options))

    @property
    def indices(self) -> list[str]:
        return versions.all_indices(self.client, self.settings)
