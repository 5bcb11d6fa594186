"""Learned models for people and other tools: the report, copies of a model's folder, its training rows as SVMrank lines."""

import math
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.settings import Settings
from ranking.learning.examples import Example
from ranking.learning.learned import matrices
from ranking.learning.measures import NAMES
from ranking.learning.models import PACKAGED, Card, Models

MAX_FEATURES_SHOWN = 15  # in a report
LINE = re.compile(r"^(?P<grade>\d+)\s+qid:(?P<topic>\S+)(?P<pairs>(?:\s+\d+:\S+)*)\s*(?:#\s*(?P<document>.*))?$")
HEADER = re.compile(r"^#\s*(\d+):\s*(\S+)\s*$")
ORIGIN_OF_PACKAGED = """
## Data and limits

Trained on questions with known answers over a mixed collection and over collections by themselves (`omma rank collect LOG
--data FOLDER`, `omma rank collect UNSEEN --data FOLDER --unseen`, `omma rank train --candidate-log LOG --candidate-log
UNSEEN --packaged`): GroceryStoreDataset (MIT), clothing-dataset-small (CC0), Flickr8k (research use), ICDAR-2019 SROIE
receipts, drawn signs, and Tux Paint's stamps (GPL-2 or later, public domain), with transformed copies; and small sets for
research: photos of COCO and PASCAL VOC, PACS, FlickrLogos-27, rooms, people, buildings and packs of snacks. The questions
named cars, covers, interiors, landmarks, pets, recipes, shop garments and textures are of collections that it did not learn
from. Only trees over factor values are kept: no picture, text or vector of any set. It knows photographs of things,
garments, food and everyday scenes, asked by pictures, parts of them, and English words. Extractors of other weights give
features other values: the model is not used with an index whose fingerprints differ from its card's. `omma rank train
--generate` trains one there.
"""


def page(card: Card) -> str:
    """The report of a model, in Markdown."""
    head = f"# Model {card.id}\n\n{card.about}\n\n" if card.about else f"# Model {card.id}\n\n"
    return head + "\n\n".join(part for part in (_origin(card), _rankers(card), _gate(card), _features(card)) if part) + "\n"


def _origin(card: Card) -> str:
    sides = ", ".join(f"{count} {name}" for name, count in card.examples.items())
    sources = ", ".join(f"{name} {count}" for name, count in sorted(card.sources.items()))
    versions = ", ".join(f"{name} {number}" for name, number in card.libraries.items())
    blended = f", with {card.recipe.blend:g} times the score of rank fusion" if card.recipe.blend else ""
    recipe = f"objective {card.recipe.objective}{blended}, seed {card.recipe.seed}"
    return "\n".join([
        f"* made {card.made:%Y-%m-%d %H:%M} UTC by {versions}; {recipe}",
        f"* questions: {sides} ({sources})",
        f"* {len(card.recipe.features.names)} features of {len(card.recipe.features.columns)} columns; profile {card.profile}",
        f"* data {card.data[:16]}, model {card.checksum[:16]}, after {card.parent or 'none'}",
    ])  # fmt: skip


def _rankers(card: Card) -> str:
    """Means over held-out questions, ranker by ranker."""
    if not card.metrics:
        return ""
    rows = [f"| {name} | " + " | ".join(f"{figures[m]:.4f}" for m in NAMES) + " |" for name, figures in card.metrics.items()]
    head = ["## Held-out questions", "", "| order | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 1) + "|"]
    return "\n".join([*head, *rows])


def _gate(card: Card) -> str:
    verdict = card.verdict
    if verdict is None:
        return ""
    low, high = verdict.interval
    lines = [
        "## Against the model before it",
        "",
        f"NDCG@10 {verdict.before:.4f} by {verdict.against}, {verdict.after:.4f} now: {verdict.after - verdict.before:+.4f} "
        f"({low:+.4f} to {high:+.4f} with 95 % confidence, p = {verdict.p:.2g}, {verdict.questions} questions). "
        + ("It may take over." if verdict.passed else "It may not take over: " + "; ".join(verdict.reasons) + "."),
        "",
        "| questions | how many | before | now | change |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {s.name} | {s.questions} | {s.before:.3f} | {s.after:.3f} | {s.after - s.before:+.3f} |" for s in verdict.slices
    ]
    return "\n".join(lines)


def _features(card: Card) -> str:
    if not card.gain:
        return ""
    rows = [f"| `{name}` | {gain:.1%} |" for name, gain in list(card.gain.items())[:MAX_FEATURES_SHOWN]]
    return "\n".join(["## What the trees gain by", "", "| feature | share |", "|---|---|", *rows])


def package(card: Card, settings: Settings) -> None:
    """Make a model the packaged one: a folder of the repository, with a README."""
    source = Models(settings).path(card.id)
    if source != PACKAGED:
        shutil.rmtree(PACKAGED, ignore_errors=True)
        shutil.copytree(source, PACKAGED)
    (PACKAGED / "README.md").write_text(page(card) + ORIGIN_OF_PACKAGED)


def write_model(folder: Path, source: Path) -> Path:
    """Copy a model's folder."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def write_rows(folder: Path, card: Card, examples: Sequence[Example]) -> Path:
    """The features of every graded document as the model reads them, as SVMrank lines."""
    values, grades, groups = matrices(examples, card.recipe.features)
    graded = [(e.topic, i) for e in examples for i in e.candidate_set.table if e.complete or i in e.grades]
    assert len(graded) == sum(groups)
    rows = Rows(
        names=card.recipe.features.names, values=np.asarray(values), grades=tuple(grades.tolist()),
        topics=tuple(topic for topic, _ in graded), documents=tuple(document for _, document in graded),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    write_svmrank(folder / "examples.svmrank", rows)
    return folder / "examples.svmrank"


@dataclass(frozen=True, slots=True)
class Rows:
    """Features [rows, features] (NaN: missing), and for each row its grade, topic and document."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    grades: tuple[int, ...]
    topics: tuple[str, ...]
    documents: tuple[str, ...]


def write_svmrank(path: Path, rows: Rows) -> None:
    """Topics are numbered in the order of their rows, as SVMrank requires; a comment has each topic's id."""
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


def read_svmrank(path: Path) -> Rows:
    """Read SVMrank lines; features without a name in a header are named by their numbers. ConfigurationError."""
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
