"""Phone photos of groceries, asked of the catalogue."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.evaluation_set import EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic


class PhoneToCatalogue(EvaluationSet):
    """A photo taken in a shop, asked of the catalogue; the picture of the same product is right."""

    name: ClassVar[str] = "phone photo to catalogue"
    about: ClassVar[str] = "A photo taken in a shop, asked of the catalogue; the picture of the same product is right."
    needs: ClassVar[tuple[str, ...]] = (datasets.GROCERY,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Graded by fine and coarse class."""
        among = {"collection": [datasets.CATALOGUE]}
        for photo, part in corpus.shop_questions():
            grades = corpus.graded(photo, corpus.catalogue)
            topic = Topic(picture=photo.path.name, filters=among)
            yield Posed(self.name, topic, grades, family_of(photo), photo.path.read_bytes(), part)
