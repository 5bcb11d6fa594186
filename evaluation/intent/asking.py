"""Index the images of all collections together, ask every question, and keep its features and what each part leads to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from answers.intent.features import Features, features_of
from answers.intent.goals import GOALS, chosen
from answers.intent.prompts import Prompts
from answers.intent.rules import guessed
from answers.part import Found as Parts
from answers.part import Part, parts_of
from engine.errors import InputError
from engine.settings import Settings
from engine.store import Store
from evaluation.collection import Collection
from evaluation.intent.collections import GoalCollection, Image, Side
from evaluation.intent.questions import GoalQuestion, collections_in, questions
from factors.text import Kind, TextSnippet
from ingest.item import Item
from ingest.landmarks import LANDMARK
from query.answer import Goal
from query.question import Understood
from query.request import SearchRequest
from query.search import Searcher

Tell = Callable[[str], None]
PROGRESS_EVERY = 100
PATIENCE = 120.0  # seconds: a busy machine must not change what is measured


@dataclass(frozen=True, slots=True)
class Row:
    """A question that was asked: the right goals (the usual first), its features, the order of each part, and what is right.

    `orders`: part -> ids of documents, best first. `grades`: by document; empty where no truth is known.
    """

    name: str
    collection: str
    side: Side
    goals: tuple[Goal, ...]
    words: bool
    features: Features
    orders: Mapping[str, list[str]]
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """All questions, the fingerprints of the weights that they were asked with, and the number of documents."""

    rows: list[Row]
    weights: dict[str, str]
    documents: int


def ask(data: Path, settings: Settings, tell: Tell, *, with_orders: bool = True) -> Asked:
    """Every question of the collections that the folder of data sets has; the index is removed again.

    `with_orders`: parts are made, too, which only the measure of regret reads.
    """
    images = collections_in(data)
    index = Collection("intent", settings)
    try:
        _index(index, images, tell)
        searcher = index.searcher(opensearch_timeout=PATIENCE, rank_patience=1000 * PATIENCE)
        parts = list(parts_of(settings).values()) if with_orders else []
        rows = list(_rows(_Asker(index, searcher, Prompts(searcher), parts), questions(data, images), tell))
        return Asked(rows, dict(searcher.fingerprints()), index.count())
    finally:
        index.remove()


def _index(index: Collection, images: Mapping[GoalCollection, Sequence[Image]], tell: Tell) -> None:
    """Index every image once, with its facts."""
    store = Store(index.settings)
    items: dict[str, Item] = {}
    for collection, own in images.items():
        for image in own:
            index.ids[image.path] = digest = store.put_original(image.path.read_bytes())
            items.setdefault(digest, _item(collection.name, image, digest))
    tell(f"indexing {len(items)} images")
    index.add_items(list(items.values()))


def _item(collection: str, image: Image, digest: str) -> Item:
    snippets = (TextSnippet(Kind.CAPTION, image.text, "en"),) if image.text else ()
    facets = {LANDMARK: image.landmark} if image.landmark else {}
    return Item(
        collection, image.path.name, collection, original=digest, snippets=snippets, price=image.price, facets=facets,
        has_metadata=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asker:
    """What every question is asked with."""

    index: Collection
    searcher: Searcher
    prompts: Prompts
    parts: Sequence[Part]

    def row(self, question: GoalQuestion) -> Row:
        """Ask, and make the parts where it is known what is right."""
        asked, ids = question.asked, self.index.ids
        request = SearchRequest(
            image=asked.picture, like=ids[asked.like] if asked.like else None, text=question.text,
            box=list(asked.box) if asked.box else None,
        )  # fmt: skip
        found = self.searcher.find(request)
        assert found.values is not None  # the index holds every collection
        features = features_of(found.values[Understood], found.answer.results, self.prompts.vectors())
        grades = {ids[path]: grade for path, grade in asked.right.items() if ids[path] != request.like}
        orders: dict[str, list[str]] = {}
        for part in self.parts if grades else ():
            # Each part as it is shown where its goal leads.
            intent = chosen(max(GOALS, key=lambda goal: part.goals.get(goal, 0.0)), guessed(features))
            whole = Parts(self.index.context, self.searcher, found.answer, found.values, intent)
            orders[part.name] = list(part.order(whole))
        return Row(
            question.name, question.collection.name, question.collection.side, question.goals, bool(question.text), features,
            orders, grades,
        )  # fmt: skip


def _rows(asker: _Asker, asked: Iterator[GoalQuestion], tell: Tell) -> Iterator[Row]:
    for count, question in enumerate(asked, start=1):
        try:
            yield asker.row(question)
        except InputError as error:
            tell(f"left out: {question.name}: {error}")
        if count % PROGRESS_EVERY == 0:
            tell(f"{count} questions asked")
