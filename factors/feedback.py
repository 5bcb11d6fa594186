"""Feedback: a document resembles those that were marked "more like this", in what no embedding holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question
from factors.colours import palette
from vision.image_features import ImageFeatures, unit

TEXT_FIELDS = ("linked.all", "ocr")
MAX_TERMS = 25  # of the marked documents' texts, that are looked for


class Feedback(Factor):
    """Text, objects and colours of the documents that were marked."""

    name: ClassVar[str] = "feedback"
    title: ClassVar[str] = "Like what you marked"
    about: ClassVar[str] = (
        "Documents that were marked “more like this” or “less like this” move the question's embeddings and labels, which the "
        "other factors compare ([query](query.md#more-and-less-like-this)). What cannot move is compared here: "
        "`feedback.words` is BM25 of the most telling words of the text of documents marked “more” (and not of those marked "
        "“less”), `feedback.objects` the share of the names of their objects that a document has, `feedback.colours` "
        "(1 + cosine) / 2 of its palette and their mean palette. It judges candidates and proposes none. It has no fields of "
        "its own."
    )
    weight: ClassVar[float] = 0.5
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("feedback.words", compares="marks", scale="per-query", retrieves=False, enabled_by_default=False),
        Feature("feedback.objects", compares="marks", retrieves=False, enabled_by_default=False),
        Feature(
            "feedback.colours", compares="marks", missing_as="median", retrieves=False, weight=0.25, enabled_by_default=False
        ),
    )

    def clauses(self, question: Question) -> list[Clause]:
        """One feature for each thing that the documents marked "more" have; none without any."""
        marked = question.marked
        if not marked.more:
            return []
        queries = {
            "feedback.words": _words(list(marked.more), list(marked.less)),
            "feedback.objects": _objects(list(marked.more.values())),
            "feedback.colours": _colours(marked.more),
        }
        return [Clause(name, score=query) for name, query in queries.items() if query]

    def explain(self, evidence: Evidence) -> str:
        """What is alike."""
        if evidence.clause == "feedback.words":
            return "Its text has words of the text of what you marked."
        if evidence.clause == "feedback.objects":
            return f"Has {evidence.value:.0%} of the objects in what you marked."
        return f"Has colours like what you marked (cosine {knn.cosine(evidence.value):.2f})."


def _words(more: Sequence[str], less: Sequence[str]) -> Json:
    """BM25 of the terms that are frequent in these documents and rare elsewhere."""
    like, unlike = ([{"_id": document} for document in ids] for ids in (more, less))
    terms: Json = {"fields": list(TEXT_FIELDS), "min_term_freq": 1, "min_doc_freq": 2, "max_query_terms": MAX_TERMS}
    return {"more_like_this": terms | {"like": like, "minimum_should_match": 1} | ({"unlike": unlike} if unlike else {})}


def _objects(more: Sequence[ImageFeatures]) -> Json:
    """The weights of the names that a document has: of each, the share of the marked documents' names."""
    counts = Counter(name for features in more for name in {found.label for found in features.objects or ()})
    each = [
        {"constant_score": {"filter": {"match_phrase": {"object_names": name}}, "boost": count / counts.total()}}
        for name, count in counts.items()
    ]
    return {"bool": {"should": each, "minimum_should_match": 1}} if each else {}


def _colours(more: Mapping[str, ImageFeatures]) -> Json:
    palettes = [palette(features.colours) for features in more.values() if features.colours]
    return knn.exact("palette", knn.as_list(unit(np.mean(palettes, axis=0)))) if palettes else {}
