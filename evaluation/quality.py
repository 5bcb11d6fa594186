"""How good: named question sets, asked in named configurations, measured by ir-measures."""

import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_measures
from ir_measures import RR, P, Success

from engine.client import connect
from engine.settings import Settings
from evaluation import sets
from evaluation.collection import Collection
from evaluation.sets import Known
from factors.registry import all_factors
from query.answer import Answer
from query.document import show
from query.request import SearchRequest

Json = dict[str, Any]
WORDS_ASKED = 3
SEED = 7
SHOWN = 50  # results that are measured


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the documents that answer it."""

    request: SearchRequest
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions of one kind over one collection, with what is measured of their answers."""

    name: str
    about: str
    needs: tuple[str, ...]
    measures: tuple[Any, ...]
    fill: Callable[[Collection, Path], list[Question]]


def configurations() -> dict[str, Json]:
    """Name -> settings that differ: the order as it is, and by one factor alone."""
    alone = {factor.name: 0.0 for factor in all_factors()}
    return {"all factors": {}, "similar alone": {"fusion_weights": alone | {"similar": 1.0}}}


def grocery(collection: Collection, data: Path) -> list[Question]:
    """Phone photos against catalogue pictures; the one of the same product is right."""
    catalogue = sets.grocery_catalogue(data)
    collection.add(catalogue)
    right = _by_class(collection, catalogue)
    return [_uploaded(known, right[known.fine]) for known in sets.grocery_photos(data, "val")]


def clothing(collection: Collection, data: Path) -> list[Question]:
    """Every garment against all others; those of its class are right."""
    garments = sets.clothing(data)
    collection.add(garments)
    right = _by_class(collection, garments)
    ids = ((collection.ids[known.path], right[known.fine]) for known in garments)
    return [Question(SearchRequest(like=i, number=SHOWN, uncut=True), frozenset(same - {i})) for i, same in ids]


def receipts(collection: Collection, data: Path) -> list[Question]:
    """Words of one line of a receipt among everyday photos; that receipt is right."""
    scans = sets.receipts(data)
    collection.add(scans)
    collection.add(sets.everyday(data, 60) if sets.there(data, sets.FLICKR) else [])
    return [
        Question(SearchRequest(text=" ".join(asked), number=SHOWN, uncut=True), frozenset({collection.ids[known.path]}))
        for known in scans
        for asked in _lines(known)
    ]


QUESTION_SETS = (
    QuestionSet(
        "grocery", "phone photo to catalogue picture of the same product (81 products)", (sets.GROCERY,),
        (Success @ 1, Success @ 5, RR), grocery,
    ),
    QuestionSet("clothing", "garment to garments of its class (10 classes)", (sets.CLOTHING,), (P @ 1, P @ 10), clothing),
    QuestionSet(
        "receipts", f"{WORDS_ASKED} words of a line to the scanned receipt that has it", (sets.RECEIPTS,),
        (Success @ 1, Success @ 5, RR), receipts,
    ),
)  # fmt: skip


def evaluate(question_set: QuestionSet, data: Path, settings: Settings, tell: Callable[[str], None]) -> list[Json]:
    """One row per configuration: what was asked, how often, and how good the answers were."""
    tell(f"{question_set.name}: indexing")
    collection = Collection(question_set.name, settings)
    questions = question_set.fill(collection, data)
    changes = configurations()
    if all(question.request.text for question in questions):  # there is no picture to be similar to
        del changes["similar alone"]
    tell(f"{question_set.name}: {len(questions)} questions")
    searchers = {name: collection.searcher(**changed) for name, changed in changes.items()}
    answers = {name: [searcher.search(q.request) for q in questions] for name, searcher in searchers.items()}
    rows = [
        {"set": question_set.name, "about": question_set.about, "configuration": name, "questions": len(questions)}
        | {"documents": len(collection.ids), **measured(question_set.measures, questions, found)}
        for name, found in answers.items()
    ]
    if question_set.fill is receipts:
        rows.append(reading(collection, sets.receipts(data)))
    collection.remove()
    return rows


def measured(measures: Sequence[Any], questions: Sequence[Question], answers: Sequence[Answer]) -> Json:
    """Means over all questions; near-duplicates stand right behind their best."""
    qrels = {str(n): dict.fromkeys(question.relevant, 1) for n, question in enumerate(questions)}
    run = {str(n): {i: -float(place) for place, i in enumerate(_ids(a))} for n, a in enumerate(answers)}
    found = ir_measures.calc_aggregate(measures, qrels, run)
    figures = {str(measure): round(found[measure], 3) for measure in measures}
    return {"measures": figures, "ms_without_looking": round(statistics.median(_milliseconds(answers)), 1)}


def reading(collection: Collection, scans: Sequence[Known]) -> Json:
    """The share of the receipts' words that was read."""
    client, right, there = connect(collection.settings), 0, 0
    for known in scans:
        read = Counter(sets.words_of(show(client, collection.settings, collection.ids[known.path]).text))
        truth = Counter(sets.words_of(" ".join(known.texts)))
        right, there = right + (truth & read).total(), there + truth.total()
    about = f"words of {sets.LONG} letters or more of the scanned receipts that were read"
    return {"set": "receipts", "about": about, "configuration": "text sense", "questions": len(scans)} | {
        "documents": len(scans), "measures": {"word recall": round(right / max(there, 1), 3)},
    }  # fmt: skip


def _uploaded(known: Known, right: Iterable[str]) -> Question:
    request = SearchRequest(image=known.path.read_bytes(), number=SHOWN, uncut=True)
    return Question(request, frozenset(right))


def _by_class(collection: Collection, pictures: Iterable[Known]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for known in pictures:
        found.setdefault(known.fine, set()).add(collection.ids[known.path])
    return found


def _lines(known: Known) -> Iterator[list[str]]:
    """Words of five lines that have enough of them."""
    lines = [words for line in known.texts if len(words := sets.words_of(line)) >= WORDS_ASKED]
    chosen = random.Random(SEED).sample(lines, min(5, len(lines)))  # noqa: S311  (a fixed choice, no secret)
    return (sorted(words, key=len, reverse=True)[:WORDS_ASKED] for words in chosen)


def _ids(answer: Answer) -> list[str]:
    return [found.id for best in answer.results for found in (best, *best.duplicates)]


def _milliseconds(answers: Iterable[Answer]) -> Iterator[float]:
    return (answer.took["total"] - answer.took.get("perceive", 0.0) for answer in answers)
