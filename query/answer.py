"""Answers as JSON: the same models serve the page, the API and the command line."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from ranking.candidate_set import CandidateSet

Goal = Literal["identify", "similar", "shop", "read", "copy", "person", "place", "pattern"]  # answers/intent/goals.py


class FoundObject(BaseModel):
    """An object detected in the question's image; searching with its box searches for that part."""

    label: str
    confidence: float
    box: list[float] = Field(description="x, y, w, h as fractions of the picture")
    chosen: bool = False


class AskedQuestion(BaseModel):
    """The question as it was understood."""

    picture: str | None = Field(None, description="sha256 of the picture asked with, or the id of the document")
    objects: list[FoundObject] = []
    box: list[float] | None = None
    words: str = ""
    filters: dict[str, list[str]] = {}
    more: list[str] = Field([], description="Ids of the documents that were marked `more`")
    less: list[str] = Field([], description="Ids of the documents that were marked `less`")
    labels: list[str] = Field([], description="What the classifier calls the picture")
    text: str = Field("", description="What was read on the picture")


class Source(BaseModel):
    """One place that an image was ingested from."""

    source: str
    reference: str
    collection: str
    page: str = ""


class Why(BaseModel):
    """One factor's part in a result."""

    factor: str
    title: str
    value: float | None = Field(None, description="Empty where the document has none, or where it is no single column")
    rank: int | None = Field(None, description="Among the candidates; the first is 1")
    contribution: float = Field(description="What it adds to the score, or takes from it, in the score's own unit")
    share: float = Field(description="Its part of all contributions, whatever their sign, 0..1; shares add up to 1")
    text: str


class Matched(BaseModel):
    """Keypoints of the image asked with that were matched in a result."""

    factor: str = Field(description="The feature that they were matched for")
    points: list[list[float]] = Field(description="x, y on the picture asked with, x, y on the result; fractions of each")
    outline: list[list[float]] = Field(
        [], description="Where the corners of what was asked with lie on the result, as x, y; they may lie beyond its edge"
    )


class Result(BaseModel):
    """One picture of the answer."""

    id: str
    score: float
    probability: float | None = Field(None, description="That it answers the question; empty without calibration")
    factors: dict[str, float]
    why: list[Why]
    box: list[float] | None = None
    matches: list[Matched] = []
    highlights: dict[str, list[str]] = Field({}, description="Field -> snippets; matches between U+E000 and U+E001")
    duplicates: list["Result"] = []
    sources: list[Source] = []
    title: str = ""
    category: str = ""
    collections: list[str] = []
    landmarks: list[str] = Field([], description="Names of landmarks that it is a reference picture of")
    place: list[float] | None = Field(None, description="latitude, longitude")
    price: float | None = Field(None, description="Of the first place that has one")
    width: int = 0
    height: int = 0
    position: int = Field(0, description="Its place among all groups of results; the first is 1")
    team: str = Field("", description="The ranker that chose it, while two are compared (interleaving)")


class Landmark(BaseModel):
    """A landmark that the picture asked with shows: the best of its reference pictures that is surely the same thing."""

    name: str
    place: list[float] | None = Field(None, description="latitude, longitude")
    result: str = Field(description="Id of that reference picture")
    by: dict[str, float] = Field(description="Columns by which it is the same thing, and their values; the surest first")
    sure: float = Field(description="Share of questions in which, as measured, nothing else reaches such a value, 0..1")
    text: str


class Cutoff(BaseModel):
    """Where the irrelevant tail begins: from what probability a candidate is shown, and how many are not."""

    shown: float = Field(0.0, description="Least probability of a result that is shown; 0 without calibration")
    sure: float = Field(0.0, description="Probability of the best result, below which the answer is uncertain")
    removed: int = 0
    rule: str = Field("", description="How both were chosen")
    calibrated_on: str = ""


class Facet(BaseModel):
    """A value to narrow down by, and how many results have it."""

    value: str
    count: int


class Refinement(BaseModel):
    """A word, or a name of several words, that some of the results have and others do not."""

    word: str = Field(description="As most of these results write it, in lower case")
    count: int = Field(description="Results that have it, or another form of it, of the 100 best")
    factors: list[str] = Field(description="Where it is from: `linked_text`, `ocr`, `labels`, ...")
    require: str = Field(description="What the question takes in addition to find only results with it: `+beach`")
    exclude: str = Field(description="What it takes to find only results without it, in any form: `-beach -beaches`")


