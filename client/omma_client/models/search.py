"""Answers of the section "Search" of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from omma_client.models.picture import (
    Source,
)


class PartItem(BaseModel):
    """One entry of a part: a line of text, a result, a person, a place; fields that say nothing are empty."""

    text: str = ""
    # More of it: a size, a site, a sentence
    note: str = ""
    # Id of the picture that it is about
    document: str = ""
    # http(s) address of the page that it is from
    page: str = ""
    price: float | None = None
    # latitude, longitude
    place: list[float] | None = None
    # x, y, w, h as fractions of the picture asked with
    box: list[float] | None = None
    # That it is right, 0..1
    confidence: float | None = None


class AnswerPart(BaseModel):
    """A part of the answer to a picture question, such as its text, copies, offers or tags, with its reason."""

    name: str
    title: str
    # What the part rests on; of one that is awaited, what is awaited
    reason: str = ""
    # It takes longer than the results: ask again with `complete`
    pending: bool = False
    failed: bool = False
    # Nothing in it is certain
    perhaps: bool = False
    items: list[PartItem] = []
    # What only this part has: `tags`, `card`
    data: dict[str, Any] = {}


class FoundObject(BaseModel):
    """An object detected in the question's image; searching with its box searches for that part."""

    label: str
    confidence: float
    # x, y, w, h as fractions of the picture
    box: list[float]
    chosen: bool = False


class AskedQuestion(BaseModel):
    """The question as it was understood."""

    # sha256 of the picture asked with, or the id of the document
    picture: str | None = None
    objects: list[FoundObject] = []
    box: list[float] | None = None
    words: str = ""
    filters: dict[str, list[str]] = {}
    # Ids of the documents that were marked `more`
    more: list[str] = []
    # Ids of the documents that were marked `less`
    less: list[str] = []
    # What the classifier calls the picture
    labels: list[str] = []
    # What was read on the picture
    text: str = ""


class Cutoff(BaseModel):
    """Where the irrelevant tail begins: from what probability a candidate is shown, and how many are not."""

    # Least probability of a result that is shown; 0 without calibration
    shown: float = 0.0
    # Probability of the best result, below which the answer is uncertain
    sure: float = 0.0
    removed: int = 0
    # How both were chosen
    rule: str = ""
    calibrated_on: str = ""


class Facet(BaseModel):
    """A value to narrow down by, and how many results have it."""

    value: str
    count: int


class Intent(BaseModel):
    """What a picture question is asked for: it decides which part the answer leads with, and filters nothing."""

    goal: str
    # Of this goal, 0..1; 1 where the user chose it
    probability: float
    # What decided: the user, the classifier, or rules where the classifier does not fit the weights
    by: str
    reason: str
    # Of every goal as guessed, the most likely first
    probabilities: dict[str, float]


class Landmark(BaseModel):
    """A landmark that the picture asked with shows: the best of its reference pictures that is surely the same thing."""

    name: str
    # latitude, longitude
    place: list[float] | None = None
    # Id of that reference picture
    result: str
    # Columns by which it is the same thing, and their values; the surest first
    by: dict[str, float]
    # Share of questions in which, as measured, nothing else reaches such a value, 0..1
    sure: float
    text: str


class Refinement(BaseModel):
    """A word, or a name of several words, that some of the results have and others do not."""

    # As most of these results write it, in lower case
    word: str
    # Results that have it, or another form of it, of the 100 best
    count: int
    # Where it is from: `linked_text`, `ocr`, `labels`, ...
    factors: list[str]
    # What the question takes in addition to find only results with it: `+beach`
    require: str
    # What it takes to find only results without it, in any form: `-beach -beaches`
    exclude: str


class Matched(BaseModel):
    """Keypoints of the image asked with that were matched in a result."""

    # The feature that they were matched for
    factor: str
    # x, y on the picture asked with, x, y on the result; fractions of each
    points: list[list[float]]
    # Where the corners of what was asked with lie on the result, as x, y; they may lie beyond its edge
    outline: list[list[float]] = []


class Why(BaseModel):
    """One factor's part in a result."""

    factor: str
    title: str
    # Empty where the document has none, or where it is no single column
    value: float | None = None
    # Among the candidates; the first is 1
    rank: int | None = None
    # What it adds to the score, or takes from it, in the score's own unit
    contribution: float
    # Its part of all contributions, whatever their sign, 0..1; shares add up to 1
    share: float
    text: str


