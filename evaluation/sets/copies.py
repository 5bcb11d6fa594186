"""Transformed copies of indexed images, and questions that no document answers."""

import random
from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.datasets import SAME
from evaluation.evaluation_set import EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic
from training import transforms

MAX_STAMPS, MAX_PHOTOS = 400, 200  # that are copied
MAX_UNANSWERED = 30  # photos, garments, made-up words, of each
LETTERS, WORD_LENGTH = "bcdfghjklmnpqrstvwxz", 9  # of made-up words
SEED = 7
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
            copy = transforms.copy(corpus.original(item.original), kind, seed, behind)
            topic = Topic(picture=f"{kind}-{item.original}")
            yield Posed(self.name, topic, corpus.stamp_grades(item), item.original, copy)
        for seed, photo in enumerate(datasets.thinned(corpus.photos, MAX_PHOTOS)):
            kind = KINDS[seed % len(KINDS)]
            topic = Topic(picture=f"{kind}-{photo.path.name}")
            copy = transforms.copy(photo.path.read_bytes(), kind, seed)
            yield Posed(self.name, topic, {corpus.id(photo): SAME}, family_of(photo), copy)


class NothingRelevant(EvaluationSet):
    """Questions that nothing answers: garments and everyday photos asked of a catalogue of groceries, words nobody wrote."""

    name: ClassVar[str] = "nothing relevant"
    about: ClassVar[str] = (
        "Questions that nothing answers: garments and everyday photos asked of a catalogue of groceries, words nobody wrote."
    )
    needs: ClassVar[tuple[str, ...]] = ()

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """All questions measure the cutoff; no model learns from them."""
        among = {"collection": [datasets.CATALOGUE]}
        strangers = [datasets.thinned(known, MAX_UNANSWERED) for known in (corpus.photos, datasets.unseen(corpus.garments))]
        for photo in (known for group in strangers for known in group if corpus.catalogue):
            yield Posed(self.name, Topic(like=corpus.id(photo), filters=among), {}, family_of(photo), part="test")
        letters = random.Random(SEED)  # noqa: S311  (made-up words, no secret)
        for _ in range(MAX_UNANSWERED):
            text = "".join(letters.choices(LETTERS, k=WORD_LENGTH))
            yield Posed(self.name, Topic(text=text), {}, text, part="test")
