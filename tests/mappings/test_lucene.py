"""No vector field that would crash a server without native libraries reaches one."""

from typing import Any, cast

import pytest
from opensearchpy import OpenSearch

from engine.errors import UnsafeMappingError
from engine.settings import Settings
from mappings import lucene, versions

METHOD = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
SAFE = {"type": "knn_vector", "dimension": 64, "method": METHOD}


def encoder(**parameters: Any) -> dict[str, Any]:
    return METHOD | {"parameters": {"encoder": {"name": "sq", "parameters": parameters}}}


def body(field: dict[str, Any]) -> dict[str, Any]:
    return {"mappings": {"properties": {"seen": field}}}


UNSAFE: dict[str, tuple[dict[str, Any], str]] = {
    "missing-method": ({"type": "knn_vector", "dimension": 64}, "faiss"),
    "missing-engine": (SAFE | {"method": {"name": "hnsw", "space_type": "l2"}}, "faiss by default"),
    "faiss": (SAFE | {"method": METHOD | {"engine": "faiss"}}, "'faiss' needs native libraries"),
    "nmslib": (SAFE | {"method": METHOD | {"engine": "nmslib"}}, "'nmslib' needs native libraries"),
    "top-level-engine": (SAFE | {"engine": "faiss"}, "'engine' ('faiss')"),
    "on-disk": (SAFE | {"mode": "on_disk"}, "'mode' ('on_disk')"),
    "compression": (SAFE | {"compression_level": "32x"}, "'compression_level' ('32x')"),
    "model": (SAFE | {"model_id": "m"}, "'model_id' ('m')"),
    "ivf": (SAFE | {"method": METHOD | {"name": "ivf"}}, "'ivf'"),
    "one-bit": (SAFE | {"method": encoder(bits=1)}, "1-bit"),
    "pq": (SAFE | {"method": METHOD | {"parameters": {"encoder": {"name": "pq"}}}}, "'pq'"),
    "binary-cosine": (SAFE | {"data_type": "binary"}, "'cosinesimil' with data_type 'binary'"),
    "hamming-floats": (SAFE | {"method": METHOD | {"space_type": "hamming"}}, "'hamming' with data_type 'float'"),
    "no-dimension": ({"type": "knn_vector", "method": METHOD}, "dimension None"),
    "too-long": (SAFE | {"dimension": 16_001}, "dimension 16001"),
    "odd-bits": (SAFE | {"data_type": "binary", "dimension": 63, "method": METHOD | {"space_type": "hamming"}}, "63"),
}


@pytest.mark.parametrize(("field", "wrong"), UNSAFE.values(), ids=UNSAFE)
def test_an_unsafe_field_is_refused_with_its_name_what_is_wrong_and_what_is_safe(field: dict[str, Any], wrong: str) -> None:
    with pytest.raises(UnsafeMappingError) as caught:
        lucene.check(body(field))
    message = str(caught.value)
    assert "field 'seen'" in message and wrong in message and '"engine": "lucene"' in message


@pytest.mark.parametrize(
    "field",
    [
        SAFE,
        SAFE | {"data_type": "byte"},
        SAFE | {"method": encoder(bits=7)},
        SAFE | {"data_type": "binary", "method": METHOD | {"space_type": "hamming"}},
    ],
    ids=["float", "byte", "seven-bit", "binary"],
)
def test_fields_that_the_lucene_engine_can_serve_are_accepted(field: dict[str, Any]) -> None:
    lucene.check(body(field))


@pytest.mark.parametrize(
    ("mappings", "path"),
    [
        ({"properties": {"a": {"type": "nested", "properties": {"b": UNSAFE["faiss"][0]}}}}, "a.b"),
        ({"properties": {"a": {"properties": {"b": {"properties": {"c": UNSAFE["faiss"][0]}}}}}}, "a.b.c"),
        ({"properties": {"a": {"type": "text", "fields": {"b": UNSAFE["faiss"][0]}}}}, "a.b"),
        ({"dynamic_templates": [{"any": {"mapping": UNSAFE["faiss"][0]}}]}, "dynamic_templates.any"),
    ],
)
@pytest.mark.parametrize(
    "wrap", [lambda m: {"mappings": m}, lambda m: {"template": {"mappings": m}}], ids=["index", "template"]
)
def test_an_unsafe_field_is_found_at_any_depth(mappings: dict[str, Any], path: str, wrap: Any) -> None:
    with pytest.raises(UnsafeMappingError, match=f"field '{path}'"):
        lucene.check(wrap(mappings))


class Untouchable:
    """A client that must not be used."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the server was asked for {name}")


def test_nothing_is_sent_when_the_body_of_an_index_is_unsafe(settings: Settings) -> None:
    with pytest.raises(UnsafeMappingError):
        versions.create_version(cast(OpenSearch, Untouchable()), settings, 1, body(UNSAFE["on-disk"][0]))
