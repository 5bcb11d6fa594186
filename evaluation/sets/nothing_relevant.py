"""Questions that no document answers."""

import random
from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.evaluation_set import EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic

SEED = 7
MAX_OF_EACH = 30  # photos, garments, made-up words
LETTERS, LENGTH = "bcdfghjklmnpqrstvwxz", 9


class NothingRelevant(EvaluationSet):
    """Questions that nothing answers: garments and everyday photos asked of a catalogue of groceries, words nobody wrote."""

    name: ClassVar[str] = "nothing relevant"
    about: ClassVar[str] = (
        "Questions that nothing answers: garments and everyday photos asked of a catalogue of groceries, words nobody wrote."
    )
    needs: ClassVar[tuple[str, ...]] = ()

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """All of them measure the cutoff; none is learned from."""
        among = {"collection": [datasets.CATALOGUE]}
        strangers = [datasets.thinned(known, MAX_OF_EACH) for known in (corpus.photos, datasets.unseen(corpus.garments))]
        for photo in (known for group in strangers for known in group if corpus.catalogue):
            yield Posed(self.name, Topic(like=corpus.id(photo), filters=among), {}, family_of(photo), part="test")
        letters = random.Random(SEED)  # noqa: S311  (made-up words, no secret)
        for _ in range(MAX_OF_EACH):
            text = "".join(letters.choices(LETTERS, k=LENGTH))
            yield Posed(self.name, Topic(text=text), {}, text, part="test")
