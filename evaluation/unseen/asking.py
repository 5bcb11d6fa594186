"""Index every unseen collection in every variant, and ask: each answered question is an entry of a candidate log."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from engine.installation import make_folder
from engine.settings import Settings
from evaluation.asking import ask
from evaluation.candidate_log import Asked
from evaluation.collection import Collection
from evaluation.datasets import Known, thinned
from evaluation.evaluation_set import Posed
from evaluation.unseen import adapted
from evaluation.unseen.adapted import ADAPTED, TEST
from evaluation.unseen.collection import UnseenCollection, UnseenQuestion, UnseenSources
from evaluation.unseen.variants import AMONG_ALL, AS_IT_IS, Variant, own
from ranking.judgements.judgement import Topic

Tell = Callable[[str], None]
STRANGERS = "nothing is right"  # kind of the questions that no document answers
MAX_STRANGERS = 20  # questions with images of one other collection, and with words


def everything(collections: Mapping[str, UnseenCollection], sources: UnseenSources, tell: Tell) -> Iterator[Asked]:
    """The answers to all questions: of each collection by itself, in each variant, and of all collections together."""
    make_folder(sources.drawn)
    questions = {name: list(one.questions(sources)) for name, one in collections.items()}
    documents = {name: one.documents(sources) for name, one in collections.items()}
    for name, one in collections.items():
        strangers = list(_strangers(one, collections, documents))
        for variant, indexed in own(documents[name], one.foreign(sources)):
            asking = {name: [*questions[name], *(strangers if variant is AS_IT_IS else ())]}
            yield from _asked(variant, indexed, asking, sources.settings, tell)
    together = list({known.path: known for known in chain.from_iterable(documents.values())}.values())
    yield from _asked(AMONG_ALL, together, questions, sources.settings, tell)


def _strangers(
    one: UnseenCollection, others: Mapping[str, UnseenCollection], documents: Mapping[str, Sequence[Known]]
) -> Iterator[UnseenQuestion]:
    """Images of other collections, and names of their things, of which this one has nothing.

    Models may learn from those to collections of known kinds.
    """
    for name in (name for name in one.strangers if name in others):
        for known in thinned(list(documents[name]), MAX_STRANGERS):
            asked = f"{name} {known.path.name}"
            yield UnseenQuestion(asked, STRANGERS, picture=known.path.read_bytes(), family=asked if one.learnable else "")
        for words in thinned(_names(documents[name]) if others[name].named else [], MAX_STRANGERS):
            yield UnseenQuestion(words, STRANGERS, text=words, family=words if one.learnable else "")


def _names(documents: Sequence[Known]) -> list[str]:
    """The names of the classes as people write them: `american bulldog` of `pets37/american_bulldog`."""
    return sorted({known.fine.rpartition("/")[2].replace("_", " ") for known in documents} - {""})


def _asked(
    variant: Variant, documents: Sequence[Known], asking: Mapping[str, Sequence[UnseenQuestion]], settings: Settings, tell: Tell
) -> Iterator[Asked]:
    """Index documents, ask the questions of each collection, remove the index."""
    name = "all collections" if variant is AMONG_ALL else next(iter(asking))
    index = Collection(f"unseen-{name.replace(' ', '-')}", settings)
    try:
        tell(f"{name}, {variant.name}: {len(documents)} images")
        index.add(documents, texts=max((len(known.texts) for known in documents), default=0))
        found = (posed(name, variant, q, index.ids) for name, questions in asking.items() for q in questions)
        yield from ask(index.searcher(), filter(None, found), tell)
        if variant in ADAPTED:
            yield from adapted.ask(name, variant, index, tell)
    finally:
        index.remove()


def posed(name: str, variant: Variant, question: UnseenQuestion, ids: Mapping[Path, str]) -> Posed | None:
    """The question with the ids of the documents; None where none of its answers is indexed, or not the image it asks with.

    No model learns from questions to all collections together: most of them must stay unseen.
    """
    grades = {ids[path]: grade for path, grade in question.right.items() if path in ids}
    if (not grades and question.kind != STRANGERS) or (question.like and question.like not in ids):
        return None
    like = ids[question.like] if question.like else ""
    grades.pop(like, None)  # copies of one image are one document
    asked = f"{name}/{variant.name}/{question.kind}/{question.name}"
    topic = Topic(id=asked, text=question.text, like=like, picture=asked if question.picture else "")
    family, part = (question.family, None) if question.family and variant is not AMONG_ALL else (asked, TEST)
    return Posed(f"{name}: {question.kind}", topic, grades, family, question.picture, part, variant=variant.name)
