"""ImageFeatures made up for tests, and a live index with the mapping that all factors make together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from opensearchpy import OpenSearch

from engine.settings import Settings
from factors.base import Clause
from factors.registry import FactorRegistry
from mappings import versions
from vision.image_features import Box, Colour, ImageFeatures, Label, Line, Local, Object, Text, Vector, Word

FACTORS = FactorRegistry.of(Settings())
DIMENSION = 16
DIMENSIONS = {"embedding": DIMENSION, "products": DIMENSION, "joint": DIMENSION}
EXTRACTORS = ("embedding", "products", "joint", "objects", "labels", "text", "colours", "phash", "local")
FINGERPRINTS = {name: f"{name}@1" for name in EXTRACTORS}

COLOURS = {"red": (200, 20, 30), "blue": (30, 70, 190), "white": (250, 250, 250), "green": (40, 140, 50)}
DOGS = ("dog", "domestic dog", "canine", "animal")
CLASSES = {
    "n02088364": (("beagle",), ("hound", *DOGS)),
    "n02106030": (("collie",), ("shepherd dog", *DOGS)),
    "n04285008": (("sports car", "sport car"), ("car", "auto", "motor vehicle", "vehicle")),
}


def unit(rng: np.random.Generator, dimension: int = DIMENSION) -> Vector:
    """A random direction."""
    vector = rng.normal(size=dimension).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def text_of(*lines: str) -> Text:
    """Lines as a reader gives them: one word after another, one line beneath the other."""
    return Text(
        tuple(
            Line(tuple(Word(word, 0.9, Box(0.1 * (i % 10), 0.1 * (n % 10), 0.09, 0.05)) for i, word in enumerate(line.split())))
            for n, line in enumerate(lines)
        )
    )


def label(synset: str, confidence: float) -> Label:
    """One of the classes above."""
    return Label(synset, *CLASSES[synset], confidence)


def colour(name: str, share: float) -> Colour:
    """One of the colours above."""
    return Colour(name, COLOURS[name], share)


def an_object(rng: np.random.Generator, name: str = "dog") -> Object:
    """Something found somewhere."""
    x, y = rng.uniform(0, 0.5, size=2)
    return Object(name, 0.9, Box(float(x), float(y), 0.3, 0.4), unit(rng))


def points(rng: np.random.Generator, number: int = 30) -> Local:
    """Points anywhere that look like nothing else."""
    return Local(
        rng.uniform(0, 1, (number, 2)).astype(np.float32),
        rng.uniform(0.01, 0.1, number).astype(np.float32),
        rng.uniform(0, 360, number).astype(np.float32),
        rng.integers(0, 4096, number).astype(np.int32),
        rng.integers(0, 256, (number, 16)).astype(np.uint8),
    )


def image_features(picture_id: str = "q", **seen: Any) -> ImageFeatures:
    """What was seen of a picture of 640 x 480."""
    return ImageFeatures(picture_id, 640, 480, **seen)


class Live:
    """An index of its own behind the alias of its settings."""

    def __init__(self, client: OpenSearch, settings: Settings, fingerprints: Mapping[str, str] = FINGERPRINTS) -> None:
        self.client, self.settings = client, settings
        self.index = versions.ensure(
            client, settings, lambda: FactorRegistry.of(settings).index_body(fingerprints, DIMENSIONS, settings)
        )

    def put(self, documents: dict[str, dict[str, Any]]) -> None:
        lines = [
            line
            for key, body in documents.items()
            for line in ({"index": {"_index": self.index, "_id": key}}, {"id": key} | body)
        ]
        answer = self.client.bulk(body=lines, refresh=True)
        assert not answer["errors"], answer["items"]

    def table(self, clauses: list[Clause], ids: list[str]) -> dict[str, dict[str, float]]:
        """The factor table, asked for as a search asks for it."""
        query = {"filter": [{"ids": {"values": ids}}], "should": [clause.named() for clause in clauses]}
        body = {"size": len(ids), "_source": False, "query": {"bool": query}}
        hits = self.client.search(index=self.index, body=body, params={"include_named_queries_score": "true"})["hits"]["hits"]
        return {hit["_id"]: hit.get("matched_queries") or {} for hit in hits}

    def found(self, clause: Clause, size: int = 10) -> list[str]:
        """Ids that the clause proposes, best first."""
        answer = self.client.search(index=self.index, body={"size": size, "_source": False, "query": clause.retrieve})
        return [hit["_id"] for hit in answer["hits"]["hits"]]

    def source(self, key: str) -> dict[str, Any]:
        return dict(self.client.get(index=self.index, id=key)["_source"])


def documents(extracted_features: dict[str, ImageFeatures]) -> dict[str, dict[str, Any]]:
    """The fields that all factors make of each image_features."""
    return {
        key: {"width": seen.width, "height": seen.height}
        | {k: v for f in FACTORS.active for k, v in f.image_fields(seen).items()}
        for key, seen in extracted_features.items()
    }
