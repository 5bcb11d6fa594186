"""What kind of question it is: which of picture and words are asked with, and what the picture shows."""

from factors.base import Question
from ranking.listing import Facts, Intent
from ranking.verticals import vertical


def facts(question: Question) -> Facts:
    """Intent, category and number of words."""
    labels = question.perception.labels if question.perception else None
    return Facts(intent=_intent(question), category=vertical(labels or ()), words=len(question.words.text.split()))


def _intent(question: Question) -> Intent:
    if question.perception is None:
        return "words"
    if question.words:
        return "picture and words"
    return "part" if question.region else "picture"
