"""What a picture shows, in the words of its neighbours: open-ended tags, with confidence and evidence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from answers.neighbours import Neighbour, neighbours_of
from answers.tag import Tag, TagEvidence, Tags
from answers.tags.candidates import Candidate, candidates_of, supported, usual_language
from answers.tags.collection_counts import count
from answers.tags.confidence import Confidence, packaged
from answers.tags.features import Picture, Row, rows
from answers.tags.merging import Related, Scored, merged, similar_pairs, with_broader
from answers.tags.phrases import Keys
from answers.tags.words import ENGLISH
from engine.errors import BadQuestion
from mappings.analysis import primary
from query.engine_calls import Calls
from query.ordering import Ranking
from query.pipeline import Values
from query.question import Understood
from query.request import SearchRequest
from query.search import Searcher
from vision.image_features import Vector

MAX_TAGS = 8  # in each language
MAX_CANDIDATES = 40  # in each language
MAX_LANGUAGES = 3  # that tags are found in at a time
MAX_SHOWN_EVIDENCE = 5  # neighbours of a tag
MAX_SHOWN_WORDS = 160  # letters of a snippet
NOTHING_INDEXED = "nothing has been indexed yet; begin with `omma ingest`"
MAX_SHARE = 0.15  # of the collection that is of a kind, from which naming the kind says little
EMBEDDINGS = ("similar", "products", "semantic")  # features whose values say how alike two pictures are, 0..1
LEADING = 0.9  # share of the confidence of the broader tag, from which the more special one leads


@dataclass(frozen=True, slots=True)
class Described:
    """The candidates of a question with their features, before they are scored.

    `related` are other words for the same, `general` kinds that so much of the collection is of that they tell nothing.
    """

    neighbours: Sequence[Neighbour]
    languages: Sequence[str]
    candidates: Sequence[Candidate]
    rows: Sequence[Row]
    related: Related
    general: frozenset[Keys]

    def scored(self, model: Confidence, language: str) -> list[Scored]:
        """The candidates of a language, the most confident first."""
        parts = zip(self.candidates, self.rows, strict=True)
        found = [Scored(one, model.of(row), model.score(row)) for one, row in parts if one.language == language]
        return sorted(found, key=lambda one: (-one.score, -len(one.candidate.keys), one.candidate.name))


def tags_for(searcher: Searcher, request: SearchRequest, languages: Sequence[str] = ()) -> Tags:
    """The tags of the picture that a request asks with; BadQuestion without one, else the errors of `Searcher.search`."""
    if not request.has_picture:
        raise BadQuestion("name the picture whose tags are asked for")
    if not searcher.fingerprints():
        return Tags(note=NOTHING_INDEXED)
    return tags_of(searcher, searcher.run(request, until="group"), languages)


def tags_of(
    searcher: Searcher, values: Values, languages: Sequence[str] = (), neighbours: Sequence[Neighbour] | None = None
) -> Tags:
    """The tags of a question's picture, or of its part; `values` are those of `Searcher.run(request, until="group")`.

    `languages`: BCP 47; by default the one that most of the neighbours' text is in. `neighbours`: those of `values`, where they
    were read already. At most two requests to the engine; EngineUnavailable.
    """
    found, model, calls = describe(searcher, values, languages, neighbours), packaged(), values[Calls]
    tags = [
        _tag(one, model)
        for language in found.languages
        for one in ordered(found.scored(model, language), found.related, found.general)
    ]
    return Tags(
        tags=tags,
        perhaps=bool(tags) and not any(tag.is_certain for tag in tags),
        neighbours=len(found.neighbours),
        certain=model.certain,
        note="" if tags else _why_none(found),
        warnings=calls.warnings,
    )


def describe(
    searcher: Searcher, values: Values, languages: Sequence[str] = (), neighbours: Sequence[Neighbour] | None = None
) -> Described:
    """What speaks for every candidate; parameters and errors as `tags_of`."""
    found = neighbours_of(values) if neighbours is None else neighbours
    calls, understood = values[Calls], values[Understood]
    wanted = list(dict.fromkeys(map(primary, languages)))[:MAX_LANGUAGES] or [usual_language(found)]
    candidates = supported(candidates_of(found, wanted), MAX_CANDIDATES)
    vectors = _vectors(searcher, candidates, calls)
    counts = count(calls, candidates, understood.left_out, pairs := similar_pairs(candidates, vectors))
    picture = Picture.of(understood.question.image_features)
    together = [pair for pair in pairs if counts.occur_together(pair, candidates[pair[0]].language)]
    related = frozenset(frozenset((candidates[one].keys, candidates[other].keys)) for one, other in together)
    likeness = _likeness(values[Ranking], found)
    described = rows(candidates, found, counts=counts, picture=picture, vectors=vectors, likeness=likeness)
    general = frozenset(one.keys for at, one in enumerate(candidates) if counts.seen_share(at) >= MAX_SHARE)
    return Described(found, wanted, candidates, described, related, general)


def _likeness(ranking: Ranking, neighbours: Sequence[Neighbour]) -> dict[int, float]:
    """Place -> mean of the similarities of embeddings, of those neighbours that have any."""
    rows = {one.place: ranking.candidate_set.table.get(one.id, {}) for one in neighbours}
    found = {place: [row[name] for name in EMBEDDINGS if name in row] for place, row in rows.items()}
    return {place: sum(values) / len(values) for place, values in found.items() if values}


def ordered(scored: Sequence[Scored], related: Related = frozenset(), general: Collection[Keys] = frozenset()) -> list[Scored]:
    """The best tags: those that say the same merged, the most special of the supported ones first.

    What is `general` in this collection is only a broader tag, unless there is nothing else.
    """
    telling = [one for one in scored if one.candidate.keys not in general] or list(scored)
    kept = with_broader(merged(telling, related)[:MAX_TAGS], scored)
    special = [one for one in kept if kept[0] in one.broader and one.confidence >= LEADING * kept[0].confidence]
    return sorted(kept, key=lambda one: one not in special[:1])


def _vectors(searcher: Searcher, candidates: Sequence[Candidate], calls: Calls) -> list[Vector | None]:
    """The phrases in the joint embedding; None where it does not know the language, or the model fails."""
    known = [one.name for one in candidates if primary(one.language) == ENGLISH]
    try:
        encoded = dict(zip(known, searcher.encode_text(known), strict=True)) if known else {}
    except Exception as error:  # tags are found without it; whatever the model raises must not lose them
        calls.warn(f"tags are not compared with the picture: {error}")
        encoded = {}
    return [encoded.get(one.name) for one in candidates]


def _tag(one: Scored, model: Confidence) -> Tag:
    names = dict.fromkeys(also.name for also in one.also)
    return Tag(
        name=one.candidate.name,
        language=one.candidate.language,
        confidence=round(one.confidence, 4),
        is_certain=one.confidence >= model.certain,
        broader=[other.candidate.name for other in one.broader],
        also=[name for name in names if name.casefold() != one.candidate.name.casefold()],
        evidence=_evidence(one.candidate),
    )


def _evidence(candidate: Candidate) -> list[TagEvidence]:
    """The strongest votes."""
    votes = sorted(candidate.votes.values(), key=lambda vote: (-vote.weight, vote.neighbour.place))
    return [
        TagEvidence(
            id=vote.neighbour.id,
            place=vote.neighbour.place,
            probability=vote.neighbour.probability,
            kind=vote.kind.value,
            words=vote.text[:MAX_SHOWN_WORDS],
        )
        for vote in votes[:MAX_SHOWN_EVIDENCE]
    ]


def _why_none(found: Described) -> str:
    """Why there are no tags, for people."""
    if not found.neighbours:
        return "nothing similar was found"
    if not any(one.snippets() for one in found.neighbours):
        return "the similar pictures have no text"
    return f"the text of the similar pictures names nothing in {', '.join(found.languages)}"
