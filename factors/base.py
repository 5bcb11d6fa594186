"""A factor: one reason why a document answers a question."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from factors.text import TextSnippet, Words
from vision.image_features import Box, ImageFeatures, Vector

Json = dict[str, Any]
# What the words of a field are to the refinements of an answer: words of running text and whole names are offered, others are
# only counted where another field has them, too. Words of any language are offered where results are in few languages, and
# counted where each is in many: nobody reads them all.
TextUse = Literal["words", "names", "counted", "any language"]
UNSCORED: Json = {"match_none": {}}  # `score` of a feature that the engine does not compute


@dataclass(frozen=True, slots=True)
class Match:
    """Matched keypoints as (x, y, x, y): in the question's image and in the document's, as fractions of each.

    `outline`: the corners of the question's image, or of its part, in the document's image, clockwise, where they are known.
    """

    pairs: tuple[tuple[float, float, float, float], ...]
    outline: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Rescored:
    """The value that a rescore gives one document; `count` is the number behind it, for people (matched points)."""

    value: float
    count: int = 0
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class Rescore:
    """How a feature that no query can compute is computed in our own process, for the best candidates.

    `compute` gets the doc values of a document that `reads` names, each a list as the engine returns it; it returns None where
    the document has no value. The best candidates by the features of `by`, and by rank fusion of all features, are rescored.
    """

    reads: tuple[str, ...]
    compute: Callable[[Mapping[str, Sequence[Any]]], Rescored | None]
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """The question set of `omma evaluate` that a feature is meant for, and the measure for it."""

    questions: str
    measure: str = "NDCG@10"


@dataclass(frozen=True, slots=True)
class Feature:
    """The declaration of one ranking feature of a factor.

    `name` is the factor's name, or `factor.detail`. `compares` names the part of the question that it reads. `scale` is
    "absolute" where values of different questions can be compared (a cosine), "per-query" where they cannot (BM25).
    `missing_as` is the meaning of a missing value: "none", there is no match; "median", nothing is known of the document, which
    then counts as the median candidate. `retrieves`: it proposes candidates. `rescored`: it is computed in our process for the
    best candidates. `retrieval_is_evidence`: a match alone makes a document relevant (an exact word, verified keypoints),
    whatever its value; a value of any other feature must reach a calibrated threshold, or stand out from the background
    (ranking/cutoff.py). `is_evidence`: a value says something of collections that it was not fitted to; otherwise it orders
    results, and decides nothing about what is shown. `identifies`: a high value means that both images show the very
    same thing, and can name a landmark. `weight` is its share of its factor's weight in rank fusion. A feature that is not
    `enabled_by_default` is used where OMMA_MORE_COLUMNS names it.
    """

    name: str
    compares: Literal["picture", "words", "marks"] = "picture"
    scale: Literal["absolute", "per-query"] = "absolute"
    missing_as: Literal["none", "median"] = "none"
    retrieves: bool = True
    rescored: bool = False
    retrieval_is_evidence: bool = False
    is_evidence: bool = True
    identifies: bool = False
    weight: float = 1.0
    enabled_by_default: bool = True
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One feature of one question: how the engine retrieves by it, and how it scores any given document by it.

    `name` is the feature's. `retrieve` is a query (approximate k-NN or match) that proposes candidates, or None where the
    feature only scores. `score` is the exact query; it must not match a document that lacks the field, so that missing stays
    missing. `weight` replaces the feature's own, for this question. `rescore` computes the value where the engine does not
    (`score` is then UNSCORED).
    """

    name: str
    score: Json
    retrieve: Json | None = None
    weight: float | None = None
    rescore: Rescore | None = None

    def named(self) -> Json:
        """`score` under its name, by which the engine reports its part; a `bool` because not every query takes a name."""
        return {"bool": {"must": [self.score], "_name": self.name}}


