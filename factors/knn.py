"""k-NN as factors use it: a Lucene HNSW field, approximate retrieval, exact scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from factors.base import Clause, Json, Question
from vision.image_features import Vector, unit

MAX_BYTE = 127
COSINE_OF_BYTES = "(1.0 + cosineSimilarity(params.query_value, doc[params.field])) / 2.0"  # Painless, by the k-NN plugin


def field(dimension: int, space: str = "cosinesimil", data_type: str = "float") -> Json:
    """A `knn_vector` that is safe on a server without native libraries; `data_type` is "float" or "byte"."""
    return {
        "type": "knn_vector",
        "dimension": dimension,
        "data_type": data_type,
        "method": {
            "name": "hnsw",
            "engine": "lucene",
            "space_type": space,
            "parameters": {"ef_construction": 128, "m": 16},
        },
    }


def as_list(vector: Vector) -> list[float]:
    """A vector as JSON: six digits are enough for float32 similarity, and half the bytes."""
    return [round(float(v), 6) for v in vector]


def as_bytes(vector: Vector) -> list[int]:
    """A vector as whole numbers within -127..127, scaled by its largest: cosines stay, and it takes a quarter of the room."""
    largest = float(np.abs(vector).max(initial=0.0)) or 1.0
    scaled: NDArray[np.int64] = np.rint(vector * (MAX_BYTE / largest)).astype(np.int64)
    return [int(value) for value in scaled]


def retrieve(path: str, vector: Sequence[float], k: int, filters: Sequence[Json]) -> Json:
    """Approximate k-NN; the filters hold while the graph is walked, so k results come back if there are k."""
    inner: Json = {"vector": list(vector), "k": k}
    if filters:
        inner["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {path: inner}}


def exact(path: str, vector: Sequence[float], data_type: str = "float") -> Json:
    """Cosine similarity of any document that has the field, as (1 + cos) / 2, within 0..1.

    `exists` keeps a document without a vector missing. The engine's own `knn_score` gives bytes another scale than floats, so
    the formula of bytes is written out.
    """
    params: Json = {"field": path, "query_value": list(vector)}
    script: Json = {"lang": "knn", "source": "knn_score", "params": params | {"space_type": "cosinesimil"}}
    if data_type == "byte":
        script = {"source": COSINE_OF_BYTES, "params": params}
    return {"script_score": {"query": {"exists": {"field": path}}, "script": script}}


def clause(name: str, path: str, vector: Vector, question: Question, data_type: str = "float") -> Clause:
    """The clause of a feature that retrieves by approximate k-NN over a field of that type, and scores exactly."""
    asked = as_bytes(vector) if data_type == "byte" else as_list(vector)
    score = exact(path, asked, data_type)
    return Clause(name, score=score, retrieve=retrieve(path, asked, question.k, question.filters))


def as_vector(kept: Sequence[float]) -> Vector:
    """Inverse of `as_list`, and of `as_bytes` up to rounding: a unit vector."""
    return unit(np.asarray(kept, dtype=np.float32))


def cosine(score: float) -> float:
    """The cosine of a score of `exact`."""
    return 2 * score - 1
