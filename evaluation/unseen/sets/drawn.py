"""The demo corpus (drawings with a line of text in many languages), and signs drawn onto photographs."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from PIL import Image

from engine import demo_corpus
from evaluation import datasets
from evaluation.datasets import SAME, Known, thinned
from evaluation.unseen.collection import MAX_QUESTIONS, UnseenCollection, UnseenQuestion, UnseenSources
from factors.text import Kind
from ingest.sources.demo import texts_of
from training import transforms
from training.drawing import draw_sign
from training.held_out import is_held_out
from vision.picture import decode

SIGNS = 100
FOREIGN = "fr"
MAX_ALIKE = 5  # drawings that a question by words may have as answers


class Stamps(UnseenCollection):
    """Drawings and photographs of the demo corpus."""

    name: ClassVar[str] = "stamps"
    about: ClassVar[str] = "The demo corpus; a transformed copy asks for its original, a line of text for what it describes."
    learnable: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("near-duplicate", "same object")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """Every drawing, with its English line."""
        return self._in(sources, "en")

    def foreign(self, sources: UnseenSources) -> list[Known]:
        """The same with their French lines."""
        return self._in(sources, FOREIGN)

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Copies of drawings that no weights were fitted on; lines that a few drawings share."""
        documents = self.documents(sources)
        held_out = [known for known in documents if is_held_out("demo", known.path.name)]
        kinds = tuple(transforms.TRANSFORMS)
        for seed, known in enumerate(thinned(held_out, MAX_QUESTIONS)):
            copy = transforms.copy(known.path.read_bytes(), kinds[seed % len(kinds)], seed)
            right, family = {known.path: SAME}, _digest(known.path)
            yield UnseenQuestion(known.path.name, "copy to original", right, picture=copy, family=family)
        by_line: dict[str, list[Known]] = {}
        for known in documents:
            for text in known.texts:
                by_line.setdefault(text.strip(". ").lower(), []).append(known)
        asked = [(line, known) for line, known in by_line.items() if len(known) <= MAX_ALIKE]
        for line, drawings in thinned(asked, MAX_QUESTIONS):
            right, family = {one.path: SAME for one in drawings}, _digest(drawings[0].path)
            yield UnseenQuestion(line, "words to drawing", right, text=line, family=family)

    def _in(self, sources: UnseenSources, language: str) -> list[Known]:
        paths = sorted(demo_corpus.ensure(sources.settings).rglob("*.png"))
        return [Known(path, self.name, texts=_lines(path, language)) for path in paths]


def _digest(picture: Path) -> str:
    """The id of a drawing's document."""
    return hashlib.sha256(picture.read_bytes()).hexdigest()


def _lines(picture: Path, language: str) -> tuple[str, ...]:
    """The lines of a drawing in a language."""
    found = texts_of(picture.with_suffix(".txt"))
    return tuple(one.text for one in found if one.language == language and one.kind is Kind.CAPTION)[:1]


class Signs(UnseenCollection):
    """Words on photographs."""

    name: ClassVar[str] = "signs"
    about: ClassVar[str] = "Words drawn onto photographs; the words ask, or another photograph with the same words."
    needs: ClassVar[tuple[str, ...]] = (datasets.FLICKR,)
    learnable: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("text in picture",)

    def __init__(self) -> None:
        """The photographs are drawn when they are first asked for."""
        self._pairs: list[tuple[Path, Path, str]] = []

    def documents(self, sources: UnseenSources) -> list[Known]:
        """The first of each pair of photographs with the same words."""
        return [Known(first, self.name, words) for first, _, words in self._drawn(sources)]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """The words, and the second photograph of each pair."""
        for seed, (first, second, words) in enumerate(self._drawn(sources)):
            right, family = (
                {first: SAME},
                f"{datasets.SIGNS}/{seed}-0.png",
            )  # as evaluation sets name it: the words are the same
            yield UnseenQuestion(words, "words read", right, text=words, family=family)
            yield UnseenQuestion(second.name, "same words", right, picture=second.read_bytes(), family=family)

    def _drawn(self, sources: UnseenSources) -> Sequence[tuple[Path, Path, str]]:
        if not self._pairs:
            backgrounds = [known.path for known in datasets.backgrounds(sources.data, 2 * SIGNS)]
            pairs = zip(backgrounds[::2], backgrounds[1::2], strict=True)
            self._pairs = [_pair(sources, seed, pair) for seed, pair in enumerate(pairs)]
        return self._pairs


def _pair(sources: UnseenSources, seed: int, pair: tuple[Path, Path]) -> tuple[Path, Path, str]:
    """Two photographs with the same words on them, and the words."""
    paths, words = [], ""
    for place, background in enumerate(pair):
        picture, drawn = draw_sign(decode(background.read_bytes(), sources.settings), seed)
        paths.append(sources.drawn / f"sign-{seed}-{place}.png")
        Image.fromarray(picture.pixels).save(paths[-1])
        words = " ".join(drawn)
    return paths[0], paths[1], words