class Result(BaseModel):
    """One picture of the answer."""

    id: str
    score: float
    # That it answers the question; empty without calibration
    probability: float | None = None
    factors: dict[str, float]
    why: list[Why]
    box: list[float] | None = None
    matches: list[Matched] = []
    # Field -> snippets; matches between U+E000 and U+E001
    highlights: dict[str, list[str]] = {}
    duplicates: list[Result] = []
    sources: list[Source] = []
    title: str = ""
    category: str = ""
    collections: list[str] = []
    # Names of landmarks that it is a reference picture of
    landmarks: list[str] = []
    # latitude, longitude
    place: list[float] | None = None
    # Of the first place that has one
    price: float | None = None
    width: int = 0
    height: int = 0
    # Its place among all groups of results; the first is 1
    position: int = 0
    # The ranker that chose it, while two are compared (interleaving)
    team: str = ""


class Answer(BaseModel):
    """Everything a search returns."""

    # Names this search in events about it (User Behavior Insights)
    query_id: str = ""
    # What put the results in order: `fusion`, `sltr`, or the id of a learned model
    ranker: str = ""
    question: AskedQuestion
    # The user's goal; empty where no picture is asked with
    intent: Intent | None = None
    # What answers the goal best comes first; of the first page alone
    parts: list[AnswerPart] = []
    # What the picture asked with shows, the surest first
    landmarks: list[Landmark] = []
    results: list[Result]
    # Groups of results after the cut, over all pages
    total: int
    page: int = 1
    number: int = 24
    # There are results, but none that is certain (`cutoff.sure`)
    perhaps: bool = False
    # There were more candidates than are ranked (OMMA_CANDIDATES)
    more: bool = False
    cutoff: Cutoff
    facets: dict[str, list[Facet]]
    # Words that split the results, the most telling first
    refinements: list[Refinement] = []
    warnings: list[str] = []
    # Milliseconds by stage, and `total`
    took: dict[str, float]
    # The exact requests sent, when asked for
    dsl: list[dict[str, Any]] | None = None


class KeptPicture(BaseModel):
    """A picture that searches can name by its id until it expires."""

    # sha256; the `picture` parameter of a search
    picture: str
    width: int
    height: int
    format: str
    # How long it is kept after its last use
    seconds: int


class Sample(BaseModel):
    """A picture of the collection to begin with."""

    id: str
    title: str = ""
    width: int = 0
    height: int = 0


class Overview(BaseModel):
    """What there is to search: counts, and some pictures to begin with."""

    documents: int
    collections: list[Facet] = []
    categories: list[Facet] = []
    samples: list[Sample] = []
    # What orders and cuts results: `order`, `cutoff` and `adapted` of the status
    ranking: dict[str, str] = {}


class PictureRow(BaseModel):
    """Results for one object in a picture, or for the whole picture, without explanations."""

    # Empty: the whole picture
    label: str = ""
    confidence: float | None = None
    # x, y, w, h as fractions of the picture; a search with it has all results
    box: list[float] | None = None
    results: list[Result]
    # Groups of results after the cut
    total: int
    # There are results, but none that is certain
    perhaps: bool = False


class PictureRows(BaseModel):
    """Everything in a picture: a row for the whole, then one for each object, the largest first."""

    question: AskedQuestion
    rows: list[PictureRow]
    warnings: list[str] = []
    # Milliseconds by stage, and `total`
    took: dict[str, float]
    # The exact requests sent, when asked for
    dsl: list[dict[str, Any]] | None = None


class Difference(BaseModel):
    """One factor's part in the difference of two scores."""

    factor: str
    title: str
    # Its value for the upper result; empty where it has none
    above: float | None = None
    # Its value for the lower result
    below: float | None = None
    # What it adds to the upper score beyond what it adds to the lower one
    contribution: float


class ResultComparison(BaseModel):
    """Two results of one question; `above` is the one that ranks higher, whichever was named first."""

    question: AskedQuestion
    ranker: str
    above: Result
    below: Result
    # Their places among all candidates; the first is 1
    places: tuple[int, int]
    # The weightiest first; they add up to the difference of the scores
    differences: list[Difference]
    text: str
    warnings: list[str] = []


class Status(BaseModel):
    """How much there is and what waits; a figure whose server does not answer is empty."""

    documents: int | None
    quarantined: int | None
    # Documents on which an extractor failed, by extractor
    missing: dict[str, int] | None
    # Batches that wait for a worker, by queue
    queues: dict[str, int] | None
    # Parts of plugins that are broken or take no part, each with the reason
    left_out: list[str] = []
    # What orders results, and why
    order: str | None = None
    # By what results are cut
    cutoff: str | None = None
    # When Omma adapted to the collection, and with what outcome
    adapted: str | None = None
