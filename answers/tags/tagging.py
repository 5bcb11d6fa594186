"""What a picture shows, in the words of its neighbours: open-ended tags, with confidence and evidence."""

from collections.abc import Sequence

from answers.neighbours import Neighbour, neighbours_of
from answers.tags.answer import Tag, TagEvidence, Tags
from answers.tags.candidates import Candidate, candidates_of, supported, usual_language
from answers.tags.collection_counts import count
from answers.tags.confidence import Confidence, packaged
from answers.tags.features import Picture, rows
from answers.tags.merging import Scored, merged, with_broader
from answers.tags.words import ENGLISH
from mappings.analysis import primary
from query.engine_calls import Calls
from query.pipeline import Values
from query.question import Understood
from query.search import Searcher
from vision.image_features import Vector

MAX_TAGS = 8  # in each language
MAX_CANDIDATES = 40  # in each language
MAX_LANGUAGES = 3  # that tags are found in at a time
MAX_SHOWN_EVIDENCE = 5  # neighbours of a tag
MAX_SHOWN_WORDS = 160  # letters of a snippet
LEADING = 0.8  # share of the confidence of the broader tag, from which the more special one leads


def tags_of(
    searcher: Searcher, values: Values, languages: Sequence[str] = (), neighbours: Sequence[Neighbour] | None = None
) -> Tags:
    """The tags of a question's picture, or of its part; `values` are those of `Searcher.run(request, until="group")`.

    `languages`: BCP 47; by default the one that most of the neighbours' text is in. `neighbours`: those of `values`, where they
    were read already. At most three requests to the engine; EngineUnavailable.
    """
    found = neighbours_of(values) if neighbours is None else neighbours
    calls, left_out = values[Calls], values[Understood].left_out
    wanted = [primary(language) for language in languages][:MAX_LANGUAGES] or [usual_language(found)]
    candidates = supported(candidates_of(found, wanted), MAX_CANDIDATES)
    model = packaged()
    if not candidates:
        return Tags(neighbours=len(found), certain=model.certain, note=_why_none(found, wanted))
    picture = Picture.of(values[Understood].question.image_features)
    vectors = _vectors(searcher, candidates, calls)
    described = rows(candidates, found, count(calls, candidates, left_out), picture, vectors)
    scored = [
        Scored(one, model.of(row), vector) for one, row, vector in zip(candidates, described, vectors, strict=True)
    ]  # fmt: skip
    tags = [_tag(one, model) for language in wanted for one in ordered(scored, language)]
    perhaps = not any(tag.is_certain for tag in tags)
    return Tags(tags=tags, perhaps=perhaps, neighbours=len(found), certain=model.certain, warnings=calls.warnings)


def ordered(scored: Sequence[Scored], language: str) -> list[Scored]:
    """The best tags of a language: merged, the most special of the supported ones first."""
    own = sorted((one for one in scored if one.candidate.language == language), key=_rank)
    kept = with_broader(merged(own))[:MAX_TAGS]
    if kept:
        special = [one for one in kept if kept[0] in one.broader and one.confidence >= LEADING * kept[0].confidence]
        kept.sort(key=lambda one: one not in special[:1])
    return kept


def _rank(one: Scored) -> tuple[float, int, str]:
    """The most confident first; of equals the longer, then by name."""
    return -one.confidence, -len(one.candidate.keys), one.candidate.name


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
    names = [one.candidate.name, *(also.name for also in one.also)]
    others = [name for name in dict.fromkeys(names) if name.casefold() != one.candidate.name.casefold()]
    return Tag(
        name=one.candidate.name,
        language=one.candidate.language,
        confidence=round(one.confidence, 4),
        is_certain=one.confidence >= model.certain,
        broader=[other.candidate.name for other in one.broader],
        also=others,
        evidence=_evidence(one.candidate),
    )


def _evidence(candidate: Candidate) -> list[TagEvidence]:
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


def _why_none(neighbours: Sequence[Neighbour], languages: Sequence[str]) -> str:
    """Why there are no tags, for people."""
    if not neighbours:
        return "nothing similar was found"
    if not any(one.snippets() for one in neighbours):
        return "the similar pictures have no text"
    return f"the text of the similar pictures names nothing in {', '.join(languages)}"
