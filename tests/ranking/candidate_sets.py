"""Made-up questions whose true order is known: three columns, of which one lies and one is often missing."""

import random

from ranking.candidate_set import CandidateSet, FusionConfig, QueryFeatures
from ranking.learning.examples import Example
from ranking.learning.features import FeatureSet

COLUMNS = ("lying", "similar", "words")
FEATURES = FeatureSet(columns=COLUMNS)


def example(number: int, documents: int = 30) -> Example:
    """What is similar or has the words is right; what the third column says is chance, and fusion believes it."""
    chance = random.Random(number)
    words = number % 2 == 1
    table, grades = {}, {}
    for place in range(documents):
        document = f"{number}-{place:02d}"
        truth = chance.random()
        row = {"lying": chance.random(), "similar": min(1.0, max(0.0, truth + chance.gauss(0, 0.12)))}
        if words and chance.random() < 0.6:
            row["words"] = 10 * truth + chance.random()
        table[document] = row
        grades[document] = 4 if truth > 0.92 else 2 if truth > 0.8 else 0
    query_features = QueryFeatures(
        intent="picture and words" if words else "picture", category="animal", words=2 if words else 0
    )
    fusion_config = FusionConfig(weights={"lying": 2.0, "similar": 1.0, "words": 1.0})
    return Example(
        topic=f"t{number}", grades=grades, complete=True, set="made up",
        candidate_set=CandidateSet(table=table, query_features=query_features, fusion_config=fusion_config),
    )  # fmt: skip


def examples(count: int = 160) -> list[Example]:
    """Enough to learn from."""
    return [example(number) for number in range(count)]
