"""Linked text: text next to the image, in many languages."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task, TextUse
from factors.text import Kind, TextSnippet, without_marks
from mappings.analysis import ANALYZERS, LATIN, analyzer, analyzers_for

# Text that names the image says more about it than text nearby.
STRONG_KINDS = {Kind.TITLE, Kind.PRODUCT, Kind.CAPTION, Kind.ALT, Kind.KEYWORDS}
HIGHLIGHT_LENGTH = 120  # characters of a highlighted snippet
STRONG_BOOST = 2.0  # of strong snippets, relative to the others
MAX_WORDS_BY_LANGUAGE = 12  # matched in every language's field: the engine limits a request of all factors to 1,024 clauses
TIE_BREAKER = 0.1  # of further fields, relative to the best: a word that is spelt alike in ten languages is still one word


class LinkedText(Factor):
    """BM25 over titles, captions, alt texts, anchors and nearby text."""

    name: ClassVar[str] = "linked_text"
    title: ClassVar[str] = "Text linked to it"
    about: ClassVar[str] = (
        "BM25 of the words against text linked to the picture. Every snippet goes into `linked.all` (words of any language, "
        "without case and accents) and into the field of its language's analyzer (stems, stop words, segmentation) where the "
        "engine has one; titles, names of products, captions, alternative texts and keywords also go into `linked.strong`, "
        "which counts twice. A snippet that something speaks against is never strong, and one of small weight is not searched. "
        "A question's language is not known: it is looked for in all languages of its script, where each stem that matches "
        "counts the same, less than the word itself: stems of different languages meet by chance, and a chance meeting is "
        "rare, which BM25 would reward. The best field counts, the others break ties."
    )
    weight: ClassVar[float] = 1.5
    snippet_fields: ClassVar[tuple[str, ...]] = ("linked",)
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("linked_text", compares="words", scale="per-query", task=Task("words to picture", "MRR")),
    )

    def fields(self, dimensions: object) -> Json:
        """A field per analyzer, one for all languages, one for the strong kinds."""
        folded = {"type": "text", "analyzer": "folded"}
        # Texts in many languages make a document long, which must not count against it.
        unnormed = folded | {"norms": False}
        by_analyzer = {name: {"type": "text", "analyzer": name, "similarity": "boolean"} for name in ANALYZERS}
        return {"linked": {"properties": {"all": unnormed, "strong": unnormed, **by_analyzer}}}

    def snippet_fields_of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> Json:
        """The snippets by field; trash is in none, and a snippet that weighs less than 1 is never strong."""
        fields: dict[str, dict[str, None]] = {}
        for snippet in snippets:
            if snippet.is_trash:
                continue
            fields.setdefault("all", {})[snippet.text] = None
            if snippet.kind in STRONG_KINDS and snippet.weight >= 1:
                fields.setdefault("strong", {})[snippet.text] = None
            if name := analyzer(snippet.language):
                fields.setdefault(name, {})[snippet.text] = None
        return {"linked": {name: list(texts) for name, texts in fields.items()}}

    def clauses(self, question: Question) -> list[Clause]:
        """One column where there are words."""
        if not question.words:
            return []
        text = " ".join(question.words.content)
        ways: list[Json] = [
            {"match": {"linked.all": text}},
            {"match": {"linked.strong": {"query": text, "boost": STRONG_BOOST}}},
        ]
        beginning = " ".join(text.split()[:MAX_WORDS_BY_LANGUAGE])
        ways += [{"match": {path: beginning}} for path in _languages(text)]
        match = {"dis_max": {"tie_breaker": TIE_BREAKER, "queries": ways}}
        return [Clause("linked_text", score=match, retrieve=match)]

    def text_fields(self) -> tuple[str, ...]:
        """All languages."""
        return ("linked.all", *(f"linked.{name}" for name in ANALYZERS))

    def word_fields(self) -> tuple[str, ...]:
        """Unstemmed words, and stems of English and of languages whose letters hardly any other language uses."""
        own = [name for name in ANALYZERS if name == "english" or name not in LATIN]
        return ("linked.all", *(f"linked.{name}" for name in own))

    def refining_fields(self) -> Mapping[str, TextUse]:
        """All snippets but trash."""
        return {"linked.english": "words", "linked.all": "any language"}

    def unshown_fields(self) -> tuple[str, ...]:
        """The texts: what matched comes as highlights."""
        return ("linked",)

    def highlight(self, question: Question) -> Json:
        """The matching snippet in whichever field matched."""
        options = {"number_of_fragments": 1, "fragment_size": HIGHLIGHT_LENGTH}
        return dict.fromkeys(("linked.all", *_languages(" ".join(question.words.content))), options) if question.words else {}

    def explain(self, evidence: Evidence) -> str:
        """The snippet with the matching words."""
        if evidence.highlights:
            return f"Text linked to it has your words: {without_marks(evidence.highlights[0])}"
        return "Text linked to it has your words."


def _languages(text: str) -> list[str]:
    """The fields of languages that these words may be in."""
    return [f"linked.{name}" for name in analyzers_for(text)]
