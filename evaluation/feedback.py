"""What marking results is worth: a simulated user marks the first right and the first wrong ones, and asks again.

Compared on the residual collection (Salton, Buckley: Improving retrieval performance by relevance feedback, 1990): documents
that were marked are taken out of the answers and of what is right, before and after; else every mark would count as a gain.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError
from engine.installation import make_folder
from engine.settings import Settings
from evaluation import pages
from evaluation.collection import Collection
from evaluation.datasets import SAME, Known, thinned
from evaluation.evaluation_set import Posed
from evaluation.unseen.asking import posed
from evaluation.unseen.collection import UnseenCollection, UnseenQuestion, UnseenSources, unseen_collections
from evaluation.unseen.variants import AS_IT_IS
from query.ordering import Ranking
from query.request import SearchRequest
from query.search import Searcher
from ranking.candidate_set import CandidateSet, Ranked
from ranking.learning.examples import Example
from ranking.learning.measures import RELEVANT, Compared, compare, measure

Json = dict[str, Any]
Tell = Callable[[str], None]
NAMES = ("cars", "pets", "shop garments", "textures")  # collections that are measured unless others are named
WORDS = "words to pictures"  # kind of the questions with the names of classes, where no document has text
LITERATURE: Json = {"feedback_more": 0.75, "feedback_less": 0.15}  # weights of Manning, Raghavan, Schütze (2008), chapter 9
MAX_QUESTIONS = 60  # of one kind, of one collection
PATIENCE = 60_000.0  # milliseconds: a busy machine must not change the ranker while it is measured
FIRST_PAGE = 24  # results that the simulated user looks at
MEASURES = ("NDCG@10", "P@5")


@dataclass(frozen=True, slots=True)
class User:
    """A simulated user: how many of the first right results are marked "more", and of the first wrong ones "less"."""

    name: str
    more: int
    less: int


BOTH = User("1 more, 1 less", 1, 1)
USERS = (User("1 more", 1, 0), BOTH, User("3 more, 3 less", 3, 3))


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of question, one user: each measure before and after, on what was not marked. `weights` of Rocchio's sum."""

    set: str
    user: str
    weights: str
    measures: dict[str, Compared]


def run(data: Path, settings: Settings, tell: Tell, names: Sequence[str] = ()) -> Json:
    """All figures of the page; ConfigurationError where `data` has none of the collections."""
    there = {name: one for name, one in unseen_collections(settings).items() if one.is_there(data)}
    chosen = {name: one for name, one in there.items() if name in (names or NAMES)}
    if not chosen:
        raise ConfigurationError(f"there is no such unseen collection; {data.name} has {', '.join(there)}")
    sources = UnseenSources(data, settings, make_folder(settings.home / "evaluation" / "drawn"))
    rows = [row for name, one in chosen.items() for row in _rows(name, one, sources, tell)]
    literature = _weights(**LITERATURE)
    return {
        "surroundings": pages.surroundings(settings), "first_page": FIRST_PAGE, "most": MAX_QUESTIONS, "literature": literature,
        "weights": _weights(settings.feedback_more, settings.feedback_less),
        "rows": [asdict(row) | {"literature": row.weights == literature} for row in rows],
    }  # fmt: skip


def _weights(feedback_more: float, feedback_less: float) -> str:
    return f"{feedback_more:g} and {feedback_less:g}"


def _rows(name: str, one: UnseenCollection, sources: UnseenSources, tell: Tell) -> Iterator[Row]:
    """Index the collection, ask its questions as every user, remove the index."""
    documents = one.documents(sources)
    index = Collection(f"feedback-{name.replace(' ', '-')}", sources.settings)
    try:
        tell(f"{name}: {len(documents)} images")
        index.add(documents, texts=max((len(known.texts) for known in documents), default=0))
        questions = [*one.questions(sources), *named(documents)]
        asked = some(found for question in questions if (found := posed(name, AS_IT_IS, question, index.ids)))
        as_in_use: Json = {"more_columns": (), "rank_patience": PATIENCE}
        yield from measured(index.searcher(**as_in_use), asked)
        yield from measured(index.searcher(**as_in_use, **LITERATURE), asked, [BOTH])
    finally:
        index.remove()


def some(questions: Iterable[Posed]) -> list[Posed]:
    """At most MAX_QUESTIONS of each kind, evenly spread."""
    kinds: dict[str, list[Posed]] = {}
    for one in questions:
        kinds.setdefault(one.set, []).append(one)
    return [one for several in kinds.values() for one in thinned(several, MAX_QUESTIONS)]


def named(documents: Sequence[Known]) -> Iterator[UnseenQuestion]:
    """The name of each class asks for its images, where no document has text: only images can answer, and marks can help."""
    if any(known.texts for known in documents):
        return
    classes: dict[str, list[Path]] = {}
    for known in documents:
        classes.setdefault(known.fine, []).append(known.path)
    for fine, paths in classes.items():
        words = fine.rpartition("/")[2].replace("_", " ").replace("-", " ")
        yield UnseenQuestion(words, WORDS, dict.fromkeys(paths, SAME), text=words)


def measured(searcher: Searcher, questions: Sequence[Posed], users: Sequence[User] = USERS) -> list[Row]:
    """Rows by kind of question and user; questions without a right document beside the marked ones are left out."""
    weights = _weights(searcher.settings.feedback_more, searcher.settings.feedback_less)
    before = {one.topic.id: _order(searcher, one, [], []) for one in questions}
    rows: list[Row] = []
    for user in users:
        pairs = [found for one in questions if (found := _marked(searcher, one, before[one.topic.id], user))]
        kinds = dict.fromkeys(old.set for old, _ in pairs)
        rows += [Row(kind, user.name, weights, _compared([pair for pair in pairs if pair[0].set == kind])) for kind in kinds]
    return sorted(rows, key=lambda row: row.set)


def _marked(searcher: Searcher, one: Posed, before: Sequence[str], user: User) -> tuple[Example, Example] | None:
    """The answers without the marked documents, before and after; None where nothing is marked or nothing right is left."""
    right = [document for document in before[:FIRST_PAGE] if one.grades.get(document, 0) >= RELEVANT][: user.more]
    wrong = [document for document in before[:FIRST_PAGE] if document not in one.grades][: user.less]
    left = {document: grade for document, grade in one.grades.items() if document not in right}
    if not (right or wrong) or not any(grade >= RELEVANT for grade in left.values()):
        return None
    after = _order(searcher, one, right, wrong)
    old, new = (_example(one, [i for i in order if i not in {*right, *wrong}], left) for order in (before, after))
    return old, new


def _order(searcher: Searcher, one: Posed, more: Sequence[str], less: Sequence[str]) -> list[str]:
    request = SearchRequest.of_topic(one.topic, one.picture).model_copy(update={"more": list(more), "less": list(less)})
    return [ranked.id for ranked in searcher.run(request, until="order")[Ranking].ranked]


def _example(one: Posed, order: Sequence[str], grades: Mapping[str, int]) -> Example:
    """An answer whose order is that of its table."""
    table: dict[str, dict[str, float]] = {document: {} for document in order}
    return Example(topic=one.topic.id, candidate_set=CandidateSet(table=table), grades=dict(grades), set=one.set)


def _compared(pairs: Sequence[tuple[Example, Example]]) -> dict[str, Compared]:
    before, after = (measure([pair[at] for pair in pairs], _as_ordered) for at in (0, 1))
    return {name: compare(before[name], after[name]) for name in MEASURES}


def _as_ordered(example: Example) -> list[Ranked]:
    return [Ranked(document, 0.0, {}) for document in example.candidate_set.table]
