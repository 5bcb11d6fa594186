"""Captions of everyday photos."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.evaluation_set import SAME, EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic

MAX_QUESTIONS = 600


class WordsToPicture(EvaluationSet):
    """What somebody else wrote about an everyday photo; that photo is right."""

    name: ClassVar[str] = "words to picture"
    about: ClassVar[str] = "What somebody else wrote about an everyday photo; that photo is right."
    needs: ClassVar[tuple[str, ...]] = (datasets.FLICKR,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """The second caption asks; only the first is indexed."""
        for photo in datasets.thinned(corpus.photos, MAX_QUESTIONS):
            topic = Topic(text=" ".join(datasets.words_of(photo.texts[1])))
            yield Posed(self.name, topic, {corpus.id(photo): SAME}, family_of(photo))
