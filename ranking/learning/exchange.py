"""Models and their features as files for other tools."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ranking.judgements import svmrank
from ranking.learning.examples import Example
from ranking.learning.fit import matrices
from ranking.learning.models import Card


def write_model(folder: Path, source: Path) -> Path:
    """Copy a model's folder."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def write_rows(folder: Path, card: Card, examples: Sequence[Example]) -> Path:
    """The features that a model reads of every graded document, as SVMrank lines."""
    values, grades, groups = matrices(examples, card.recipe.features)
    graded = [(e.topic, i) for e in examples for i in e.candidate_set.table if e.complete or i in e.grades]
    assert len(graded) == sum(groups)
    rows = svmrank.Rows(
        names=card.recipe.features.names, values=np.asarray(values), grades=tuple(grades.tolist()),
        topics=tuple(topic for topic, _ in graded), documents=tuple(document for _, document in graded),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    svmrank.write(folder / "examples.svmrank", rows)
    return folder / "examples.svmrank"
