"""Questions whose answers show the same product, the same kind, or the same object."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.datasets import SAME
from evaluation.evaluation_set import EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic
from training import transforms

MAX_GARMENTS, MAX_PASTED = 500, 300  # questions


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


class SameKind(EvaluationSet):
    """A garment, asked of all garments; those of its class are right."""

    name: ClassVar[str] = "same kind"
    about: ClassVar[str] = "A garment, asked of all garments; those of its class are right."
    needs: ClassVar[tuple[str, ...]] = (datasets.CLOTHING,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Asked by indexed garments that no weights were fitted on."""
        among = {"collection": [datasets.CLOTHING]}
        for garment in datasets.thinned(datasets.unseen(corpus.garments), MAX_GARMENTS):
            grades = {corpus.id(k): SAME for k in corpus.garments if k.fine == garment.fine and k is not garment}
            yield Posed(self.name, Topic(like=corpus.id(garment), filters=among), grades, family_of(garment))


class SameObject(EvaluationSet):
    """A part of a picture into which an indexed picture was pasted; that one is right."""

    name: ClassVar[str] = "same object"
    about: ClassVar[str] = "A part of a picture into which an indexed picture was pasted; that one is right."
    needs: ClassVar[tuple[str, ...]] = (datasets.FLICKR,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Stamps of the demo corpus on everyday photos that are not indexed."""
        if not corpus.scenes:
            return
        for seed, item in enumerate(datasets.thinned(corpus.unseen_stamps, MAX_PASTED)):
            scene = corpus.scenes[-1 - seed % len(corpus.scenes)]
            picture, box = transforms.pasted(corpus.original(item.original), scene, seed)
            topic = Topic(picture=f"pasted-{item.original}", box=[round(part, 4) for part in box])
            yield Posed(self.name, topic, corpus.stamp_grades(item), item.original, picture)
