"""Candidates for tags: phrases of up to five words in the linked text of the neighbours, with who says them.

Each neighbour (a group of near-duplicates) has one vote for a phrase, as strong as it is likely to answer the question and as
its text is about its picture. Where neighbours are from several web sites, each site has one, too: its pages repeat one
another (Wang et al., ARISTA - image search to annotation on billions of web photos, CVPR 2010).
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from answers.neighbours import Neighbour
from answers.tags.lexicon import english
from answers.tags.phrases import Keys, phrases
from answers.tags.words import ENGLISH
from factors.text import Kind, TextSnippet
from ingest.text import clean, language_of
from mappings.analysis import primary

MAX_SNIPPETS = 12  # of a neighbour that are read, in each language
MIN_SITES = 3  # hosts among the neighbours, from which each has one vote
KIND_WEIGHT = 0.8  # of what a thing is a kind of, relative to the thing that the text names


@dataclass(frozen=True, slots=True)
class Vote:
    """What a neighbour says for a phrase: the snippet, its kind, and the weight of the vote (0..1).

    `derived`: the text names a thing that is of this kind (`a lark`, for `bird`), and not the kind itself.
    """

    neighbour: Neighbour
    weight: float
    text: str
    kind: Kind
    derived: bool = False


@dataclass(slots=True)
class Candidate:
    """A phrase of one language: the keys of its words, its written forms, its votes by place of the neighbour."""

    language: str
    keys: Keys
    forms: Counter[str] = field(default_factory=Counter)
    votes: dict[int, Vote] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The form that is written most often; of equals, the first in the alphabet."""
        return min(self.forms, key=lambda form: (-self.forms[form], form))

    @property
    def is_kind(self) -> bool:
        """Whether most of its voters say things of which it is a kind, and not the phrase itself."""
        return 2 * sum(vote.derived for vote in self.votes.values()) > len(self.votes)

    @property
    def weight(self) -> float:
        """The sum of its votes."""
        return sum(vote.weight for vote in self.votes.values())


def candidates_of(neighbours: Sequence[Neighbour], languages: Collection[str] = ()) -> list[Candidate]:
    """Every phrase of the neighbours' text in these languages (by default in any), with its votes."""
    found: dict[tuple[str, Keys], Candidate] = {}
    usual = usual_language(neighbours)
    for one in neighbours:
        for snippet, language in _read(one, usual):
            if not languages or language in languages:
                _count(found, one, snippet, language)
    if len({host for one in neighbours for host in one.hosts}) >= MIN_SITES:
        for candidate in found.values():
            candidate.votes = _by_site(candidate.votes)
    return list(found.values())


def _count(found: dict[tuple[str, Keys], Candidate], one: Neighbour, snippet: TextSnippet, language: str) -> None:
    """Add the votes of one snippet: for its phrases, and in English for the kinds of things that they name."""
    weight = one.weight * snippet.weight
    for keys, text in phrases(clean(snippet.text), language):
        named = [(keys, text, Vote(one, weight, snippet.text, snippet.kind))]
        if language == ENGLISH:
            vote = Vote(one, KIND_WEIGHT * weight, snippet.text, snippet.kind, derived=True)
            named += [((kind,), kind, vote) for kind in english().familiar_kinds(" ".join(keys))]
        for own, form, vote in named:
            candidate = found.setdefault((language, own), Candidate(language, own))
            candidate.forms[form] += 1
            known = candidate.votes.get(one.place)
            if known is None or known.weight < vote.weight:
                candidate.votes[one.place] = vote


def usual_language(neighbours: Iterable[Neighbour]) -> str:
    """The language that most snippets declare; English where none does."""
    counts = Counter(primary(snippet.language) for one in neighbours for snippet in one.snippets() if snippet.language)
    return max(counts, key=lambda language: (counts[language], language == ENGLISH), default=ENGLISH)


def _read(neighbour: Neighbour, usual: str) -> Iterator[tuple[TextSnippet, str]]:
    """The strongest snippets of each language, each text once, with their language."""
    read: Counter[str] = Counter()
    texts: set[str] = set()
    for snippet in sorted(neighbour.snippets(), key=lambda one: -one.weight):
        language = primary(snippet.language or language_of(snippet.text) or usual)
        if snippet.text not in texts and read[language] < MAX_SNIPPETS:
            texts.add(snippet.text)
            read[language] += 1
            yield snippet, language


def _by_site(votes: Mapping[int, Vote]) -> dict[int, Vote]:
    """The strongest vote of each site; a neighbour without one keeps its own."""
    kept: dict[int, Vote] = {}
    taken: set[str] = set()
    for place, vote in sorted(votes.items(), key=lambda pair: (-pair[1].weight, pair[0])):
        sites = vote.neighbour.hosts
        if not sites or sites - taken:
            kept[place] = vote
            taken |= sites
    return kept


def supported(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The candidates with the greatest C-value in each language, at most so many.

    C-value(a) = log2(1 + words of a) * (votes(a) - mean votes of the longer candidates that contain a); Frantzi, Ananiadou,
    Mima: Automatic recognition of multi-word terms (2000), with votes in place of frequency, and 1 + words so that single
    words count. A part that only stands in one longer phrase, which several say, is left out: the longest comes first.
    """
    longer: dict[tuple[str, Keys], list[Candidate]] = {}
    for one in candidates:
        for part in _parts(one.keys):
            longer.setdefault((one.language, part), []).append(one)
    chosen: dict[str, list[tuple[float, Candidate]]] = {}
    for one in candidates:
        containing = longer.get((one.language, one.keys), [])
        if any(len(other.votes) > 1 and other.votes.keys() >= one.votes.keys() for other in containing):
            continue
        inside = sum(other.weight for other in containing) / len(containing) if containing else 0.0
        value = math.log2(1 + len(one.keys)) * (one.weight - inside)
        chosen.setdefault(one.language, []).append((value, one))
    return [one for group in chosen.values() for _, one in sorted(group, key=lambda pair: (-pair[0], pair[1].keys))[:most]]


def _parts(keys: Keys) -> set[Keys]:
    """Every shorter run of the words."""
    return {keys[at : at + size] for size in range(1, len(keys)) for at in range(len(keys) - size + 1)}
