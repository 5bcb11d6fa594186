"""Coverage: the share of the words that a document has in any of its text fields."""

from typing import ClassVar

from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task

MAX_WORDS = 8  # each is matched in every text field of every factor, and the engine limits a request to 1,024 clauses


class Coverage(Factor):
    """The share of the words that match anywhere."""

    name: ClassVar[str] = "coverage"
    title: ClassVar[str] = "All your words"
    about: ClassVar[str] = (
        "The share of the question's words that a document has in any text field of any factor: text linked to it, text read "
        "in it, names of its classes, objects and colours. A red flower whose text says only “flower”, but whose colour is "
        "red, has both. Stop words do not count. It is asked about the first "
        f"{MAX_WORDS} words; of a single one it says whether a document has it at all, which no share of the best BM25 score "
        "says. It has no fields of its own."
    )
    weight: ClassVar[float] = 2.0
    features: ClassVar[tuple[Feature, ...]] = (Feature("coverage", compares="words", task=Task("words to picture", "MRR")),)

    def clauses(self, question: Question) -> list[Clause]:
        """One column where there are words that say something."""
        words = _words(question)
        if not words:
            return []
        fields = list(question.word_fields)
        ways = [_anywhere(word, fields, 1 / len(words)) for word in words]
        score: Json = {"bool": {"should": ways, "minimum_should_match": 1}}
        return [Clause("coverage", score=score, retrieve=score)]

    def explain(self, evidence: Evidence) -> str:
        """How many of how many."""
        asked = len(_words(evidence.question))
        return f"Has {round(evidence.value * asked)} of your {asked} words." if asked > 1 else "Has your word."


def _words(question: Question) -> list[str]:
    """The first words that say something, each once."""
    return list(dict.fromkeys(word.casefold() for word in question.words.content))[:MAX_WORDS]


def _anywhere(word: str, fields: list[str], value: float) -> Json:
    match: Json = {"multi_match": {"query": word, "fields": fields, "lenient": True}}
    return {"constant_score": {"filter": match, "boost": value}}
