"""Ask every question about entities, and keep what speaks for each candidate: what a matcher is fitted to and measured on."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from answers.entities.entity import Entity
from answers.entities.fitting import JudgedCandidate, JudgedQuestion
from answers.entities.identification import Found, gather
from answers.entities.loaders.wordnet import VISIBLE, entity_of_synset
from answers.entities.loading import load
from answers.entities.names import folded
from answers.entities.store import Entities
from engine.errors import InputError
from engine.installation import make_folder
from engine.settings import Settings
from evaluation.collection import Collection
from evaluation.entities.sets import Asking, EntitySets
from query.request import SearchRequest
from vision.extractors.labels import classes
from vision.feature_extractor import get_feature_extractor
from vision.wordnet import hypernyms_of, noun

Tell = Callable[[str], None]
TOLD_EVERY = 100
SLOW_MS = 60_000.0  # that a model may take for one question
LOG = "entities.jsonl.gz"  # in the folder of evaluations: the questions that were asked last


def read(file: Path) -> list[JudgedQuestion]:
    """The questions of a log."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        return [JudgedQuestion.model_validate_json(line) for line in opened]


def asked_and_kept(data: Path, settings: Settings, tell: Tell) -> list[JudgedQuestion]:
    """All questions, asked now, and written to the log of the installation."""
    file = make_folder(settings.home / "evaluation") / LOG
    found = list(kept(collect(data, settings, tell), file))
    tell(f"{file} holds what was asked")
    return found


def kept(questions: Iterable[JudgedQuestion], file: Path) -> Iterator[JudgedQuestion]:
    """The questions, each written to a file as it comes."""
    with gzip.open(file, "wt", encoding="utf-8") as opened:
        for one in questions:
            opened.write(f"{one.model_dump_json()}\n")
            yield one


def collect(data: Path, settings: Settings, tell: Tell) -> Iterator[JudgedQuestion]:
    """Index the sets and their entities, ask every question, remove the index."""
    index = Collection("entities", settings)
    sets = EntitySets(data, settings, index)
    try:
        sets.build()
        entities = Entities(index.context, lambda: get_feature_extractor(settings))
        entities.put(sets.entities, "sets", "sets")
        nouns = list(visible_nouns(settings))
        entities.put(nouns, "wordnet", "wordnet")
        made = load(index.context, lambda: get_feature_extractor(settings), "collection")
        number = made.written + len(nouns) + len(sets.entities)
        tell(f"{index.count()} documents; {number} entities; {len(sets.asking)} questions")
        yield from _asked(sets, index, {name for noun in nouns for name in noun.every_name}, tell)
    finally:
        index.remove()


def _asked(sets: EntitySets, index: Collection, nouns: set[str], tell: Tell) -> Iterator[JudgedQuestion]:
    searcher = index.searcher(rank_patience=SLOW_MS)  # the order must not depend on how busy the machine is
    for count, asking in enumerate(sets.asking, start=1):
        try:
            request = SearchRequest(image=asking.picture, text=asking.words)
            found = gather(searcher, searcher.run(request, until="group"))
        except InputError as error:
            tell(f"left out of {asking.set}: {error}")
            continue
        yield judged(asking, found, nouns)
        if count % TOLD_EVERY == 0:
            tell(f"{count} questions asked")


def judged(asking: Asking, found: Found, nouns: set[str]) -> JudgedQuestion:
    """The question with its candidates: right is what a right document is a reference of, and the noun of that name."""
    named = {folded(asking.noun)} if asking.noun else set()
    right = [bool(asking.right & {*one.entity.references}) for one in found.candidates]
    named |= {name for one, is_right in zip(found.candidates, right, strict=True) if is_right for name in one.names}
    candidates = [
        JudgedCandidate(
            entity=one.entity.id, type=one.entity.type, features=evidence.features,
            right=is_right or (not one.entity.references and bool(one.names & named)),
        )
        for one, evidence, is_right in zip(found.candidates, found.evidence, right, strict=True)
    ]  # fmt: skip
    is_known = bool(asking.right) or bool(named & nouns)
    return JudgedQuestion(set=asking.set, family=asking.family, name=asking.name, known=is_known, candidates=candidates)


def visible_nouns(settings: Settings) -> Iterator[Entity]:
    """The nouns of WordNet that the classifier knows, and the visible ones above them."""
    seen: set[int] = set()
    for synset, _, _ in classes(settings):
        own = noun(int(synset[1:]))
        for one in (own, *hypernyms_of(own)):
            if one.offset not in seen and one.file in VISIBLE:
                seen.add(one.offset)
                yield entity_of_synset(one)
