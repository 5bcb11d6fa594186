"""Models and their features as files for other tools."""

import math
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from ranking.learning.examples import Example
from ranking.learning.learned import matrices
from ranking.learning.models import Card

LINE = re.compile(r"^(?P<grade>\d+)\s+qid:(?P<topic>\S+)(?P<pairs>(?:\s+\d+:\S+)*)\s*(?:#\s*(?P<document>.*))?$")
HEADER = re.compile(r"^#\s*(\d+):\s*(\S+)\s*$")


@dataclass(frozen=True, slots=True)
class Rows:
    """Features [rows, features] (NaN: missing), and for each row its grade, topic and document."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    grades: tuple[int, ...]
    topics: tuple[str, ...]
    documents: tuple[str, ...]


def write(path: Path, rows: Rows) -> None:
    """Topics are numbered in the order in which they come, as SVMrank wants; a comment tells each topic's own id."""
    numbers = {topic: number for number, topic in enumerate(dict.fromkeys(rows.topics), start=1)}
    lines = [f"# {at}: {name}" for at, name in enumerate(rows.names, start=1)]
    last = None
    for values, grade, topic, document in zip(rows.values, rows.grades, rows.topics, rows.documents, strict=True):
        if topic != last:
            lines.append(f"# qid:{numbers[topic]} {topic}")
            last = topic
        pairs = " ".join(f"{at}:{value:.9g}" for at, value in enumerate(values, start=1) if not math.isnan(value))
        lines.append(f"{grade} qid:{numbers[topic]} {pairs} # {document}".replace("  ", " "))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: Path) -> Rows:
    """What `write` wrote, or others did: without a header features are named by their numbers. ConfigurationError."""
    names: dict[int, str] = {}
    topics: dict[str, str] = {}
    found: list[tuple[int, str, str, dict[int, float]]] = []
    for number, line in _lines(path):
        if match := HEADER.match(line):
            names[int(match[1])] = match[2]
        elif match := re.match(r"^#\s*qid:(\S+)\s+(\S+)\s*$", line):
            topics[match[1]] = match[2]
        elif not line.startswith("#"):
            found.append(_row(path, number, line))
    width = max([*names, *(at for *_, pairs in found for at in pairs)], default=0)
    values = np.full((len(found), width), np.nan)
    for place, (*_, pairs) in enumerate(found):
        for at, value in pairs.items():
            values[place, at - 1] = value
    return Rows(
        names=tuple(names.get(at, str(at)) for at in range(1, width + 1)), values=values,
        grades=tuple(grade for grade, *_ in found), topics=tuple(topics.get(topic, topic) for _, topic, *_ in found),
        documents=tuple(document for _, _, document, _ in found),
    )  # fmt: skip


def _row(path: Path, number: int, line: str) -> tuple[int, str, str, dict[int, float]]:
    match = LINE.match(line)
    if match is None:
        raise ConfigurationError(f"{path.name}, line {number}: not `grade qid:N feature:value ... # document`")
    try:
        pairs = {int(at): float(value) for at, _, value in (pair.partition(":") for pair in match["pairs"].split())}
    except ValueError as error:
        raise ConfigurationError(f"{path.name}, line {number}: {error}") from error
    if 0 in pairs:
        raise ConfigurationError(f"{path.name}, line {number}: features are numbered from 1")
    return int(match["grade"]), match["topic"], (match["document"] or "").strip(), pairs


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        lines: Sequence[str] = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    return ((number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip())


def write_model(folder: Path, source: Path) -> Path:
    """Copy a model's folder."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def write_rows(folder: Path, card: Card, examples: Sequence[Example]) -> Path:
    """The features that a model reads of every graded document, as SVMrank lines."""
    values, grades, groups = matrices(examples, card.recipe.features)
    graded = [(e.topic, i) for e in examples for i in e.candidate_set.table if e.complete or i in e.grades]
    assert len(graded) == sum(groups)
    rows = Rows(
        names=card.recipe.features.names, values=np.asarray(values), grades=tuple(grades.tolist()),
        topics=tuple(topic for topic, _ in graded), documents=tuple(document for _, document in graded),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "examples.svmrank", rows)
    return folder / "examples.svmrank"
