"""Embeddings by themselves: the measure, and the page."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from cli.main import main
from evaluation import embeddings, pages
from evaluation.embeddings import EMBEDDING, OWN, PRODUCTS, UNTRAINED, mean_average_precision


def test_precision_is_averaged_over_the_right_ones_of_each_question() -> None:
    angles = np.deg2rad([0.0, 10.0, 20.0, 90.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert mean_average_precision(vectors, ["a", "a", "a", "lone"]) == 1.0, "what is alone in its class does not ask"
    # The first finds b before a; the last finds both others before its own.
    assert mean_average_precision(vectors, ["a", "b", "a", "b"]) == pytest.approx(
        np.mean([1 / 2, 1 / 3, 1 / 2, 1 / 2]), abs=1e-6
    )


def test_the_page_has_a_row_per_set_and_the_mean() -> None:
    row = {OWN: 0.5, UNTRAINED: 0.4, EMBEDDING: 0.6, PRODUCTS: 0.3}
    figures = {
        "surroundings": {"machine": "one"}, "map": {"cars": row}, "mean": row, "images": {"cars": 120}, "dimension": 768,
        "weights": {"embedding": "net@1"},
    }  # fmt: skip
    page = pages.render("embeddings", json.loads(json.dumps(figures)))
    assert "| cars | 120 | 0.500 | 0.400 | 0.600 | 0.300 |" in page and "| **mean** |" in page


def test_a_folder_without_any_of_the_sets_is_an_error(tmp_path: object) -> None:
    done = CliRunner().invoke(main, ["evaluate", "--embeddings", "--data", str(tmp_path)])
    assert done.exit_code and "has none of the sets" in f"{done.output}{done.exception}"
    assert set(embeddings.EXTRACTORS) == {"backbone", "centre", "embedding", "products"}
