"""What kind of question it is: which of picture and words are asked with, and what the picture shows."""

from factors.base import Question
from ranking.candidate_set import Intent, QueryFeatures
from ranking.verticals import vertical


def query_features(question: Question) -> QueryFeatures:
    """Intent, category and number of words."""
    labels = question.image_features.labels if question.image_features else None
    return QueryFeatures(intent=_intent(question), category=vertical(labels or ()), words=len(question.words.text.split()))


def _intent(question: Question) -> Intent:
    if question.image_features is None:
        return "words"
    if question.words:
        return "picture and words"
    return "part" if question.region else "picture"
