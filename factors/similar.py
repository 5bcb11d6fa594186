"""Similar: the whole images look alike."""

from collections.abc import Mapping
from typing import Any, ClassVar

from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task
from vision.image_features import ImageFeatures


class Similar(Factor):
    """k-NN over the embedding of the whole picture."""

    name: ClassVar[str] = "similar"
    title: ClassVar[str] = "Similar image"
    about: ClassVar[str] = (
        "The embedding of the question's picture, or of its chosen part, against that of every document's whole picture. It "
        "is general: nothing was learned about any kind of thing. Candidates come from an HNSW graph over vectors of bytes; "
        "the value is (1 + cosine) / 2 of these, computed exactly."
    )
    reads: ClassVar[tuple[str, ...]] = ("embedding",)
    weight: ClassVar[float] = 1.5
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("similar", missing_as="median", identifies=True, task=Task("same object")),
    )

    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """One vector."""
        return {"similar": knn.field(dimensions["embedding"], data_type="byte")}

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """The embedding, or nothing where its extractor failed."""
        return {} if image_features.embedding is None else {"similar": knn.as_bytes(image_features.embedding)}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The embedding."""
        vector = document.get("similar")
        return {} if vector is None else {"embedding": knn.as_vector(vector)}

    def clauses(self, question: Question) -> list[Clause]:
        """One column where there is a picture to ask with."""
        embedding = question.vector()
        if embedding is None:
            return []
        return [knn.clause("similar", "similar", embedding, question, "byte")]

    def unshown_fields(self) -> tuple[str, ...]:
        """The vector."""
        return ("similar",)

    def explain(self, evidence: Evidence) -> str:
        """The cosine."""
        part = "chosen part" if evidence.question.region else "picture"
        return f"Looks like your {part} (cosine {knn.cosine(evidence.value):.2f})."
