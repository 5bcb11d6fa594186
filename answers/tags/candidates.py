"""Candidates for tags: phrases of up to five words in the linked text of the neighbours, with who says them.

Each neighbour (a group of near-duplicates) has one vote for a phrase, as strong as it is likely to answer the question and as
its text is about its picture. Where neighbours are from several web sites, each site has one, too: its pages repeat one
another (Wang et al., ARISTA - image search to annotation on billions of web photos, CVPR 2010).
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from answers.neighbours import Neighbour
from answers.tags.lexicon import english
from answers.tags.words import ENGLISH, Word, chunks
from factors.stop_words import stop_words
from factors.text import Kind, TextSnippet
from ingest.text import clean, language_of
from mappings.analysis import primary
from query.refinement import GENERIC

MAX_WORDS = 5  # of a phrase
MAX_SNIPPETS = 12  # of a neighbour that are read, in each language
MIN_SITES = 3  # hosts among the neighbours, from which each has one vote
DOUBTFUL = 0.5  # probability of the best neighbour where none is calibrated; those after it fade
RELATED = {"nb": "no", "nn": "no", "ast": "es", "an": "es", "gl": "gl", "vec": "it", "af": "nl"}  # whose stop words serve
LINKS = frozenset(("of", "for", "the", "de", "&"))  # that join the parts of an English name
# Nouns that say where or how much, and not what.
_VAGUE = """
another area back background bit bottom bunch close closeup couple day edge end foreground front group kind left lot many
middle number one other others pair part piece place right scene set several shot side some something sort thing time top
two type various view way
"""
VAGUE = GENERIC | frozenset(_VAGUE.split())
Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vote:
    """What a neighbour says for a phrase: the snippet, its kind, and the weight of the vote (0..1)."""

    neighbour: Neighbour
    weight: float
    text: str
    kind: Kind


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
    def weight(self) -> float:
        """The sum of its votes."""
        return sum(vote.weight for vote in self.votes.values())


def strengths(neighbours: Sequence[Neighbour]) -> dict[int, float]:
    """Place -> weight of the neighbour: its probability; without one, by its place."""
    return {
        one.place: one.probability if one.probability is not None else DOUBTFUL / one.place
        for one in neighbours
    }  # fmt: skip


def candidates_of(neighbours: Sequence[Neighbour], languages: Collection[str] = ()) -> list[Candidate]:
    """Every phrase of the neighbours' text in these languages (by default in any), with its votes."""
    found: dict[tuple[str, Keys], Candidate] = {}
    usual, weights = usual_language(neighbours), strengths(neighbours)
    for one in neighbours:
        for snippet, language in _read(one, usual):
            if languages and language not in languages:
                continue
            weight = weights[one.place] * snippet.weight
            for keys, text in phrases(clean(snippet.text), language):
                candidate = found.setdefault((language, keys), Candidate(language, keys))
                candidate.forms[text] += 1
                known = candidate.votes.get(one.place)
                if known is None or known.weight < weight:
                    candidate.votes[one.place] = Vote(one, weight, snippet.text, snippet.kind)
    if len({host for one in neighbours for host in hosts(one)}) >= MIN_SITES:
        for candidate in found.values():
            candidate.votes = _by_site(candidate.votes)
    return list(found.values())


def hosts(neighbour: Neighbour) -> set[str]:
    """The hosts of the pages that its documents are on; none for files."""
    sources = (source for document in neighbour.documents.values() for source in document.get("sources", []))
    return {host for source in sources if (host := urlsplit(source.get("page") or "").netloc.lower())}


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


def phrases(text: str, language: str) -> Iterator[tuple[Keys, str]]:
    """The noun phrases of a text: keys of the words, and the phrase as it stands. In other languages than English, all runs
    of words that no stop word begins or ends.
    """
    stops = stop_words(RELATED.get(language, language))
    for words in chunks(text, language):
        for begin in range(len(words)):
            for end in range(begin + 1, min(len(words), begin + MAX_WORDS) + 1):
                run = words[begin:end]
                if _is_phrase(run, stops) and (language != ENGLISH or _is_english_phrase(run, stops)):
                    yield tuple(word.key for word in run), written(run)


def written(words: Sequence[Word]) -> str:
    """The phrase as it stands in a text."""
    return "".join(word.text if word.joined or not at else f" {word.text}" for at, word in enumerate(words))


def _is_phrase(run: Sequence[Word], stops: frozenset[str]) -> bool:
    first, last = run[0].text.lower(), run[-1].text.lower()
    if first in stops or last in stops or not any(character.isalpha() for word in run for character in word.text):
        return False
    return len(run) > 1 or len(first) > 1 or run[0].joined


def _is_english_phrase(run: Sequence[Word], stops: frozenset[str]) -> bool:
    """Adjectives and nouns before a noun, or two such joined by a word like `of`; no vague noun at the end."""
    head, lexicon = run[-1], english()
    if head.key in VAGUE or not (head.key[:1].isdigit() or lexicon.names_things(head.text.lower())):
        return False
    inner = [word.text.lower() for word in run]
    return all(_joins(inner, at, stops) for at in range(len(inner) - 1))


def _joins(words: Sequence[str], at: int, stops: frozenset[str]) -> bool:
    """Whether a word may stand within an English phrase: `black and white dog`, `bottle of milk`, not `boy and dog`."""
    word, before, lexicon = words[at], words[at - 1], english()
    if word in LINKS:
        return before not in VAGUE and lexicon.lemma(before) not in VAGUE
    if word == "and":
        return lexicon.modifies(before) and not lexicon.names_things(before)
    return word not in stops and word not in VAGUE and lexicon.modifies(word)


def _by_site(votes: Mapping[int, Vote]) -> dict[int, Vote]:
    """The strongest vote of each site; a neighbour without one keeps its own."""
    kept: dict[int, Vote] = {}
    taken: set[str] = set()
    for place, vote in sorted(votes.items(), key=lambda pair: (-pair[1].weight, pair[0])):
        sites = hosts(vote.neighbour)
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
