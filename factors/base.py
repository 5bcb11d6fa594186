"""A factor: one reason why a document answers a question."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from factors.linked import TextSnippet
from factors.words import Words
from vision.image_features import ImageFeatures, Vector

Json = dict[str, Any]


UNSCORED: Json = {"match_none": {}}  # `score` of a column whose value the engine does not compute


@dataclass(frozen=True, slots=True)
class Match:
    """Which points of the question's picture are which of the document's: [x, y, x, y], fractions of each picture.

    `outline`: the corners of what was asked with on the document's picture, clockwise, where they are known.
    """

    pairs: tuple[tuple[float, float, float, float], ...]
    outline: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Rescored:
    """What a check says of one document; `count` is what its value was made from, for people."""

    value: float
    count: int = 0
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class Rescore:
    """How a column is computed in our own process, for the best few candidates: what no query can compute.

    `reads` names the doc values that `compute` is given of a document, each a list as the engine has it; None from it means
    that the document has no value. The best by the columns of `by`, and the best by all columns' proposals, are looked at.
    """

    reads: tuple[str, ...]
    compute: Callable[[Mapping[str, Sequence[Any]]], Rescored | None]
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One column of the factor table: how the engine finds by it, and how it scores any given document by it.

    `name` is the learning-to-rank feature's name: the factor's name, or `factor.detail`. `retrieve` is a query (approximate
    k-NN or match) that proposes candidates, or None for a factor that only judges. `score` is the exact query; it must
    not match a document that lacks the field, so that missing stays missing. `neutral` says what missing means: nothing is
    known (no object was found that could be compared), rather than that there is no match, as with words. `weight` is the
    column's share of its factor's weight in rank fusion. `rescore` computes the value where the engine does not (`score` is
    then
    UNSCORED). `sure` is false where proposing a document says nothing for it, unless something else does. `standard` is false
    of what did not help (docs/ablation.md): it is out of the default set, and asked only where OMMA_MORE_COLUMNS names it.
    """

    name: str
    score: Json
    retrieve: Json | None = None
    neutral: bool = False
    weight: float = 1.0
    rescore: Rescore | None = None
    sure: bool = True
    standard: bool = True

    @property
    def is_evidence(self) -> bool:
        """Whether having a value speaks for a document, as long as no threshold was measured."""
        return self.rescore is not None or (self.retrieve is not None and self.sure)

    def named(self) -> Json:
        """`score` under its name, by which the engine reports its part; a `bool` because not every query takes a name."""
        return {"bool": {"must": [self.score], "_name": self.name}}


@dataclass(frozen=True, slots=True)
class Question:
    """What the factors read of a question.

    `image_features` is of the picture asked with, or of the part that was chosen (`region` is then true). `text_embedding` is
    where the
    words lie in the joint embedding of pictures and words, what is not wanted taken away (unit length); None where no factor of
    the
    index takes it, or the words could not be read.
    """

    image_features: ImageFeatures | None = None
    words: Words = field(default_factory=Words)
    region: bool = False
    k: int = 200
    filters: tuple[Json, ...] = ()  # filter clauses, for `retrieve` clauses of approximate k-NN
    text_embedding: Vector | None = None

    def vector(self) -> Vector | None:
        """The embedding asked with, if there is one."""
        return self.image_features.embedding if self.image_features else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What explaining one result can draw on: the column and its value, the document, the engine's inner hits (their
    `_source`) and highlights, and what a check said.
    """

    clause: str
    value: float
    document: Mapping[str, Any]
    question: Question
    inner: Sequence[Mapping[str, Any]] = ()
    highlights: Sequence[str] = ()
    rescored: Rescored | None = None


class Factor(ABC):
    """One file in this folder, one subclass with a name: mapping, documents, query, table, explanation and docs follow.

    `reads` names the extractors whose weights made the fields: the mapping's `_meta` records their fingerprints.
    `needs_text_embedding` says that it asks with the meaning of the words, which is read only where some factor does.
    `weight` is its share in rank fusion unless a setting says otherwise. `about` is its paragraph in docs/factors.md.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    reads: ClassVar[tuple[str, ...]] = ()
    needs_text_embedding: ClassVar[bool] = False
    weight: ClassVar[float] = 1.0

    @abstractmethod
    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """The part of the mapping's `properties` that this factor owns; no two factors own the same field.

        `dimensions` tells the length of the extractors' vectors (`embedding`).
        """

    def seen(self, image_features: ImageFeatures) -> Json:
        """Fields of the document that come from its picture."""
        return {}

    def linked(self, snippets: Sequence[TextSnippet], seen: Mapping[str, Any]) -> Json:
        """Fields of the document that come from text linked to it; made anew whenever a snippet is added.

        Every field that may ever come of it is named, with None where there is nothing. `seen` is the document with the
        fields that come from its picture, for what takes both.
        """
        return {}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The way back: observations (by extractor name) that `seen` put into the document."""
        return {}

    @abstractmethod
    def clauses(self, question: Question) -> list[Clause]:
        """The columns this factor adds for the question; empty where the question gives it nothing to go by."""

    def text_fields(self) -> tuple[str, ...]:
        """Analysed text fields in which `+word`, `-word` and `"a phrase"` are looked for."""
        return ()

    def word_fields(self) -> tuple[str, ...]:
        """Those of them in which a word that matches is surely that word, and no stem of another language."""
        return self.text_fields()

    def facets(self) -> Mapping[str, str]:
        """Names to narrow down by, and the keyword fields that hold their values: `{"colour": "colour"}`."""
        return {}

    def unshown_fields(self) -> tuple[str, ...]:
        """Large fields of `_source` that a page of results has no use for."""
        return ()

    def highlight(self, question: Question) -> Json:
        """Entries for the engine's `highlight.fields`, by field."""
        return {}

    def inner(self, clause: Clause) -> Json | None:
        """`inner_hits` to ask for with the shown results, for a clause that is a nested query."""
        return None

    def box(self, evidence: Evidence) -> list[float] | None:
        """The part of the document's picture that matched, as fractions [x, y, w, h]."""
        return None

    def explain(self, evidence: Evidence) -> str:
        """One short sentence for people: why this factor speaks for the document."""
        return f"{self.title}: {evidence.value:.3f}"
