"""Phone photos of groceries, asked of everything."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.evaluation_set import EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic


class SameProduct(EvaluationSet):
    """A photo taken in a shop, asked of everything; pictures of the same product are right."""

    name: ClassVar[str] = "same product"
    about: ClassVar[str] = "A photo taken in a shop, asked of everything; pictures of the same product are right."
    needs: ClassVar[tuple[str, ...]] = (datasets.GROCERY,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Every other photo of the catalogue's questions, graded by fine and coarse class."""
        for photo, part in list(corpus.shop_questions())[::2]:
            grades = corpus.graded(photo, [*corpus.catalogue, *corpus.shop])
            yield Posed(self.name, Topic(picture=photo.path.name), grades, family_of(photo), photo.path.read_bytes(), part)
