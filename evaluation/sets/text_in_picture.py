"""Words that can be read on receipts and signs."""

import random
from collections.abc import Iterator
from typing import ClassVar

from evaluation import datasets
from evaluation.corpus import Corpus
from evaluation.datasets import Known
from evaluation.evaluation_set import SAME, EvaluationSet, Posed, family_of
from ranking.judgements.judgement import Topic

SEED = 7
WORDS_ASKED, LINES_ASKED = 3, 5  # per question; per receipt


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
