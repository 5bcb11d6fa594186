"""k-NN as factors use it: a Lucene HNSW field, approximate retrieval, exact scores."""

from collections.abc import Sequence

import numpy as np

from factors.base import Clause, Json, Question
from vision.image_features import Vector


def field(dimension: int, space: str = "cosinesimil", data_type: str = "float") -> Json:
    """A `knn_vector` that is safe on a server without native libraries."""
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


def retrieve(path: str, vector: Sequence[float], k: int, filters: Sequence[Json]) -> Json:
    """Approximate k-NN; the filters hold while the graph is walked, so k results come back if there are k."""
    inner: Json = {"vector": list(vector), "k": k}
    if filters:
        inner["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {path: inner}}


def exact(path: str, vector: Sequence[float]) -> Json:
    """Cosine similarity of any document that has the field, as (1 + cos) / 2, within 0..1.

    `knn_score` with `cosinesimil` (k-NN plugin); `exists` keeps a document without a vector missing.
    """
    return {
        "script_score": {
            "query": {"exists": {"field": path}},
            "script": {
                "lang": "knn",
                "source": "knn_score",
                "params": {"field": path, "query_value": list(vector), "space_type": "cosinesimil"},
            },
        }
    }


def clause(name: str, path: str, vector: Vector, question: Question) -> Clause:
    """The clause of a feature that retrieves by approximate k-NN over a field, and scores exactly."""
    asked = as_list(vector)
    return Clause(name, score=exact(path, asked), retrieve=retrieve(path, asked, question.k, question.filters))


def as_vector(kept: Sequence[float]) -> Vector:
    """Inverse of `as_list`."""
    return np.asarray(kept, dtype=np.float32)


def cosine(score: float) -> float:
    """The cosine of a score of `exact`."""
    return 2 * score - 1
