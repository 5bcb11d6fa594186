"""Every page of measurements follows from its figures, and refuses figures that lack a value."""

import json
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from evaluation import pages
from evaluation.compare import Row
from ranking.learning.measures import NAMES

PAGES = sorted(path.stem for path in pages.MEASUREMENTS.glob("*.md"))
ROW = Row("mugs", "rank fusion", 1000, dict.fromkeys(NAMES, 0.5), recall=1.0, zero=0.0, left=3, milliseconds=0.1)


def test_every_page_has_figures() -> None:
    assert sorted(path.stem for path in pages.MEASUREMENTS.glob("*.json")) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_pages_say_what_was_measured(name: str) -> None:
    figures = json.loads((pages.MEASUREMENTS / f"{name}.json").read_text())
    assert (pages.MEASUREMENTS / f"{name}.md").read_text() == pages.render(name, figures)


def test_figures_that_lack_a_value_are_refused() -> None:
    with pytest.raises(UndefinedError, match="surroundings"):
        pages.render("uncalibrated", {"questions": 3, "rows": []})


def test_page_and_figures_are_written_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MEASUREMENTS", tmp_path)
    figures = {"surroundings": {"machine": "one"}, "questions": 3, "rows": []}
    page, stored = pages.write("uncalibrated", figures)
    assert page.read_text() == pages.render("uncalibrated", json.loads(stored.read_text()))
    assert json.loads(stored.read_text()) == figures


def test_a_set_without_a_sentence_has_only_its_number_of_questions() -> None:
    assert "\n\n1,000 questions.\n\n|" in pages.render("question_sets", {"rows": [ROW], "abouts": {}})
    assert "1,000 questions. Cups.\n" in pages.render("question_sets", {"rows": [ROW], "abouts": {"mugs": "Cups."}})


def test_the_time_of_rescoring_is_shown_by_its_present_and_its_former_name() -> None:
    figures = json.loads((pages.MEASUREMENTS / "local.json").read_text())
    stages = figures["took_ms"]
    stages["rescore"] = stages.pop("checks", stages.get("rescore"))
    assert f"and {stages['rescore']} ms for matching points" in pages.render("local", figures)
