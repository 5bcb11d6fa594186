"""An evaluation set: questions whose answers are known, asked of one mixed collection (evaluation/corpus.py).

Omma's own sets are classes in `evaluation/sets/`; others are files in the folders of OMMA_PLUGIN_PATH, or entry points of the
group `omma.evaluation_sets`. A set may add images of its own to the collection.

Only images that no weights were fitted on ask (training/held_out.py): a ranker trained on answers to other images would trust
the extractors more than they deserve. Any image may be indexed.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from engine.plugins import Broken, discover, made_by_name
from engine.settings import Settings
from evaluation.corpus import Corpus
from evaluation.datasets import Grades, Known, there
from ranking.judgements.judgement import Topic
from ranking.learning.examples import Part, side_of

HERE, GROUP = Path(__file__).parent / "sets", "omma.evaluation_sets"


@dataclass(frozen=True, slots=True)
class Posed:
    """A question, the bytes of its image, and the grades of its answers.

    `family`: questions about one image share it and stay on one side of the split. `complete`: every document without a grade
    is unrelated; otherwise documents without a grade are unjudged. `variant` names the form of the collection that is asked
    (evaluation/unseen/variants.py).
    """

    set: str
    topic: Topic
    grades: Grades
    family: str
    picture: bytes | None = None
    part: Part | None = None
    complete: bool = True
    variant: str = ""

    @property
    def held_out(self) -> bool:
        """Whether no model learns from it."""
        return (self.part or side_of(self.family)) == "test"


class EvaluationSet(ABC):
    """One named set of questions.

    `about` is its sentence in docs/measurements/quality.md. `needs`: folders below `--data` without which it has no questions.
    `texts`: how many texts of each of its own images are linked to the image.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    texts: ClassVar[int] = 0

    def images(self, data: Path) -> Iterable[Known]:
        """Images of the set's own, indexed beside the others; `data` is the folder of data sets."""
        return ()

    @abstractmethod
    def questions(self, corpus: Corpus) -> Iterator[Posed]:
        """Every question; `corpus.id(known)` is the document of an indexed image."""

    def is_there(self, data: Path) -> bool:
        """Whether the folder of data sets has what the set needs."""
        return there(data, *self.needs)


def evaluation_sets(settings: Settings) -> dict[str, EvaluationSet]:
    """Every set that could be loaded, by name: Omma's own, those of `settings.plugin_path`, and those of installed packages."""
    return _registered(tuple(settings.plugin_path))[0]


def broken_sets(settings: Settings) -> tuple[Broken, ...]:
    """The sets that were left out, with the reasons."""
    return _registered(tuple(settings.plugin_path))[1]


@lru_cache(maxsize=8)
def _registered(folders: tuple[Path, ...]) -> tuple[dict[str, EvaluationSet], tuple[Broken, ...]]:
    return made_by_name(discover(EvaluationSet, GROUP, HERE, folders))  # type: ignore[type-abstract]


def family_of(known: Known) -> str:
    """The family of questions about an image of a data set."""
    return f"{known.set}/{known.path.name}"
