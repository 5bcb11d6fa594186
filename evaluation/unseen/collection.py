"""An unseen collection: documents of one kind, as a new user brings them, and questions about them whose answers are known.

Omma's own are classes in `evaluation/unseen/sets`; others are files in the folders of OMMA_PLUGIN_PATH, or entry points of the
group `omma.unseen_collections`. Each collection is indexed by itself, whole and made poorer (evaluation/unseen/variants.py).
"""

import csv
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from engine.plugins import Broken, discover, made_by_name
from engine.settings import Settings
from evaluation.datasets import SAME, Known, there, thinned
from evaluation.evaluation_set import family_of

HERE, GROUP = Path(__file__).parent / "sets", "omma.unseen_collections"
MAX_QUESTIONS = 120  # of one kind, of one collection


@dataclass(frozen=True, slots=True)
class UnseenSources:
    """Where images come from: the folder of data sets, settings (for the demo corpus), and a folder for drawn images."""

    data: Path
    settings: Settings
    drawn: Path


@dataclass(frozen=True, slots=True)
class UnseenQuestion:
    """A question by words, by the bytes of an image, by an indexed image (`like`), or by words and an image.

    `right`: grades by image file; every document without a grade is unrelated. `kind` names questions of one task, which are
    measured together. `family`: only where a model may learn from the question; questions about the same image, here and in
    evaluation sets, share it and stay on one side of the split.
    """

    name: str
    kind: str
    right: Mapping[Path, int] = field(default_factory=dict)
    text: str = ""
    picture: bytes | None = None
    like: Path | None = None
    family: str = ""


class UnseenCollection(ABC):
    """One named collection.

    `needs`: folders below `--data` without which it is left out. `learnable`: the order and the evidence that ship may learn
    from its questions; what measures it is then learned without them, and without the evaluation sets `learned`, which ask
    about images of this kind. `strangers`: names of collections whose images have no answer in this one.
    `named`: the classes of its images are names of things, and have no answer in those collections either.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    learnable: ClassVar[bool] = False
    learned: ClassVar[tuple[str, ...]] = ()
    strangers: ClassVar[tuple[str, ...]] = ()
    named: ClassVar[bool] = False

    @abstractmethod
    def documents(self, sources: UnseenSources) -> list[Known]:
        """The images; all of `texts` are linked to each."""

    @abstractmethod
    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Every question."""

    def foreign(self, sources: UnseenSources) -> list[Known]:
        """The documents with texts in another language than the questions; empty where nobody translated them."""
        return []

    @property
    def left_out(self) -> tuple[str, ...]:
        """The sets and collections without which an order is learned that has not seen images of this kind."""
        return (*self.learned, self.name) if self.learnable else ()

    def is_there(self, data: Path) -> bool:
        """Whether the folder of data sets has what the collection needs."""
        return there(data, *self.needs)


class Labelled(UnseenCollection):
    """Photographs with one label each, in one `labels.csv` or more; each asks for the others of its label ("more like this").

    `columns`: folder -> column of the label. A row whose `clean` is 0 shows something else than its label says.
    """

    columns: ClassVar[dict[str, str]]

    def documents(self, sources: UnseenSources) -> list[Known]:
        """All photographs."""
        return [
            Known(sources.data / folder / row["path"], self.name, f"{folder}/{row[column]}")
            for folder, column in self.columns.items()
            for row in rows(sources.data / folder / "labels.csv")
            if row.get("clean") != "0"
        ]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """More like each of them."""
        found = list(alike(self.documents(sources), "more like this", SAME, learnable=self.learnable))
        yield from thinned(found, MAX_QUESTIONS)


def unseen_collections(settings: Settings) -> dict[str, UnseenCollection]:
    """Every collection by name: Omma's own, those of `settings.plugin_path`, and those of installed packages."""
    return _registered(tuple(settings.plugin_path))[0]


def broken_collections(settings: Settings) -> tuple[Broken, ...]:
    """The collections that were left out, with the reasons."""
    return _registered(tuple(settings.plugin_path))[1]


@lru_cache(maxsize=8)
def _registered(folders: tuple[Path, ...]) -> tuple[dict[str, UnseenCollection], tuple[Broken, ...]]:
    return made_by_name(discover(UnseenCollection, GROUP, HERE, folders))  # type: ignore[type-abstract]


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header."""
    with file.open(newline="", encoding="utf-8-sig") as opened:
        return list(csv.DictReader(opened))


def alike(documents: Sequence[Known], kind: str, grade: int, *, learnable: bool = False) -> Iterator[UnseenQuestion]:
    """Each document asks ("more like this"): the others of its fine class are right; those without others do not ask."""
    by_class: dict[str, list[Path]] = {}
    for known in documents:
        by_class.setdefault(known.fine, []).append(known.path)
    for known in documents:
        others = [path for path in by_class[known.fine] if path != known.path]
        if known.fine and others:
            family = family_of(known) if learnable else ""
            yield UnseenQuestion(known.path.name, kind, dict.fromkeys(others, grade), like=known.path, family=family)
