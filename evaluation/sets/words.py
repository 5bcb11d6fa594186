"""Questions of words: captions, words beside an image, and words that can be read in one."""

import random
from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.datasets import COARSE, SAME, Known
from evaluation.evaluation_set import EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic
from training import transforms

MAX_CAPTIONS = 600  # questions of captions
MAX_SIBLINGS, MAX_DESCRIBED = 220, 200  # questions of siblings, of parts of photos
CAPTION_WORDS = 4  # beside a part of a photo
WORDS_ASKED, LINES_ASKED = 3, 5  # per question; per receipt
SEED = 7


class WordsToPicture(EvaluationSet):
    """What somebody else wrote about an everyday photo; that photo is right."""

    name: ClassVar[str] = "words to picture"
    about: ClassVar[str] = "What somebody else wrote about an everyday photo; that photo is right."
    needs: ClassVar[tuple[str, ...]] = (datasets.FLICKR,)

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """The second caption asks; only the first is indexed."""
        for photo in datasets.thinned(corpus.photos, MAX_CAPTIONS):
            topic = Topic(text=" ".join(datasets.words_of(photo.texts[1])))
            yield Posed(self.name, topic, {corpus.id(photo): SAME}, family_of(photo))


class PictureAndWords(EvaluationSet):
    """A photo of one product and the name of its sibling; or a part of a photo and what it shows."""

    name: ClassVar[str] = "picture and words"
    about: ClassVar[str] = "A photo of one product and the name of its sibling; or a part of a photo and what it shows."
    needs: ClassVar[tuple[str, ...]] = ()

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Groceries and everyday photos, as far as they are there."""
        yield from self._siblings(corpus)
        for seed, photo in enumerate(datasets.thinned(corpus.photos, MAX_DESCRIBED)):
            words = datasets.words_of(photo.texts[2])[:CAPTION_WORDS]
            topic = Topic(picture=f"crop-{photo.path.name}", text=" ".join(words))
            copy = transforms.copy(photo.path.read_bytes(), "crop", seed)
            yield Posed(self.name, topic, {corpus.id(photo): SAME}, family_of(photo), copy)

    def _siblings(self, corpus: Corpus) -> Iterator[Posed]:
        """The words name another product of the same coarse class; its picture is right."""
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


class TextInPicture(EvaluationSet):
    """Words that can be read: of a receipt's line, of a sign; or another picture with the same words on it."""

    name: ClassVar[str] = "text in picture"
    about: ClassVar[str] = (
        "Words that can be read: of a receipt's line, of a sign; or another picture with the same words on it."
    )
    needs: ClassVar[tuple[str, ...]] = ()

    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Receipts where their data set is there; signs are drawn onto everyday photos."""
        for scan in corpus.receipts:
            for line in _lines(scan):
                yield Posed(self.name, Topic(text=" ".join(line)), {corpus.id(scan): SAME}, family_of(scan))
        for sign, unseen, words in corpus.signs:
            right = {corpus.id(sign): SAME}
            yield Posed(self.name, Topic(text=" ".join(words)), right, family_of(sign))
            yield Posed(self.name, Topic(picture=unseen.path.name), right, family_of(sign), unseen.path.read_bytes())


def _lines(scan: Known) -> Iterator[list[str]]:
    """The longest words of a few lines that have enough of them."""
    lines = [words for line in scan.texts if len(words := datasets.words_of(line)) >= WORDS_ASKED]
    chosen = random.Random(SEED).sample(lines, min(LINES_ASKED, len(lines)))  # noqa: S311  (a fixed choice, no secret)
    return (sorted(words, key=len, reverse=True)[:WORDS_ASKED] for words in chosen)
