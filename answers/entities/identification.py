"""What is this? The entity that a question shows; or "perhaps" these; or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from answers.entities.candidates import Candidate, find
from answers.entities.card import EntityCard, card_of
from answers.entities.features import Evidence, evidence_of
from answers.entities.matcher import Matcher, packaged
from answers.entities.mentions import Linked
from answers.entities.names import by_language, folded
from answers.neighbours import Neighbour
from engine.errors import ConfigurationError
from query.engine_calls import Calls, RefusedError
from query.pipeline import Values
from query.search import Searcher

MAX_PERHAPS = 3
MIN_PERHAPS = 0.1  # probability below which an entity is mentioned only if the words name it
NAMESAKES_DIFFER = 0.1  # probability by which one of two entities of a name must lead to be the answer
NO_ENTITIES = "nothing is identified: there are no entities (`omma entities load wordnet`, `omma entities load collection`)"


class Identification(BaseModel):
    """The answer to "what is this?": a card, where one is certain; else `perhaps`, the closest first; else neither.

    Beside a card, `perhaps` has other entities of the same name; their descriptions say how they differ.
    """

    card: EntityCard | None = None
    perhaps: list[EntityCard] = []
    least: float | None = Field(None, description="Confidence from which the best candidate is shown as a card")
    warnings: list[str] = []


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with what speaks for it, and the probability that the question shows it."""

    candidate: Candidate
    evidence: Evidence
    probability: float

    @property
    def name(self) -> str:
        """Its English name, or the first one, folded."""
        return folded(by_language(self.candidate.entity.names, "en")[1])


@dataclass(frozen=True, slots=True)
class Found:
    """All candidates of a question, as they are proposed, and what they are judged by."""

    linked: Linked
    candidates: Sequence[Candidate]
    evidence: Sequence[Evidence]


def identify(
    searcher: Searcher,
    values: Values,
    *,
    language: str = "en",
    matcher: Matcher | None = None,
    neighbours: Sequence[Neighbour] | None = None,
) -> Identification:
    """What the question shows; `values` are those of `searcher.run(request, until="group")`.

    `language`: of the reader (BCP 47). `neighbours`: those of `values`, where they were read already. Two requests to the
    engine beside that of the neighbours; EngineUnavailable. Whatever else goes wrong is a warning, and there is no card.
    """
    if searcher.entity_index.meta() is None:
        return Identification(warnings=[NO_ENTITIES])
    with values[Calls].stage("identify"):
        try:
            chosen = matcher or packaged()
            found = gather(searcher, values, neighbours)
        except (RefusedError, ConfigurationError) as error:
            return Identification(warnings=[f"nothing is identified: {error}"])
        return _answer(found, scored(found, chosen), chosen, language)


def gather(searcher: Searcher, values: Values, neighbours: Sequence[Neighbour] | None = None) -> Found:
    """The candidates of a question with their evidence; parameters as `identify`. RefusedError, EngineUnavailable."""
    linked = Linked.of(values, neighbours)
    candidates = find(searcher, values, linked.mentioned)
    return Found(linked, candidates, evidence_of(candidates, values, linked))


def scored(found: Found, matcher: Matcher) -> list[Scored]:
    """The candidates, the most probable first; of those that are the same noun under the same name, only the first."""
    likely = matcher.probabilities([one.features for one in found.evidence])
    each = [Scored(*one) for one in zip(found.candidates, found.evidence, likely, strict=True)]
    return list(_once(sorted(each, key=lambda one: (-one.probability, one.candidate.entity.id))))


def _once(ranked: Sequence[Scored]) -> Iterator[Scored]:
    """WordNet's frog and the collection's frog are one frog."""
    seen: set[tuple[str, str]] = set()
    for one in ranked:
        key = (one.candidate.entity.synset, one.name)
        if not key[0] or key not in seen:
            seen.add(key)
            yield one


def _answer(found: Found, ranked: Sequence[Scored], matcher: Matcher, language: str) -> Identification:
    if not ranked:
        return Identification()

    def cards(chosen: Sequence[Scored]) -> list[EntityCard]:
        return [card_of(one.candidate, one.evidence, one.probability, found.linked, language) for one in chosen]

    best, least = ranked[0], matcher.bound(ranked[0].candidate.entity.type)
    namesakes = [one for one in ranked[1:] if one.name == best.name]
    is_tie = any(best.probability - one.probability < NAMESAKES_DIFFER for one in namesakes)
    if best.probability >= least and not is_tie:
        return Identification(card=cards([best])[0], perhaps=cards(namesakes[:MAX_PERHAPS]), least=least)
    likely = [one for one in ranked if one.probability >= MIN_PERHAPS or one.evidence.features.get("asked") == 1.0]
    if best in likely:
        likely = [best, *namesakes, *(one for one in likely[1:] if one not in namesakes)]
    return Identification(perhaps=cards(likely[:MAX_PERHAPS]), least=least)
