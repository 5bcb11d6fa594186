"""The same thing in another picture: found by visual words, verified by matched points, and named where it is a landmark."""

from typing import Any

import pytest

from engine.connections import Context
from engine.errors import OmmaError
from query import retrieval
from query.answer import Answer, Result
from query.engine_calls import RefusedError
from query.request import SearchRequest
from query.search import Searcher
from ranking.evidence import Evidences
from ranking.thresholds import Threshold, Thresholds
from tests.factors.scenes import Live
from tests.query.evidence_by_hand import proves
from tests.query.query_scenes import HEIGHT as ASKED_HEIGHT
from tests.query.query_scenes import WIDTH as ASKED_WIDTH
from tests.query.query_scenes import StubExtractor, document, png
from tests.vision.patterns import HEIGHT, WIDTH, Pixels, pasted, pattern
from vision.extractors.local import describe, load_vocabulary, quantized
from vision.image_features import ImageFeatures, Local
from vision.picture import Picture

pytestmark = pytest.mark.engine
OWN = "p3"
SURE = Threshold(value=0.4, passed=0.01, weights={"local": "local@1"})
PASTED_AT = (60, 40, 276, 202)  # left, top, right, bottom of the pattern within the scene, in pixels


def local(pixels: Pixels) -> Local:
    return quantized(describe(Picture("x", pixels, pixels.shape[1], pixels.shape[0], "PNG")), load_vocabulary())


@pytest.fixture()
def prints(live: Live) -> Live:
    """Ten patterns; one of them is a landmark."""
    seen = {f"p{n}": ImageFeatures(f"p{n}", WIDTH, HEIGHT, local=local(pattern(n))) for n in range(10)}
    facts: dict[str, Any] = {"facets": {"landmark": "Old Tower"}, "place": (46.05, 14.5)}
    live.put({name: document(one, **(facts if name == OWN else {})) for name, one in seen.items()})
    return live


@pytest.fixture()
def scene(stub: StubExtractor, evidences: Evidences, landmark_thresholds: Thresholds) -> StubExtractor:
    """The encoder extracts the pattern pasted into another image.

    Visual words alone are calibrated as no evidence, and verified keypoints name landmarks.
    """
    proves(evidences, local=None)
    landmark_thresholds.columns["local.inliers"] = SURE
    stub.whole = ImageFeatures("", ASKED_WIDTH, ASKED_HEIGHT, local=local(pasted(pattern(3))))
    return stub


def ask(searcher: Searcher, **request: Any) -> Answer:
    return searcher.search(SearchRequest.model_validate({"image": png()} | request))


def only(answer: Answer) -> Result:
    (found,) = answer.results
    return found


@pytest.mark.usefixtures("prints", "scene")
def test_what_is_pasted_into_another_picture_is_found_and_verified(searcher: Searcher) -> None:
    answer = ask(searcher)
    best = only(answer)
    assert (best.id, answer.warnings) == (OWN, [])
    assert set(best.factors) == {"local", "local.inliers"} and best.factors["local.inliers"] > 0.4
    assert answer.cutoff.removed >= 1, "sharing some words is no evidence"
    texts = {why.factor: why.text for why in best.why}
    assert texts["local.inliers"].startswith("The same thing is in it: ")
    assert "rescore" in answer.took


@pytest.mark.usefixtures("prints", "scene")
def test_matched_points_and_the_outline_are_told(searcher: Searcher) -> None:
    best = only(ask(searcher))
    (match,) = best.matches
    assert match.factor == "local.inliers" and 6 <= len(match.points) <= 40 and len(match.outline) == 4
    left, top, right, bottom = PASTED_AT
    for x, y, there_x, there_y in match.points:
        assert x * WIDTH == pytest.approx(left + there_x * (right - left), abs=6)
        assert y * HEIGHT == pytest.approx(top + there_y * (bottom - top), abs=6)
    assert best.box is not None and best.box[2] > 0.3


