"""The stable interface for plugins: all names that a plugin of Omma needs, and the only module that it imports from Omma.

A plugin adds factors, extractors, sources, evaluation sets and unseen collections. Each is one class in one file: a file in a
folder that OMMA_PLUGIN_PATH names, or an entry point of an installed package in the group `omma.factors`, `omma.extractors`,
`omma.sources`, `omma.evaluation_sets` or `omma.unseen_collections`. A class is registered if its module defines it and it has a
`name`. A part that fails at import, or whose name is taken, is left out; `omma doctor` says why. Importing this module loads no
model and no model library.

A complete example, one file with an extractor and a factor that compares images by its output:

    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

    import numpy as np
    from PIL import Image

    from omma_plugin import (
        Clause, Evidence, Extractor, Factor, Feature, ImageFeatures, Json, Picture, Question, Vector, knn, unit,
    )


    class Layout(Extractor[Vector]):
        \"\"\"Mean brightness of an 8 x 8 grid, a unit vector [64].\"\"\"

        name: ClassVar[str] = "layout"
        dimension = 64

        @property
        def fingerprint(self) -> str:
            return "layout-8x8@1"  # change it whenever the output changes: vectors of different fingerprints are never compared

        def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
            small = (Image.fromarray(picture.pixels).convert("L").resize((8, 8)) for picture in pictures)
            return [unit(np.asarray(image, dtype=np.float32).ravel()) for image in small]


    class LayoutFactor(Factor):
        \"\"\"k-NN over layouts.\"\"\"

        name: ClassVar[str] = "layout"
        title: ClassVar[str] = "Same layout"
        about: ClassVar[str] = "Cosine of the brightness of an 8 x 8 grid."
        reads: ClassVar[tuple[str, ...]] = ("layout",)
        features: ClassVar[tuple[Feature, ...]] = (Feature("layout"),)

        def fields(self, dimensions: Mapping[str, int]) -> Json:
            return {"layout": knn.field(dimensions["layout"])}

        def image_fields(self, image_features: ImageFeatures) -> Json:
            vector = image_features.of("layout")
            return {} if vector is None else {"layout": knn.as_list(vector)}

        def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
            return {"layout": knn.as_vector(document["layout"])} if "layout" in document else {}

        def clauses(self, question: Question) -> list[Clause]:
            vector = question.image_features.of("layout") if question.image_features else None
            return [] if vector is None else [knn.clause("layout", "layout", vector, question)]

        def explain(self, evidence: Evidence) -> str:
            return f"Light and dark lie alike (cosine {knn.cosine(evidence.value):.2f})."

`docs/tutorials/plugins.md` has this example with an image page, a source and a package around it.
"""

from evaluation.datasets import SAME, Known
from evaluation.evaluation_set import EvaluationSet, Posed, family_of
from evaluation.unseen.collection import UnseenCollection, UnseenQuestion, UnseenSources
from factors import knn
from factors.base import (
    UNSCORED,
    Clause,
    Description,
    DescriptionItem,
    Evidence,
    Factor,
    Feature,
    Json,
    Match,
    Question,
    Rescore,
    Rescored,
    Task,
)
from factors.text import Kind, TextSnippet
from ingest.item import Item, Refusal
from ingest.sources.registry import Source
from ranking.judgements.judgement import Topic
from vision.extractor import Extractor, Failure, Value, fingerprint_of_files, fingerprint_of_values
from vision.image_features import Box, ImageFeatures, Vector, unit
from vision.picture import Picture

__all__ = [
    "SAME",
    "UNSCORED",
    "Box",
    "Clause",
    "Description",
    "DescriptionItem",
    "EvaluationSet",
    "Evidence",
    "Extractor",
    "Factor",
    "Failure",
    "Feature",
    "ImageFeatures",
    "Item",
    "Json",
    "Kind",
    "Known",
    "Match",
    "Picture",
    "Posed",
    "Question",
    "Refusal",
    "Rescore",
    "Rescored",
    "Source",
    "Task",
    "TextSnippet",
    "Topic",
    "UnseenCollection",
    "UnseenQuestion",
    "UnseenSources",
    "Value",
    "Vector",
    "family_of",
    "fingerprint_of_files",
    "fingerprint_of_values",
    "knn",
    "unit",
]