@dataclass(frozen=True, slots=True)
class Marked:
    """Features of the documents that were marked "more like this" and "less like this", by id."""

    more: Mapping[str, ImageFeatures] = field(default_factory=dict)
    less: Mapping[str, ImageFeatures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as factors read it.

    `image_features` is of the image asked with, or of the part that was chosen (`region` is then true). `text_embedding` is the
    embedding of the words in the joint embedding of images and words, minus that of excluded words (unit length); None where no
    factor of the index takes it, or the words could not be encoded. Documents that were marked have moved both (`marked`).
    """

    image_features: ImageFeatures | None = None
    words: Words = field(default_factory=Words)
    region: bool = False
    k: int = 200
    filters: tuple[Json, ...] = ()  # filter clauses, for `retrieve` clauses of approximate k-NN
    text_embedding: Vector | None = None
    marked: Marked = field(default_factory=Marked)
    word_fields: tuple[str, ...] = ()  # of all active factors (Factor.word_fields), for features over every text

    def vector(self) -> Vector | None:
        """The embedding of the question's image, if there is one."""
        return self.image_features.embedding if self.image_features else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The material for the explanation of one result: the feature and its value, the document, the engine's inner hits
    (their `_source`) and highlights, and the result of its rescore.
    """

    clause: str
    value: float
    document: Mapping[str, Any]
    question: Question
    inner: Sequence[Mapping[str, Any]] = ()
    highlights: Sequence[str] = ()
    rescored: Rescored | None = None


@dataclass(frozen=True, slots=True)
class DescriptionItem:
    """One thing that an image's page shows: a text, and where known its confidence (0..1), box, colour or further words."""

    text: str
    confidence: float | None = None
    box: Box | None = None
    rgb: tuple[int, int, int] | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """A part of an image's page: a heading and items.

    `lines`: the items are lines of text, not names. `facet` names the facet (`Factor.facets`) whose values the items are: the
    page then links each to the images that share it. `note` is a sentence below the heading.
    """

    title: str
    items: tuple[DescriptionItem, ...]
    lines: bool = False
    facet: str = ""
    note: str = ""


class Factor(ABC):
    """One reason why a document answers a question: one file, one subclass with a name.

    The mapping, documents, retrieval, factor table, learned order, cutoff, explanation and its section of the factors page
    (docs/reference/factors.md) follow from it.
    `features` declares every ranking feature that it can give. `reads` names the extractors whose weights made its fields: the
    mapping's `_meta` records their fingerprints. `needs_text_embedding`: it compares the words in the joint embedding, where
    they are encoded only if some factor needs it. `snippet_fields` names every field that `snippet_fields_of` can give.
    `weight` is its share in rank fusion unless a setting says otherwise. `about` is its paragraph in docs/reference/factors.md.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    features: ClassVar[tuple[Feature, ...]]
    reads: ClassVar[tuple[str, ...]] = ()
    snippet_fields: ClassVar[tuple[str, ...]] = ()
    needs_text_embedding: ClassVar[bool] = False
    weight: ClassVar[float] = 1.0

    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """The part of the mapping's `properties` that this factor owns; no two factors own the same field.

        `dimensions`: extractor -> length of its vectors. A factor without fields of its own does not override this.
        """
        return {}

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """Fields of the document that come from its image."""
        return {}

    def snippet_fields_of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> Json:
        """Fields of the document that come from text linked to it; called with all snippets whenever one is added.

        A field of `snippet_fields` that is not given is removed from the document. `document` has the fields that come from
        its image, for factors that need both.
        """
        return {}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Inverse of `image_fields`: the extractors' outputs, by extractor, as far as the document has them."""
        return {}

    @abstractmethod
    def clauses(self, question: Question) -> list[Clause]:
        """One clause per feature that applies to the question; empty where the question has nothing to compare."""

    def text_fields(self) -> tuple[str, ...]:
        """Analysed text fields in which `+word`, `-word` and `"a phrase"` are searched."""
        return ()

    def word_fields(self) -> tuple[str, ...]:
        """Those text fields in which a match is the word itself, and no stem of another language."""
        return self.text_fields()

    def refining_fields(self) -> Mapping[str, TextUse]:
        """Fields of `_source` whose words narrow results down (`Answer.refinements`); `text_fields` must find these words."""
        return {}

    def facets(self) -> Mapping[str, str]:
        """Names to filter by -> keyword fields of their values: `{"colour": "colour"}`."""
        return {}

    def unshown_fields(self) -> tuple[str, ...]:
        """Large fields of `_source` that a page of results does not need."""
        return ()

    def highlight(self, question: Question) -> Json:
        """Entries for the engine's `highlight.fields`, by field."""
        return {}

    def inner(self, clause: Clause) -> Json | None:
        """`inner_hits` to ask for with the shown results, for a clause that is a nested query."""
        return None

    def box(self, evidence: Evidence) -> list[float] | None:
        """The part of the document's image that matched, as fractions [x, y, w, h]."""
        return None

    def describe(self, image_features: ImageFeatures, document: Mapping[str, Any]) -> Sequence[Description]:
        """The parts of the image's page that this factor gives; `image_features` are restored from the document."""
        return ()

    def explain(self, evidence: Evidence) -> str:
        """One short sentence for people: what this factor found in the document."""
        return f"{self.title}: {evidence.value:.3f}"


def rectangle_around(boxes: Sequence[Sequence[float]]) -> list[float] | None:
    """The smallest rectangle [x, y, w, h] that contains all boxes [x, y, w, h]; None without any. For `Factor.box`."""
    if not boxes:
        return None
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return [round(value, 4) for value in (left, top, right - left, bottom - top)]
