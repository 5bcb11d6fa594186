"""Products: the whole images look like the same product or kind of product."""

from collections.abc import Mapping
from typing import Any, ClassVar

from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task
from vision.image_features import ImageFeatures


class Products(Factor):
    """k-NN over the embedding of products."""

    name: ClassVar[str] = "products"
    title: ClassVar[str] = "Similar product"
    about: ClassVar[str] = (
        "The embedding of products of the question's picture, or of its chosen part, against that of every document's whole "
        "picture. It reads what the embedding of “Similar image” reads, and was fitted to groceries, garments and drawings, of "
        "which it was shown what belongs together: photos in a shop and pictures in its catalogue. The value is "
        "(1 + cosine) / 2. It orders results; whether one is shown is decided without it, since a cosine of products proves "
        "little of other things."
    )
    reads: ClassVar[tuple[str, ...]] = ("products",)
    weight: ClassVar[float] = 1.0
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("products", missing_as="median", is_evidence=False, task=Task("phone photo to catalogue", "Success@1")),
    )

    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """One vector."""
        return {"products": knn.field(dimensions["products"], data_type="byte")}

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """The embedding, or nothing where its extractor failed."""
        return {} if image_features.products is None else {"products": knn.as_bytes(image_features.products)}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The embedding."""
        vector = document.get("products")
        return {} if vector is None else {"products": knn.as_vector(vector)}

    def clauses(self, question: Question) -> list[Clause]:
        """One column where there is a picture to ask with."""
        vector = question.image_features.products if question.image_features else None
        return [] if vector is None else [knn.clause("products", "products", vector, question, "byte")]

    def unshown_fields(self) -> tuple[str, ...]:
        """The vector."""
        return ("products",)

    def explain(self, evidence: Evidence) -> str:
        """The cosine."""
        part = "chosen part" if evidence.question.region else "picture"
        return f"Looks like the product in your {part} (cosine {knn.cosine(evidence.value):.2f})."
