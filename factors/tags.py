"""Tags: what the text of similar images says that an image shows."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from factors.base import Clause, Description, DescriptionItem, Evidence, Factor, Feature, Json, Question
from factors.text import TextSnippet
from vision.image_features import ImageFeatures

TAG_FIELDS = ("tag", "tag_words", "tags", "tagged_by")  # all that tagging writes (workers/tagging.py)


class Tags(Factor):
    """BM25 over tags that were found in the text of an image's neighbours."""

    name: ClassVar[str] = "tags"
    title: ClassVar[str] = "Tags"
    about: ClassVar[str] = (
        "What the text of similar pictures says that a picture shows ([tags](../explanation/tags.md)): a worker finds it after "
        "an ingest, and again for a picture whose text or neighbours changed; the picture's own text is not read for it. "
        "Certain tags, and what they are kinds of, are a facet (`tag:lighthouse`) and stand on the picture's page. `tags` is "
        "BM25 of the words against them."
    )
    weight: ClassVar[float] = 0.5
    # Whenever text is added to a document, its tags are found anew: without `tagged_by` they are due.
    snippet_fields: ClassVar[tuple[str, ...]] = ("tagged_by",)
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("tags", compares="words", scale="per-query", is_evidence=False, enabled_by_default=False),
    )

    def fields(self, dimensions: object) -> Json:
        """Names as a facet and as words, the tags as they are, and the neighbours that said so."""
        return {
            "tag": {"type": "keyword", "ignore_above": 256},
            "tag_words": {"type": "text", "analyzer": "folded", "norms": False},
            "tags": {"type": "object", "enabled": False},
            "tagged_by": {"type": "keyword"},
        }

    def snippet_fields_of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> Json:
        """Nothing: tags need the neighbours, and are found after the document was written."""
        return {}

    def clauses(self, question: Question) -> list[Clause]:
        """One column where there are words."""
        if not question.words:
            return []
        match: Json = {"match": {"tag_words": " ".join(question.words.content)}}
        return [Clause("tags", score=match, retrieve=match)]

    def facets(self) -> Mapping[str, str]:
        """The names."""
        return {"tag": "tag"}

    def unshown_fields(self) -> tuple[str, ...]:
        """All but the names."""
        return ("tag_words", "tags", "tagged_by")

    def describe(self, image_features: ImageFeatures, document: Mapping[str, Any]) -> Sequence[Description]:
        """The tags with their confidence, each with its broader ones."""
        found = (document.get("tags") or {}).get("list", [])
        items = [DescriptionItem(one["name"], one["confidence"], more=tuple(one["broader"])) for one in found]
        return [Description("Tags of similar pictures", tuple(items), facet="tag")] if items else []

    def explain(self, evidence: Evidence) -> str:
        """The names, and how well the words match them."""
        names = ", ".join(evidence.document.get("tag", [])) or "what your words say"
        return f"Similar pictures call it: {names} (BM25 {evidence.value:.2f})."
