"""A judgement, the question it is about, one grade from many judgements, and how far raters agree."""

import hashlib
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

BEST = 4
Grade = Annotated[int, Field(ge=0, le=BEST)]
GRADES = ("unrelated", "hardly related", "related", "good", "perfect")  # 0..4
EVERY_GRADE = list(range(BEST + 1))
# `marks`: results that visitors marked "more like this" or "less like this"; their raters are random numbers.
SourceName = Literal["person", "marks", "clicks", "generated"]
PRECEDENCE: tuple[SourceName, ...] = ("person", "marks", "clicks", "generated")  # the first of these with a judgement decides


class Topic(BaseModel):
    """A question that documents are judged for (TREC's word for it), so that it can be asked again.

    `picture` names the bytes asked with: the sha256 of a picture in the store, or a file's path, relative to the file of
    topics.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field("", description="Empty: made from the rest")
    text: str = ""
    picture: str = ""
    like: str = Field("", description="Id of a document asked with")
    box: list[float] | None = None
    filters: dict[str, list[str]] = {}
    set: str = Field("", description="The question set that it belongs to")

    def named(self) -> "Topic":
        """The topic with an id: its own, or the beginning of a hash of its other fields."""
        if self.id:
            return self
        asked = self.model_dump_json(exclude={"id", "set"}).encode()
        return self.model_copy(update={"id": hashlib.sha256(asked).hexdigest()[:16]})


class Judgement(BaseModel):
    """How well a document answers a topic, 0 (unrelated) to 4 (perfect), by whom, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    document: str
    grade: Grade
    source: SourceName = "person"
    rater: str = ""
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))


def by_topic(judgements: Iterable[Judgement]) -> dict[str, dict[str, int]]:
    """topic -> document -> grade: the median of people's, else of marks, else of those from clicks, else of generated ones."""
    judged: dict[str, dict[str, list[Judgement]]] = {}
    for judgement in judgements:
        judged.setdefault(judgement.topic, {}).setdefault(judgement.document, []).append(judgement)
    return {topic: {document: grade(of) for document, of in found.items()} for topic, found in judged.items()}


def grade(judgements: Sequence[Judgement]) -> int:
    """The grade of one document: the lower median, so that it is a grade that was given."""
    source = next(source for source in PRECEDENCE if any(judgement.source == source for judgement in judgements))
    return int(statistics.median_low(judgement.grade for judgement in judgements if judgement.source == source))


class Pair(BaseModel):
    """Two raters: Cohen's kappa (1960), and the one with quadratic weights (1968), by which near misses count less."""

    raters: tuple[str, str]
    documents: int
    kappa: float | None = Field(None, description="Empty where it says nothing: nothing in common, or one grade only")
    weighted: float | None = None


class Agreement(BaseModel):
    """All raters together, by Fleiss' kappa over the documents that all of them judged; and each pair."""

    raters: list[str]
    documents: int = Field(description="Judged by all of them")
    fleiss: float | None = None
    pairs: list[Pair]
    summary: str


def agreement(judgements: Iterable[Judgement]) -> Agreement:
    """The agreement of people who judged; marks, judgements from clicks and generated ones are left out."""
    grades: dict[str, dict[tuple[str, str], int]] = {}
    for judgement in judgements:
        if judgement.source == "person":
            grades.setdefault(judgement.rater, {})[judgement.topic, judgement.document] = judgement.grade
    raters = sorted(grades)
    common = sorted(set.intersection(*(set(own) for own in grades.values()))) if grades else []
    counts = [[sum(grades[rater][key] == grade for rater in raters) for grade in EVERY_GRADE] for key in common]
    kappa = fleiss(counts) if len(raters) > 1 else None
    pairs = [_pair(one, other, grades) for one, other in combinations(raters, 2)]
    return Agreement(
        raters=raters, documents=len(common), fleiss=kappa, pairs=pairs, summary=_summary(raters, len(common), kappa)
    )


def fleiss(counts: Sequence[Sequence[int]]) -> float | None:
    """Fleiss: Measuring nominal scale agreement among many raters (1971).

    `counts` [subjects, grades]: how many raters gave each grade, the same number for every subject. None where there is no
    subject, or only one grade was ever given: chance alone would agree as much.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.size == 0:
        return None
    raters = table[0].sum()
    by_chance = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    if raters <= 1 or np.isclose(by_chance, 1.0):
        return None
    agreed = float((((table**2).sum(axis=1) - raters) / (raters * (raters - 1))).mean())
    return round((agreed - by_chance) / (1 - by_chance), 4)


def _pair(one: str, other: str, grades: dict[str, dict[tuple[str, str], int]]) -> Pair:
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415  (takes seconds to import)

    common = sorted(grades[one].keys() & grades[other].keys())
    ours, theirs = ([grades[rater][key] for key in common] for rater in (one, other))
    if len({*ours, *theirs}) <= 1:
        return Pair(raters=(one, other), documents=len(common))
    kappas = (cohen_kappa_score(ours, theirs, labels=EVERY_GRADE, weights=how) for how in (None, "quadratic"))
    plain, weighted = (round(float(kappa), 4) for kappa in kappas)
    return Pair(raters=(one, other), documents=len(common), kappa=plain, weighted=weighted)


def _summary(raters: Sequence[str], documents: int, kappa: float | None) -> str:
    """The scale of Landis and Koch (1977), for people."""
    if len(raters) <= 1:
        return "Agreement takes two people who judged the same results."
    if not documents:
        return "No result was judged by all of them."
    if kappa is None:
        return "Only one grade was given, which chance alone would agree on."
    steps = ((0.0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
    word = next((name for limit, name in steps if kappa <= limit), "almost perfect")
    return f"Agreement is {word} (Fleiss' kappa {kappa:.2f} over {documents} results)."