class Intent(BaseModel):
    """What a picture question is asked for: it decides which part the answer leads with, and filters nothing."""

    goal: Goal
    probability: float = Field(description="Of this goal, 0..1; 1 where the user chose it")
    by: Literal["chosen", "classifier", "rules"] = Field(
        description="What decided: the user, the classifier, or rules where the classifier does not fit the weights"
    )
    reason: str
    probabilities: dict[Goal, float] = Field(description="Of every goal as guessed, the most likely first")


class PartItem(BaseModel):
    """One entry of a part: a line of text, a result, a person, a place; fields that say nothing are empty."""

    text: str = ""
    note: str = Field("", description="More of it: a size, a site, a sentence")
    document: str = Field("", description="Id of the picture that it is about")
    page: str = Field("", description="http(s) address of the page that it is from")
    price: float | None = None
    place: list[float] | None = Field(None, description="latitude, longitude")
    box: list[float] | None = Field(None, description="x, y, w, h as fractions of the picture asked with")
    confidence: float | None = Field(None, description="That it is right, 0..1")


class AnswerPart(BaseModel):
    """A part of the answer to a picture question, such as its text, copies, offers or tags, with its reason."""

    name: str
    title: str
    reason: str = Field("", description="What the part rests on; of one that is awaited, what is awaited")
    pending: bool = Field(False, description="It takes longer than the results: ask again with `complete`")
    failed: bool = False
    perhaps: bool = Field(False, description="Nothing in it is certain")
    items: list[PartItem] = []
    data: dict[str, Any] = Field({}, description="What only this part has: `tags`, `card`")


class Answer(BaseModel):
    """Everything a search returns."""

    query_id: str = Field("", description="Names this search in events about it (User Behavior Insights)")
    ranker: str = Field("", description="What put the results in order: `fusion`, `sltr`, or the id of a learned model")
    question: AskedQuestion
    intent: Intent | None = Field(None, description="The user's goal; empty where no picture is asked with")
    parts: list[AnswerPart] = Field([], description="What answers the goal best comes first; of the first page alone")
    landmarks: list[Landmark] = Field([], description="What the picture asked with shows, the surest first")
    results: list[Result]
    total: int = Field(description="Groups of results after the cut, over all pages")
    page: int = 1
    number: int = 24
    perhaps: bool = Field(False, description="There are results, but none that is certain (`cutoff.sure`)")
    more: bool = Field(False, description="There were more candidates than are ranked (OMMA_CANDIDATES)")
    cutoff: Cutoff
    facets: dict[str, list[Facet]]
    refinements: list[Refinement] = Field([], description="Words that split the results, the most telling first")
    warnings: list[str] = []
    took: dict[str, float] = Field(description="Milliseconds by stage, and `total`")
    candidate_set: CandidateSet | None = Field(None, exclude=True, description="The factor table as the ranker saw it")
    dsl: list[dict[str, Any]] | None = Field(None, description="The exact requests sent, when asked for")


class PictureRow(BaseModel):
    """Results for one object in a picture, or for the whole picture, without explanations."""

    label: str = Field("", description="Empty: the whole picture")
    confidence: float | None = None
    box: list[float] | None = Field(
        None, description="x, y, w, h as fractions of the picture; a search with it has all results"
    )
    results: list[Result]
    total: int = Field(description="Groups of results after the cut")
    perhaps: bool = Field(False, description="There are results, but none that is certain")


class PictureRows(BaseModel):
    """Everything in a picture: a row for the whole, then one for each object, the largest first."""

    question: AskedQuestion
    rows: list[PictureRow]
    warnings: list[str] = []
    took: dict[str, float] = Field(description="Milliseconds by stage, and `total`")
    dsl: list[dict[str, Any]] | None = Field(None, description="The exact requests sent, when asked for")


class Difference(BaseModel):
    """One factor's part in the difference of two scores."""

    factor: str
    title: str
    above: float | None = Field(None, description="Its value for the upper result; empty where it has none")
    below: float | None = Field(None, description="Its value for the lower result")
    contribution: float = Field(description="What it adds to the upper score beyond what it adds to the lower one")


class ResultComparison(BaseModel):
    """Two results of one question; `above` is the one that ranks higher, whichever was named first."""

    question: AskedQuestion
    ranker: str
    above: Result
    below: Result
    places: tuple[int, int] = Field(description="Their places among all candidates; the first is 1")
    differences: list[Difference] = Field(description="The weightiest first; they add up to the difference of the scores")
    text: str
    warnings: list[str] = []
