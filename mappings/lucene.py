"""Refuse vector fields that crash a server without native k-NN libraries.

The embedded server has no native libraries. Measured on it: a `knn_vector` without an engine (the default is faiss), with
faiss or nmslib, on disk, or with 1-bit quantization is accepted as a mapping, and the first document ends the process.
Safe: Lucene's HNSW with float32, byte, binary (hamming), and 7-bit scalar quantization.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import UnsafeMappingError

SAFE = (
    'safe is: "method": {"name": "hnsw", "engine": "lucene", "space_type": ...} with data_type float, byte or binary '
    "(hamming), or the 7-bit `sq` encoder"
)
SPACES = {
    "float": {"l2", "cosinesimil", "innerproduct"},
    "byte": {"l2", "cosinesimil", "innerproduct"},
    "binary": {"hamming"},
}
SAFE_BITS = 7
MAX_DIMENSIONS = 16_000


def check(body: Mapping[str, Any]) -> None:
    """Raise UnsafeMappingError, naming field and fault, unless every vector field of an index body is safe."""
    mappings = body.get("mappings") or body.get("template", {}).get("mappings") or {}
    for path, field in vectors({**mappings.get("properties", {}), **_dynamic(mappings)}):
        for fault in faults(field):
            raise UnsafeMappingError(f"field {path!r}: {fault}; {SAFE}")


def vectors(properties: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every `knn_vector` with its path, in objects, nested objects and multi-fields too."""
    for name, field in properties.items():
        if field.get("type") == "knn_vector":
            yield path + name, field
        for inner in ("properties", "fields"):
            yield from vectors(field.get(inner, {}), f"{path}{name}.")


def _dynamic(mappings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that dynamic templates would make, by template."""
    templates = [pair for entry in mappings.get("dynamic_templates", ()) for pair in entry.items()]
    return {f"dynamic_templates.{name}": template.get("mapping", {}) for name, template in templates}


def faults(field: Mapping[str, Any]) -> Iterator[str]:
    """The faults of one vector field, each as part of a sentence."""
    yield from _legacy_faults(field)
    method = field.get("method")
    if not isinstance(method, Mapping):
        yield "it names no method, so the default engine (faiss) would be used"
        return
    if method.get("engine") != "lucene":
        yield f"engine {method.get('engine', 'missing (faiss by default)')!r} needs native libraries"
    if method.get("name") != "hnsw":
        yield f"method {method.get('name')!r} is not Lucene's hnsw"
    yield from _shape_faults(field, method)
    yield from _encoder_faults(method)


def _legacy_faults(field: Mapping[str, Any]) -> Iterator[str]:
    """Parameters that choose an engine without naming it."""
    for name in ("mode", "compression_level", "model_id", "engine"):
        if field.get(name, "lucene") != "lucene":
            yield f"{name!r} ({field[name]!r}) lets the server choose an engine with native libraries"


def _shape_faults(field: Mapping[str, Any], method: Mapping[str, Any]) -> Iterator[str]:
    data_type = field.get("data_type", "float")
    space = method.get("space_type") or field.get("space_type") or "l2"
    if space not in SPACES.get(data_type, set()):
        yield f"space {space!r} with data_type {data_type!r} is not one of Lucene's"
    dimension = field.get("dimension")
    if not isinstance(dimension, int) or not 1 <= dimension <= MAX_DIMENSIONS:
        yield f"dimension {dimension!r} is not within 1..{MAX_DIMENSIONS}"
    elif data_type == "binary" and dimension % 8:
        yield f"dimension {dimension} of a binary vector is not a multiple of 8"


def _encoder_faults(method: Mapping[str, Any]) -> Iterator[str]:
    encoder = method.get("parameters", {}).get("encoder")
    if encoder is None:
        return
    if encoder.get("name") != "sq":
        yield f"encoder {encoder.get('name')!r} needs native libraries"
    elif encoder.get("parameters", {}).get("bits", SAFE_BITS) != SAFE_BITS:
        yield f"{encoder['parameters']['bits']}-bit quantization needs native libraries"
