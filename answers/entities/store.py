"""The entities of an installation: written with the vectors of their names and reference pictures, read, listed, deleted."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from opensearchpy.exceptions import NotFoundError as MissingError

from answers.entities.entity import MAX_REFERENCES, Entity, Json
from answers.entities.names import by_language, folded
from engine.connections import Context, guard
from engine.errors import NotFoundError
from factors import knn
from factors.registry import FactorRegistry
from mappings import entities as mapping
from mappings import versions
from mappings.bulk import Action, read_all, write_all
from mappings.versions import ENTITIES
from query.engine_calls import may_be_id
from vision.image_features import Vector

logger = logging.getLogger(__name__)
BATCH = 256  # entities that are encoded and written together
READ_SIZE = 200
MAX_PAGED = 10_000


class EncodesNames(Protocol):
    """The part of vision.feature_extractor.FeatureExtractor that is needed here."""

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> weights."""

    def dimensions(self) -> dict[str, int]:
        """Extractor -> length of its vectors."""

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors, one row per text."""

    def understands(self, text: str, language: str = "") -> bool:
        """Whether the model knows the language of a text."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of entities, and how many there are in all."""

    total: int
    entities: tuple[Entity, ...]


class Entities:
    """The index behind the alias `<prefix>-entities`; created by the first entity."""

    def __init__(self, context: Context, extractor: Callable[[], EncodesNames]) -> None:
        """`extractor` is called where entities are written: reading needs no model."""
        self._context, self._client, self._settings = context, context.client, context.settings
        self._extractor = extractor
        self.alias = versions.alias(context.settings, ENTITIES)

    def put(self, entities: Iterable[Entity], loader: str, origin: str, run: str = "") -> int:
        """Write entities, replacing those of the same id; their number. `origin`: the address that was loaded, `run`: when."""
        self.ensure()
        count, waiting = 0, iter(entities)
        while batch := list(islice(waiting, BATCH)):
            actions = (
                Action("index", self.alias, e.id, record) for e, record in self._records(batch, loader, f"{origin}#{run}")
            )
            count += len(write_all(self._client, actions))
        self.refresh()
        return count

    def ensure(self) -> None:
        """Create the index where there is none; where other weights made its vectors, make them anew in a new version."""
        extractor = self._extractor()
        marks = extractor.fingerprints()
        versions.ensure(self._client, self._settings, self._body, ENTITIES)
        if versions.changed(versions.meta(self._client, self._settings, ENTITIES), marks):
            self.renew()

    def renew(self) -> int:
        """Write every entity into a new version of the index with vectors of the present weights; how many there are."""
        old = versions.current_index(self._client, self._settings, ENTITIES)
        body = self._body()
        new = versions.create_version(self._client, self._settings, versions.version_of(old) + 1, body, kind=ENTITIES)
        count = 0
        for stored in read_all(self._client, old, {"match_all": {}}, READ_SIZE, source=["entity", "loader", "origin"]):
            sources = {one.id: one.source for one in stored}
            batch = [Entity.model_validate(source["entity"]) for source in sources.values()]
            made = self._records(batch, "", "")
            kept = ((e, record | {n: sources[e.id][n] for n in ("loader", "origin")}) for e, record in made)
            count += len(write_all(self._client, (Action("index", new, e.id, record) for e, record in kept), refresh=True))
        versions.switch(self._client, self._settings, old, new, ENTITIES)
        with guard():
            self._client.indices.delete(index=old, ignore_unavailable=True)
        return count

    def get(self, entity: str) -> Entity:
        """The entity of an id; NotFoundError where there is none, or no longer."""
        try:
            with guard():
                found = self._client.get(index=self.alias, id=entity, params={"_source": "entity"}) if may_be_id(entity) else {}
        except MissingError:
            found = {}
        if not found.get("found"):
            raise NotFoundError(f"there is no entity {entity[:80]!r}, or it was deleted")
        return Entity.model_validate(found["_source"]["entity"])

    def page(self, *, name: str = "", kind: str = "", page: int = 1, number: int = 50) -> Listed:
        """A page of entities by name, the best known first; those of one name or alias, or of one type."""
        wanted: list[Json] = [{"term": {"type": kind}}] if kind else []
        wanted += [{"term": {"names": folded(name) or name}}] if name else []
        body = {
            "query": {"bool": {"filter": wanted}}, "_source": ["entity"], "track_total_hits": True,
            "sort": [{"prior": "desc"}, {"id": "asc"}], "size": number, "from": min((page - 1) * number, MAX_PAGED - number),
        }  # fmt: skip
        with guard():
            hits = self._client.search(index=self.alias, body=body, ignore_unavailable=True)["hits"]
        return Listed(
            int(hits["total"]["value"]), tuple(Entity.model_validate(hit["_source"]["entity"]) for hit in hits["hits"])
        )

    def delete(self, entities: Sequence[str]) -> int:
        """Delete entities by id; how many there were."""
        return self.forget({"ids": {"values": list(entities)}})

    def delete_loaded(self, loader: str, origin: str = "", but: str = "") -> int:
        """Delete what a loader loaded, of one origin or of all, except those of the run `but`; how many there were."""
        wanted: list[Json] = [{"term": {"loader": loader}}]
        wanted += [{"prefix": {"origin": f"{origin}#"}}] if origin else []
        kept: list[Json] = [{"term": {"origin": f"{origin}#{but}"}}] if but else []
        return self.forget({"bool": {"filter": wanted, "must_not": kept}})

    def forget(self, query: Json) -> int:
        """Delete all matches of a query; how many there were."""
        with guard():
            answer = self._client.delete_by_query(
                index=self.alias, body={"query": query}, ignore_unavailable=True,
                params={"refresh": "true", "conflicts": "proceed"},
            )  # fmt: skip
        return int(answer["deleted"])

    def counts(self) -> dict[str, int]:
        """Number of entities by loader."""
        body = {"size": 0, "aggs": {"loaders": {"terms": {"field": "loader", "size": 50}}}}
        with guard():
            answer = self._client.search(index=self.alias, body=body, ignore_unavailable=True)
        buckets = answer.get("aggregations", {}).get("loaders", {}).get("buckets", [])
        return {bucket["key"]: bucket["doc_count"] for bucket in buckets}

    def refresh(self) -> None:
        """Make the writes visible to searches."""
        with guard():
            self._client.indices.refresh(index=self.alias)

    def _body(self) -> Json:
        """The body of a new version, by the extractors that run."""
        extractor = self._extractor()
        dimensions, factors = extractor.dimensions(), FactorRegistry.of(self._settings).active
        fields: Json = {name: f for factor in factors if factor.name in mapping.REFERENCE_VECTORS
                        for name, f in factor.fields(dimensions).items()}  # fmt: skip
        if mapping.NAME_EXTRACTOR in dimensions:
            fields[mapping.NAME_VECTOR] = knn.field(dimensions[mapping.NAME_EXTRACTOR], data_type="byte")
        return mapping.body(fields, extractor.fingerprints(), self._settings)

    def _records(self, entities: Sequence[Entity], loader: str, origin: str) -> Iterator[tuple[Entity, Json]]:
        """Entities with their records."""
        vectors, names = self._reference_vectors(entities), self._name_vectors(entities)
        for entity in entities:
            documents = entity.references[:MAX_REFERENCES]
            record: Json = {
                "id": entity.id, "names": entity.every_name, "synset": entity.synset or None, "type": entity.type,
                "loader": loader, "origin": origin, "prior": entity.prior, "documents": documents,
                "references": [{"document": one} | vectors.get(one, {}) for one in documents],
                "entity": entity.model_dump(exclude_defaults=True),
            }  # fmt: skip
            yield entity, record | ({mapping.NAME_VECTOR: names[entity.id]} if entity.id in names else {})

    def _reference_vectors(self, entities: Sequence[Entity]) -> dict[str, Json]:
        """The vectors of reference pictures, by document, as far as the documents exist."""
        ids = list({one for entity in entities for one in entity.references[:MAX_REFERENCES]})
        if not ids:
            return {}
        fields = ",".join(mapping.REFERENCE_VECTORS)
        try:
            with guard():
                found = self._client.mget(
                    index=versions.alias(self._settings), body={"ids": ids}, params={"_source_includes": fields}
                )["docs"]
        except MissingError:
            return {}
        return {one["_id"]: one["_source"] for one in found if one.get("found")}

    def _name_vectors(self, entities: Sequence[Entity]) -> Mapping[str, list[int]]:
        """The joint embedding of names, by entity: of those in a language that the model understands."""
        extractor = self._extractor()
        try:
            named = {e.id: text for e in entities if (text := _name_to_encode(e, extractor))}
            vectors: Any = extractor.encode_text(list(named.values())) if named else []
        except Exception:  # without a text model, entities are found by name and picture
            logger.warning("names of entities were not encoded", exc_info=True)
            return {}
        return {entity: knn.as_bytes(vector) for entity, vector in zip(named, vectors, strict=True)}


def _name_to_encode(entity: Entity, extractor: EncodesNames) -> str:
    """The English name, or whichever the text model understands; empty where there is none."""
    language, name = by_language(entity.names, "en")
    return name if extractor.understands(name, language) else ""
