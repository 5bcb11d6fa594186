"""Ask the questions of a set: what speaks for each candidate, and what the methods that tags are compared with answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from answers.neighbours import Neighbour, neighbours_of
from answers.tags.candidates import Candidate, candidates_of
from answers.tags.collection_counts import Counts, count
from answers.tags.phrases import Keys
from answers.tags.tagging import Described, describe
from answers.tags.words import ENGLISH, chunks
from engine.errors import InputError, NotFoundError
from engine.installation import make_folder
from engine.settings import Settings
from evaluation.collection import Collection
from evaluation.tags.judging import Truth, truths
from evaluation.tags.sets import TagQuestion, TagSet
from evaluation.unseen.collection import UnseenSources
from query.engine_calls import Calls
from query.pipeline import Values
from query.question import Understood
from query.search import Searcher

PATIENCE = 60_000.0  # milliseconds: a busy machine must not change the ranker while it is measured
FREQUENCY_DEPTH = 10  # neighbours of the frequency vote
MAX_LISTED = 40  # tags of a method
PROGRESS_EVERY = 100
FREQUENCY, LABELS, TAG_VOTE = "frequency vote of 10 neighbours", "labels of the classifier", "TagVote"
Tell = Callable[[str], None]
Guesses = list[tuple[Keys, float]]  # words and confidence of tags, best first


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its truth, what speaks for its candidates, which of them are right, and what other methods say."""

    question: TagQuestion
    truth: Truth
    described: Described
    right: Sequence[bool]
    others: dict[str, Guesses]


def ask_all(sets: Sequence[TagSet], data: Path, settings: Settings, tell: Tell) -> list[Asked]:
    """The questions of these sets, asked now."""
    sources = UnseenSources(data, settings, make_folder(settings.home / "evaluation" / "drawn"))
    return [question for one in sets for question in ask(one, sources, tell)]


def ask(one: TagSet, sources: UnseenSources, tell: Tell) -> list[Asked]:
    """Index the set, ask all of its questions, remove the index."""
    collection = Collection(f"tags-{one.name.replace(' ', '-')}", sources.settings)
    try:
        one.index(collection, sources)
        tell(f"{one.name}: {collection.count()} pictures")
        questions = list(one.questions(collection, sources))
        searcher = collection.searcher(more_columns=(), rank_patience=PATIENCE)
        return list(_asked(searcher, questions, tell))
    finally:
        collection.remove()


def _asked(searcher: Searcher, questions: Sequence[TagQuestion], tell: Tell) -> Iterator[Asked]:
    for number, (question, truth) in enumerate(zip(questions, truths(questions), strict=True), start=1):
        try:
            values = searcher.run(question.request, until="group")
        except (InputError, NotFoundError) as error:  # NotFoundError: a picture that was refused when it was indexed
            tell(f"left out of {question.set}: {error}")
            continue
        neighbours = neighbours_of(values)
        described = describe(searcher, values, [question.language], neighbours)
        right = [truth.is_right(one.keys) for one in described.candidates]
        yield Asked(question, truth, _light(described), right, _others(values, neighbours, question.language))
        if number % PROGRESS_EVERY == 0:
            tell(f"{question.set}: {number} questions asked")


def _light(described: Described) -> Described:
    """Without the documents of the neighbours, which take gigabytes."""
    empty = {one.place: replace(one, documents={}) for one in described.neighbours}
    for one in described.candidates:
        one.votes = {place: replace(vote, neighbour=empty[place]) for place, vote in one.votes.items()}
    return replace(described, neighbours=list(empty.values()))


def _others(values: Values, neighbours: Sequence[Neighbour], language: str) -> dict[str, Guesses]:
    """What other methods say, of the same phrases; classes of the classifier are English."""
    phrases = [one for one in candidates_of(neighbours, [language]) if not all(vote.derived for vote in one.votes.values())]
    frequent = sorted(phrases, key=lambda one: (-len(one.votes), min(one.votes)))[:MAX_LISTED]
    counts = count(values[Calls], frequent, values[Understood].left_out)
    found = {FREQUENCY: frequency_vote(phrases), TAG_VOTE: tag_vote(frequent, counts, len(neighbours), language)}
    features = values[Understood].question.image_features
    if language == ENGLISH and features is not None:
        labels = [(label.names[0].lower(), label.confidence) for label in features.labels or ()]
        found[LABELS] = [(_keys(name), confidence) for name, confidence in labels]
    return found


def frequency_vote(phrases: Sequence[Candidate]) -> Guesses:
    """By how many of the first neighbours say it, each counting the same; of equals, what a nearer one says."""
    counts = [(one, [place for place in one.votes if place <= FREQUENCY_DEPTH]) for one in phrases]
    said = sorted(((one, places) for one, places in counts if places), key=lambda pair: (-len(pair[1]), min(pair[1])))
    return [(one.keys, len(places) / FREQUENCY_DEPTH) for one, places in said[:MAX_LISTED]]


def tag_vote(phrases: Sequence[Candidate], counts: Counts, neighbours: int, language: str) -> Guesses:
    """TagVote (Li, Snoek, Worring, 2009): the share of the neighbours that say it, less the share of all documents."""
    shares = [len(one.votes) / max(neighbours, 1) - counts.share(at, language) for at, one in enumerate(phrases)]
    ordered = sorted(zip(phrases, shares, strict=True), key=lambda pair: -pair[1])
    return [(one.keys, share) for one, share in ordered]


def _keys(name: str) -> Keys:
    return tuple(word.key for run in chunks(name, ENGLISH) for word in run)
