"""Questions of an image and words together."""

from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.datasets import Known
from evaluation.evaluation_set import COARSE, SAME, EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic
from training import transforms

MAX_SIBLINGS, MAX_DESCRIBED = 220, 200
CAPTION_WORDS = 4


class PictureAndWords(EvaluationSet):
    """A photo of one product and the name of its sibling; or a part of a photo and what it shows."""

    name: ClassVar[str] = "picture and words"
    about: ClassVar[str] = "A photo of one product and the name of its sibling; or a part of a photo and what it shows."
    needs: ClassVar[tuple[str, ...]] = ()

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Groceries and everyday photos, whichever are there."""
        yield from self._siblings(corpus)
        for seed, photo in enumerate(datasets.thinned(corpus.photos, MAX_DESCRIBED)):
            words = datasets.words_of(photo.texts[2])[:CAPTION_WORDS]
            topic = Topic(picture=f"crop-{photo.path.name}", text=" ".join(words))
            copy = transforms.copy(photo.path.read_bytes(), "crop", seed)
            yield Posed(self.name, topic, {corpus.id(photo): SAME}, family_of(photo), copy)

    def _siblings(self, corpus: Corpus) -> Iterator[Posed]:
        """A product of the same coarse class is wanted: its name is the words."""
        by_coarse: dict[str, list[Known]] = {}
        for known in corpus.catalogue:
            by_coarse.setdefault(known.coarse, []).append(known)
        asked = [(p, part) for p, part in corpus.shop_questions() if len(by_coarse.get(p.coarse, ())) > 1]
        for place, (photo, part) in enumerate(asked[:: max(1, len(asked) // MAX_SIBLINGS)]):
            others = [known for known in by_coarse[photo.coarse] if known.fine != photo.fine]
            wanted = others[place % len(others)]
            grades = {corpus.id(k): COARSE for k in by_coarse[photo.coarse]} | {corpus.id(wanted): SAME}
            topic = Topic(picture=photo.path.name, text=wanted.texts[0].casefold())
            yield Posed(self.name, topic, grades, family_of(photo), photo.path.read_bytes(), part)
