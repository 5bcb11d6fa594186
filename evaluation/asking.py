"""Ask questions whose answers are known: of evaluation sets, of a folder of judgements, of the judgements of the installation.

Each answered question is an entry of a candidate log.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from engine.connections import Context
from engine.errors import ConfigurationError, InputError, NotFoundError
from engine.settings import Settings
from evaluation import candidate_log, indexing
from evaluation.candidate_log import Asked, data_address
from evaluation.corpus import Corpus
from evaluation.evaluation_set import Posed, evaluation_sets
from query.request import SearchRequest
from query.search import Searcher, WideCandidates
from ranking.judgements import files
from ranking.judgements.judgement import Topic, by_topic
from ranking.judgements.store import Judgements

PROGRESS_EVERY = 200
Tell = Callable[[str], None]


def make(file: Path, data: Path | None, questions: Path | None, settings: Settings, tell: Tell, *, every: int = 1) -> int:
    """Write the answers of all questions to a file; return their number.

    The questions of the evaluation sets (`data`), of a folder of topics and judgements (`questions`), or of both; without
    either, the judged topics of the installation. ConfigurationError if there are none.
    """
    parts: list[Iterator[Asked]] = []
    if data:
        parts.append(_of_data(data, settings, tell, every))
    if questions:
        parts.append(of_folder(questions, settings, tell))
    if not parts:
        parts.append(of_installation(settings, tell))
    return candidate_log.write(file, chain(*parts))


def _of_data(data: Path, settings: Settings, tell: Tell, every: int) -> Iterator[Asked]:
    """Index the data sets, ask, and remove them."""
    corpus, collection = indexing.build(data, settings, tell, every=every)
    try:
        yield from of_sets(corpus, collection.searcher(), tell)
    finally:
        collection.remove()


def of_sets(
    corpus: Corpus, searcher: Searcher, tell: Tell, names: tuple[str, ...] = (), *, held_out: bool = False
) -> Iterator[Asked]:
    """The answers to all questions of the sets (or of the named ones), asked of the mixed collection.

    `held_out`: only questions that no model learns from.
    """
    chosen = [one for name, one in evaluation_sets(corpus.settings).items() if not names or name in names]
    there = [one for one in chosen if one.is_there(corpus.data)]
    posed = (question for one in there for question in islice(one.questions(corpus), 0, None, corpus.every))
    return ask(searcher, (one for one in posed if not held_out or one.held_out), tell)


def of_folder(folder: Path, settings: Settings, tell: Tell) -> Iterator[Asked]:
    """The answers to all judged questions of a folder of topics and judgements, asked of the installation."""
    return ask(Searcher.of_every_feature(Context(settings)), judged_of_folder(folder), tell)


def of_installation(settings: Settings, tell: Tell) -> Iterator[Asked]:
    """The answers to all questions that were judged in this installation; ConfigurationError if there are none."""
    context = Context(settings)
    posed = list(judged_of_store(Judgements(context.client, settings), tell))
    if not posed:
        raise ConfigurationError(
            "nothing was judged here; `omma rank generate FOLDER` and `omma judgements import FOLDER` make judgements, "
            "or name questions by --data or --questions"
        )
    return ask(Searcher.of_every_feature(context), posed, tell)


def judged_of_folder(folder: Path) -> Iterator[Posed]:
    """Every judged topic of the folder; documents without a judgement are unjudged, not unrelated."""
    read = files.read_folder(folder)
    grades = by_topic(read.judgements)
    for topic, picture in read.topics:
        if topic.id in grades:
            yield _posed(topic, grades[topic.id], picture, folder.name)


def judged_of_store(store: Judgements, tell: Tell) -> Iterator[Posed]:
    """Every judged topic of the installation; one whose image is gone is left out and reported."""
    grades = by_topic(store.all())
    for topic in map(Topic.named, store.topics()):
        if topic.id not in grades:
            continue
        try:
            picture = store.picture(topic)
        except NotFoundError as error:
            tell(f"question {topic.id} is left out: {error}")
            continue
        yield _posed(topic, grades[topic.id], picture, "judged")


def _posed(topic: Topic, grades: dict[str, int], picture: bytes | None, default: str) -> Posed:
    family = topic.picture or topic.like or topic.id
    return Posed(topic.set or default, topic, dict(grades), family, picture, complete=False)


def ask(searcher: Searcher, questions: Iterable[Posed], tell: Callable[[str], None]) -> Iterator[Asked]:
    """Ask every question; one whose image cannot be used (a crop may become too small) is left out and reported."""
    weights = dict(searcher.fingerprints())
    for count, posed in enumerate(questions, start=1):
        try:
            found = searcher.propose(SearchRequest.of_topic(posed.topic, posed.picture))
        except InputError as error:
            tell(f"left out of {posed.set}: {error}")
            continue
        yield _asked(posed, found, searcher.settings.candidates, weights)
        if count % PROGRESS_EVERY == 0:
            tell(f"{count} questions asked")


def _asked(posed: Posed, found: WideCandidates, limit: int, weights: dict[str, str]) -> Asked:
    places = {document: place for place, document in enumerate(found.candidate_set.table)}
    return Asked(
        set=posed.set, topic=posed.topic.named().id, family=posed.family, part=posed.part, grades=posed.grades,
        complete=posed.complete,
        wide=found.candidate_set, proposals={c: _places(ids, places) for c, ids in found.proposals.items()},
        kept=_places(found.kept, places), limit=limit, words=posed.topic.text,
        picture=data_address(posed.picture) if posed.picture else "", took=dict(found.took), weights=weights,
        variant=posed.variant,
    )  # fmt: skip


def _places(ids: Iterable[str], places: dict[str, int]) -> list[int]:
    return [places[document] for document in ids if document in places]
