"""Versioned indices `<prefix>-pictures-000001` behind the alias `<prefix>-pictures`, and the record of their weights.

The entities are in indices of the same form, `<prefix>-entities-000001`; `kind` names which of the two.

The mapping's `_meta` holds, for every factor, the fingerprints of the extractors whose output it stores. Vectors made by other
weights cannot be compared with those of the index, so they are refused.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.exceptions import RequestError

from engine.connections import guard
from engine.errors import ConfigurationError, NotFoundError, WeightsMismatchError
from engine.settings import Settings
from mappings import lucene
from mappings.template import Json, index_template

PICTURES, ENTITIES = "pictures", "entities"  # kinds of indices
MADE_BY = {
    PICTURES: "there is no index yet; create one by `omma ingest`",
    ENTITIES: "there are no entities; `omma entities load`",
}


def alias(settings: Settings, kind: str = PICTURES) -> str:
    """The alias through which everything reads and writes."""
    return f"{settings.index_prefix}-{kind}"


def index_name(settings: Settings, version: int, kind: str = PICTURES) -> str:
    """The name of one version."""
    return f"{alias(settings, kind)}-{version:06d}"


def current_index(client: OpenSearch, settings: Settings, kind: str = PICTURES) -> str:
    """The index behind the alias; NotFoundError where there is none."""
    try:
        with guard():
            return str(next(iter(client.indices.get_alias(name=alias(settings, kind)))))
    except MissingError as error:
        raise NotFoundError(MADE_BY[kind]) from error


def count(client: OpenSearch, index: str) -> int:
    """Number of documents of an index or alias; 0 where there is none."""
    try:
        with guard():
            return int(client.count(index=index)["count"])
    except MissingError:
        return 0


def meta(client: OpenSearch, settings: Settings, kind: str = PICTURES) -> Json:
    """The `_meta` of the current mapping: factors and weights; NotFoundError without an index."""
    return meta_of(client, current_index(client, settings, kind))


def meta_of(client: OpenSearch, index: str) -> Json:
    """The `_meta` of any index's mapping."""
    with guard():
        mapping: Json = client.indices.get_mapping(index=index)
    return dict(mapping[index]["mappings"].get("_meta", {}).get("omma", {}))


def ensure(client: OpenSearch, settings: Settings, body: Callable[[], Json], kind: str = PICTURES) -> str:
    """Create the first version where there is none, and return the alias; safe when several workers do so at once."""
    with guard():
        if not client.indices.exists_alias(name=alias(settings, kind)):
            create_version(client, settings, 1, body(), serve=True, kind=kind)
    return alias(settings, kind)


def create_version(
    client: OpenSearch, settings: Settings, version: int, body: Json, *, serve: bool = False, kind: str = PICTURES
) -> str:
    """Create the index of a version, with the alias if `serve`; indices of documents and entities are created nowhere else.

    UnsafeMappingError, before anything is sent, where a field would crash the server. An existing index is not changed.
    """
    lucene.check(body)
    name, served = index_name(settings, version, kind), alias(settings, kind)
    body = numbered(body, version)
    with guard():
        client.indices.put_index_template(name=served, body=index_template(f"{served}-*", body))
        try:
            # The body again, because another process may have put its own template meanwhile.
            client.indices.create(index=name, body=body | ({"aliases": {served: {}}} if serve else {}))
        except RequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
    return name


def numbered(body: Json, version: int) -> Json:
    """The body with the version in its `_meta`."""
    mappings = body["mappings"]
    meta = mappings.get("_meta", {}).get("omma", {}) | {"version": version}
    return body | {"mappings": mappings | {"_meta": {"omma": meta}}}


def all_indices(client: OpenSearch, settings: Settings, kind: str = PICTURES) -> list[str]:
    """All existing versions, oldest first."""
    with guard():
        return sorted(client.indices.get(index=f"{alias(settings, kind)}-*"))


def switch(client: OpenSearch, settings: Settings, old: str, new: str, kind: str = PICTURES) -> None:
    """Point the alias from one version to the other in one atomic step."""
    actions: list[Any] = [
        {"remove": {"index": old, "alias": alias(settings, kind)}},
        {"add": {"index": new, "alias": alias(settings, kind)}},
    ]
    with guard():
        client.indices.update_aliases(body={"actions": actions})


def version_of(index: str) -> int:
    """The number at the end of an index's name."""
    return int(index.rsplit("-", 1)[1])


def record_weights(reads: Mapping[str, Iterable[str]], fingerprints: Mapping[str, str]) -> Json:
    """The `_meta` entry: factor -> extractor -> fingerprint, for the extractors that each factor reads.

    ConfigurationError where a factor reads an unknown extractor.
    """
    for factor, extractors in reads.items():
        if missing := sorted(set(extractors) - set(fingerprints)):
            raise ConfigurationError(
                f"factor {factor!r} reads {', '.join(missing)}; extractors are: {', '.join(sorted(fingerprints))}"
            )
    return {"factors": {factor: {s: fingerprints[s] for s in extractors} for factor, extractors in reads.items()}}


def changed(meta: Mapping[str, Any], fingerprints: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Extractors whose weights differ: extractor -> (fingerprint in the index, present fingerprint)."""
    recorded: dict[str, str] = {}
    for extractors in meta.get("factors", {}).values():
        recorded |= extractors
    return {s: (old, fingerprints[s]) for s, old in recorded.items() if s in fingerprints and fingerprints[s] != old}


def lacking(meta: Mapping[str, Any], factors: Iterable[str]) -> list[str]:
    """Factors that the index lacks: new ones, or ones whose extractors were switched off. Empty without a record."""
    recorded = meta.get("factors") or {}
    return sorted(set(factors) - set(recorded)) if recorded else []


def check_weights(meta: Mapping[str, Any], fingerprints: Mapping[str, str], factor: str) -> None:
    """WeightsMismatchError names both weights, unless the present weights made the factor's fields."""
    for extractor, old in meta.get("factors", {}).get(factor, {}).items():
        new = fingerprints.get(extractor)
        if new is not None and new != old:
            raise WeightsMismatchError(
                f"factor {factor!r}: the index holds {extractor} made by {old}, but here it would be made by {new}; "
                "run `omma reindex`, or choose the profile that the index was made with (OMMA_PROFILE)"
            )
