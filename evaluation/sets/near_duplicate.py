"""Transformed copies of indexed images."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.evaluation_set import SAME, EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic
from training import transforms

MAX_STAMPS, MAX_PHOTOS = 400, 200
KINDS = tuple(transforms.TRANSFORMS)


class NearDuplicate(EvaluationSet):
    """A transformed copy of an indexed picture; that picture is right."""

    name: ClassVar[str] = "near-duplicate"
    about: ClassVar[str] = "A transformed copy of an indexed picture; that picture is right."
    needs: ClassVar[tuple[str, ...]] = ()

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Copies of the demo corpus, every other one on an everyday photo, and of everyday photos."""
        for seed, item in enumerate(datasets.thinned(corpus.unseen_stamps, MAX_STAMPS)):
            kind = KINDS[seed % len(KINDS)]
            behind = corpus.scenes[seed % len(corpus.scenes)] if corpus.scenes and seed % 2 else None
            copy = transforms.copy(corpus.collection.original(item.original), kind, seed, behind)
            topic = Topic(picture=f"{kind}-{item.original}")
            yield Posed(self.name, topic, corpus.stamp_grades(item), item.original, copy)
        for seed, photo in enumerate(datasets.thinned(corpus.photos, MAX_PHOTOS)):
            kind = KINDS[seed % len(KINDS)]
            topic = Topic(picture=f"{kind}-{photo.path.name}")
            copy = transforms.copy(photo.path.read_bytes(), kind, seed)
            yield Posed(self.name, topic, {corpus.id(photo): SAME}, family_of(photo), copy)
