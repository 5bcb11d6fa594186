"""A part of an image, into which an indexed image was pasted."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.evaluation_set import EvaluationSet, Posed
from ranking.judgements.judgement import Topic
from training import transforms

MAX_QUESTIONS = 300


class SameObject(EvaluationSet):
    """A part of a picture into which an indexed picture was pasted; that one is right."""

    name: ClassVar[str] = "same object"
    about: ClassVar[str] = "A part of a picture into which an indexed picture was pasted; that one is right."
    needs: ClassVar[tuple[str, ...]] = (datasets.FLICKR,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Stamps of the demo corpus on everyday photos that are not indexed."""
        if not corpus.scenes:
            return
        for seed, item in enumerate(datasets.thinned(corpus.unseen_stamps, MAX_QUESTIONS)):
            scene = corpus.scenes[-1 - seed % len(corpus.scenes)]
            picture, box = transforms.pasted(corpus.collection.original(item.original), scene, seed)
            topic = Topic(picture=f"pasted-{item.original}", box=[round(part, 4) for part in box])
            yield Posed(self.name, topic, corpus.stamp_grades(item), item.original, picture)
