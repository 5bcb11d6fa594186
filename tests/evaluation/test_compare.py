"""Configurations compared offline: single factors, models, significant losses, ablation."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import ablation, compare, pages, session
from evaluation.candidate_log import Asked
from evaluation.session import Session
from ranking.learning import models as life
from ranking.learning.examples import by_side
from ranking.learning.learned import Learned, Recipe, fit
from tests.ranking.candidate_sets import COLUMNS, FEATURES, example
from training import transforms


def asked(number: int) -> Asked:
    """A made-up question; every column proposes the documents that have a value in it."""
    made = example(number)
    rows = list(made.candidate_set.table.values())
    proposals = {column: [at for at, row in enumerate(rows) if column in row] for column in COLUMNS}
    for column, places in proposals.items():
        places.sort(key=lambda at, column=column: -rows[at][column])  # type: ignore[misc]
    return Asked(
        set=f"set {number % 2}", topic=made.topic, family=made.topic, part=None, grades=dict(made.grades),
        wide=made.candidate_set, proposals=proposals, kept=[0], limit=20, took={"candidates": 4.0, "table": 5.0},
    )  # fmt: skip


ASKED = [asked(number) for number in range(200)]


@pytest.fixture(scope="module")
def model() -> Learned:
    sides = by_side(one.example() for one in ASKED)
    return Learned("made-up", FEATURES, fit(sides["train"], sides["validation"], Recipe(features=FEATURES, trees=40)))


def test_a_factor_alone_has_only_its_own_candidates_and_features() -> None:
    one = ASKED[1]
    alone = one.example(one.columns_of({"words"}))
    assert {column for row in alone.candidate_set.table.values() for column in row} == {"words"}
    assert set(alone.candidate_set.table) == {i for i, row in one.wide.table.items() if "words" in row}
    assert len(one.example().candidate_set.table) == one.limit, "fusion takes the limit of all proposed documents"


def test_a_model_is_compared_with_fusion_and_single_factors(model: Learned) -> None:
    held_out = session.held_out(ASKED)
    found = compare.run(held_out, compare.configurations(held_out, {"current model": model}))
    rows = {row.configuration: row for row in found.rows if row.set == "all"}
    assert rows.keys() == {"rank fusion", "lying alone", "similar alone", "words alone", "current model"}
    change = rows["current model"].against
    assert change and change.change > 0.1 and change.p < 0.01 and change.low > 0
    assert not compare.losses(found, "current model")
    assert any(row.set == "all" for row in compare.losses(found, "lying alone"))
    assert rows["lying alone"].recall >= rows["words alone"].recall
    table = pages.render("question_sets", {"rows": found.rows, "abouts": {}})
    assert "| current model |" in table and "## Set 0" in table


def test_questions_without_an_answer_only_measure_the_cutoff() -> None:
    nothing = [ASKED[0].model_copy(update={"set": "nothing", "topic": "n", "grades": {}, "kept": []}), ASKED[1]]
    rows = [row for row in compare.run(nothing, {"rank fusion": compare.fusion()}).rows if row.set == "nothing"]
    assert [(row.zero, row.left, row.means) for row in rows] == [(1.0, 0, {})]


def test_an_unknown_baseline_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "PACKAGED", tmp_path / "none")
    with pytest.raises(ConfigurationError, match="no configuration is named 'guessing'; there are rank fusion, lying alone"):
        session.compared(ASKED[:4], Settings(home=tmp_path), [], "guessing")


def test_exactly_one_source_of_questions_is_named(tmp_path: Path) -> None:
    for data, file in ((None, None), (tmp_path, tmp_path)):
        with pytest.raises(ConfigurationError, match="name one source"):
            Session(data, None, file, Settings(home=tmp_path), print)


def test_more_factors_more_quality_is_drawn(tmp_path: Path) -> None:
    messages: list[str] = []
    curve = ablation.draw_curve(ASKED, [one for one in ASKED if one.side == "test"], COLUMNS, messages.append)
    assert curve.added[0].factor == "similar" and len(curve.added) == len(curve.dropped) == 3
    without = {step.factor: step.against.change for step in curve.dropped if step.against}
    assert without["similar"] < -0.2 and without["similar"] < without["lying"]
    assert all(step.low <= step.mean <= step.high for step in curve.added)
    ablation.plot(curve, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().count("<svg") == 1
    assert "+ similar" in pages.render("ablation", {"curve": curve, "surroundings": {"measured": "now"}})


def picture() -> bytes:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 90, 4), dtype=np.uint8), "RGBA")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("name", transforms.TRANSFORMS)
def test_copies_are_pictures_that_differ_and_are_the_same_for_a_seed(name: str) -> None:
    one, again, other = (transforms.copy(picture(), name, seed, picture()) for seed in (1, 1, 2))
    assert one == again != other
    assert Image.open(io.BytesIO(one)).format == "JPEG"


def test_a_pasted_picture_fills_its_box() -> None:
    red = io.BytesIO()
    Image.new("RGB", (80, 80), (250, 0, 0)).save(red, "PNG")
    scene = io.BytesIO()
    Image.new("RGB", (300, 200), (0, 0, 250)).save(scene, "PNG")
    made, (x, y, w, h) = transforms.pasted(red.getvalue(), scene.getvalue(), 3)
    pixels = np.asarray(Image.open(io.BytesIO(made)).convert("RGB")).astype(int)
    reds = np.argwhere(pixels[..., 0] > 150)
    height, width = pixels.shape[:2]
    assert reds[:, 0].min() >= y * height - 2 and reds[:, 0].max() <= (y + h) * height + 2
    assert reds[:, 1].min() >= x * width - 2 and reds[:, 1].max() <= (x + w) * width + 2
    assert len(reds) > 0.4 * w * h * height * width