@pytest.mark.usefixtures("prints", "scene")
def test_points_of_a_part_are_told_on_the_whole_picture(searcher: Searcher, stub: StubExtractor) -> None:
    left, top, right, bottom = PASTED_AT
    part = pasted(pattern(3))[top:bottom, left:right]
    stub.part = stub.whole.with_values(local=local(part))
    box = [left / WIDTH, top / HEIGHT, (right - left) / WIDTH, (bottom - top) / HEIGHT]
    best = only(ask(searcher, box=box))
    assert best.id == OWN and "chosen part" in " ".join(why.text for why in best.why)
    for x, y, there_x, there_y in best.matches[0].points:
        assert x == pytest.approx(box[0] + there_x * box[2], abs=0.03)
        assert y == pytest.approx(box[1] + there_y * box[3], abs=0.03)


@pytest.mark.usefixtures("scene")
def test_more_like_a_document_goes_by_the_points_that_it_keeps(prints: Live, searcher: Searcher, stub: StubExtractor) -> None:
    seen = ImageFeatures("scene", WIDTH, HEIGHT, local=local(pasted(pattern(3))))
    prints.put({"scene": document(seen)})
    assert only(ask(searcher, image=None, like=OWN)).id == "scene"
    assert only(ask(searcher, image=None, like="scene")).id == OWN
    assert stub.extracted == []


@pytest.mark.usefixtures("prints", "scene")
def test_the_column_is_there_for_whoever_reads_the_table(searcher: Searcher) -> None:
    request = SearchRequest(image=png())
    tables = [
        searcher.table(request, [OWN, "p1"]).table,
        searcher.candidate_set(request).table,
        searcher.propose(request).candidate_set.table,
    ]
    assert [table[OWN].get("local.inliers", 0.0) > 0.4 for table in tables] == [True] * 3
    assert all("local.inliers" not in table.get("p1", {}) for table in tables)
    other = next(name for name in tables[1] if name != OWN)
    verdict = searcher.compare(request, OWN, other)
    assert verdict.above.id == OWN and "local.inliers" in {difference.factor for difference in verdict.differences}


@pytest.mark.usefixtures("prints", "scene")
def test_nothing_is_checked_where_that_is_switched_off(prints: Live, searcher: Searcher, stub: StubExtractor) -> None:
    settings = searcher.settings.model_copy(update={"rescored": 0})
    answer = Searcher(Context(settings, prints.client), lambda: stub).search(SearchRequest(image=png(), no_cutoff=True))
    assert OWN in {result.id for result in answer.results}
    assert all("local.inliers" not in result.factors for result in answer.results)


@pytest.mark.usefixtures("scene")
def test_a_check_that_fails_is_a_warning(prints: Live, searcher: Searcher) -> None:
    prints.client.update(index=prints.index, id=OWN, body={"doc": {"local_points": "bm8gcG9pbnRz"}}, refresh=True)
    answer = ask(searcher, no_cutoff=True)
    assert OWN in {result.id for result in answer.results}
    (warning,) = answer.warnings
    assert warning.startswith("Same thing in it (local.inliers) could not be checked for 1 of ")


@pytest.mark.usefixtures("prints", "scene")
def test_fields_that_cannot_be_read_leave_the_column_out(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> OmmaError:
        raise RefusedError("no such field")

    monkeypatch.setattr(retrieval, "_fields", refused)
    answer = ask(searcher, no_cutoff=True)
    assert answer.results and answer.warnings == ["Same thing in it (local.inliers) was left out: no such field"]


@pytest.mark.usefixtures("prints", "scene")
def test_a_landmark_is_named_by_points_that_lie_alike(searcher: Searcher, landmark_thresholds: Thresholds) -> None:
    (found,) = ask(searcher).landmarks
    assert (found.name, found.place, found.result) == ("Old Tower", [46.05, 14.5], OWN)
    assert set(found.by) == {"local.inliers"} and found.sure == 0.99
    assert "lie alike" in found.text
    landmark_thresholds.columns["local.inliers"] = SURE.model_copy(update={"value": 0.999})
    assert ask(searcher).landmarks == [], "not surely"
    landmark_thresholds.columns["local.inliers"] = SURE.model_copy(update={"weights": {"local": "local@0"}})
    unnamed = ask(searcher)
    assert unnamed.landmarks == [], "measured with other weights"
    assert [warning for warning in unnamed.warnings if warning.startswith("landmarks are not named: no thresholds fit")]
