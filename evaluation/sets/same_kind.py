"""Garments of ten classes."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.evaluation_set import SAME, EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic

MAX_QUESTIONS = 500


class SameKind(EvaluationSet):
    """A garment, asked of all garments; those of its class are right."""

    name: ClassVar[str] = "same kind"
    about: ClassVar[str] = "A garment, asked of all garments; those of its class are right."
    needs: ClassVar[tuple[str, ...]] = (datasets.CLOTHING,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Asked by indexed garments that no weights were fitted on."""
        among = {"collection": [datasets.CLOTHING]}
        for garment in datasets.thinned(datasets.unseen(corpus.garments), MAX_QUESTIONS):
            grades = {corpus.id(k): SAME for k in corpus.garments if k.fine == garment.fine and k is not garment}
            yield Posed(self.name, Topic(like=corpus.id(garment), filters=among), grades, family_of(garment))
