"""An evaluation set: questions whose answers are known, and the images that they are asked of. One file, one set.

Omma's own sets are files of `evaluation/sets/`; others are files of the folders of OMMA_PLUGIN_PATH, or entry points of the
group `omma.evaluation_sets`. All sets ask one mixed collection (evaluation/corpus.py), to which a set may add images of its
own.

Images that ask were never used to fit weights (training/held_out.py): a ranker trained on answers to others would trust the
extractors more than they deserve. Images that are only indexed may be any.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engine.plugins import Broken, discover
from engine.settings import get_settings
from evaluation.datasets import Known
from ranking.judgements.judgement import Topic
from ranking.learning.examples import Part, side_of

if TYPE_CHECKING:
    from evaluation.corpus import Corpus

Grades = dict[str, int]
SAME, COARSE, REMOTE = 4, 2, 1  # the thing itself or its fine class; its coarse class; remotely related
HERE, GROUP = Path(__file__).parent / "sets", "omma.evaluation_sets"


@dataclass(frozen=True, slots=True)
class Posed:
    """A question, the bytes of its image, and the grades of its answers.

    `family`: questions about one image, which stay on one side of the split. `complete`: every document without a grade is
    unrelated; otherwise nothing is known of it.
    """

    set: str
    topic: Topic
    grades: Grades
    family: str
    picture: bytes | None = None
    part: Part | None = None
    complete: bool = True

    @property
    def held_out(self) -> bool:
        """Whether no model learns from it."""
        return (self.part or side_of(self.family)) == "test"


class EvaluationSet(ABC):
    """One named set of questions.

    `about` is its sentence in docs/quality.md. `needs` names the folders below `--data` without which it has no questions.
    `texts` is how many of the texts of its own images are linked to them.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    texts: ClassVar[int] = 0

    def images(self, data: Path) -> Iterable[Known]:
        """Images of the set's own, to be indexed beside the mixed collection; `data` is the folder of data sets."""
        return ()

    @abstractmethod
    def questions(self, corpus: "Corpus") -> Iterator[Posed]:
        """Every question; `corpus.id(known)` is the document of an indexed image."""

    def is_there(self, data: Path) -> bool:
        """Whether the folder of data sets has what the set needs."""
        return all((data / name).is_dir() for name in self.needs)


def evaluation_sets() -> dict[str, EvaluationSet]:
    """Every set that could be loaded, by name."""
    return _registered(tuple(get_settings().plugin_path))[0]


def broken_sets() -> tuple[Broken, ...]:
    """The sets that were left out, with the reasons."""
    return _registered(tuple(get_settings().plugin_path))[1]


@lru_cache(maxsize=8)
def _registered(folders: tuple[Path, ...]) -> tuple[dict[str, EvaluationSet], tuple[Broken, ...]]:
    found = discover(EvaluationSet, GROUP, HERE, folders)  # type: ignore[type-abstract]
    made: dict[str, EvaluationSet] = {}
    broken = list(found.broken)
    for kind in found.kinds:
        if kind.name in made:
            broken.append(Broken(found.origins[kind], f"an evaluation set {kind.name!r} exists already"))
            continue
        try:
            made[kind.name] = kind()
        except Exception as error:  # a plugin's constructor may do anything
            broken.append(Broken(found.origins[kind], f"{type(error).__name__}: {error}"))
    return made, tuple(broken)


def family_of(known: Known) -> str:
    """The family of questions about an image of a data set."""
    return f"{known.set}/{known.path.name}"
