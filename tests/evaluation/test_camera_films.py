"""Films of known things, and the figures of what was seen in them."""

import numpy as np
import pytest

from answers.camera.frame import CameraFrame, SeenObject
from evaluation.camera.film import CLOSE, MOVE, STOP, VIEW, WIDE, Film, Seen, made_thing
from evaluation.camera.measure import Moment, Thing, figures, is_right
from vision.image_features import Box
from vision.picture import Picture


def red(side: int) -> Picture:
    return Picture("red", np.full((side, side, 3), (210, 20, 20), np.uint8), side, side, "PNG")


@pytest.mark.parametrize("seconds", [0.3, STOP + MOVE / 2, STOP + MOVE + 0.2])
def test_boxes_of_a_film_are_where_its_things_are(seconds: float) -> None:
    film = Film([red(120), red(120)], 3)
    frame = film.frame(seconds)
    assert frame.shape == (VIEW[1], VIEW[0], 3) and film.seen(seconds)
    inside = np.zeros(frame.shape[:2], bool)
    for one in film.seen(seconds):
        x, y, w, h = one.box.as_list()
        inside[round(y * VIEW[1]) : round((y + h) * VIEW[1]), round(x * VIEW[0]) : round((x + w) * VIEW[0])] = True
    is_red = (frame[:, :, 0] > 180) & (frame[:, :, 1] < 60)
    assert is_red.sum() > 500 and (is_red & inside).sum() > 0.98 * is_red.sum() > 0.9 * inside.sum()


def test_the_camera_comes_closer_and_the_same_seed_makes_the_same_film() -> None:
    film, again = Film([red(120)], 3), Film([red(120)], 3)
    whole, near = film.seen(0.0)[0], film.seen(STOP + MOVE + 0.1)[0]
    assert near.box.w / whole.box.w == pytest.approx(WIDE / CLOSE, rel=0.05) and near.share == 1.0
    assert (film.frame(1.7) == again.frame(1.7)).all() and (film.frame(0.0) != film.frame(1.7)).any()


def test_a_made_thing_is_cut_out_and_each_is_another() -> None:
    one, other = made_thing(1), made_thing(2)
    assert one.alpha is not None and 0.1 < (one.alpha > 0).mean() < 0.8
    assert (one.pixels != other.pixels).any()


@pytest.mark.parametrize(
    ("name", "right"),
    [("A red fox.", True), ("red fox", True), ("FOX", True), ("fox red", False), ("an owl", False), ("", False), ("A", False)],
)
def test_a_name_is_right_that_is_the_title_or_a_phrase_of_it(name: str, right: bool) -> None:
    assert is_right(name, "A red fox!") is right


LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.4), Box(0.6, 0.2, 0.3, 0.4)


def moment(at: float, fox: str, made: str = "", *, perhaps: bool = False, share: float = 1.0) -> Moment:
    """A frame with a fox on the left and a thing that nobody knows on the right, and the names that are shown."""
    shown = [
        SeenObject(track=1, box=LEFT.as_list(), name=fox, perhaps=perhaps),
        SeenObject(track=2, box=RIGHT.as_list(), name=made),
    ]
    return Moment(at, at + 0.1, [Seen(0, LEFT, share), Seen(1, RIGHT, 1.0)], CameraFrame(session="s", objects=shown))


def test_figures_count_what_a_user_would_see() -> None:
    moments = [
        moment(0.0, "A fox.", share=0.3),  # not enough of it is in view
        moment(0.5, ""), moment(1.0, "dog", perhaps=True), moment(1.5, "A fox."), moment(2.0, ""), moment(2.5, "A fox."),
        moment(3.0, "An owl.", "A kite."),
    ]  # fmt: skip
    found = figures([([Thing("A fox.", red(8)), Thing("", red(8))], moments)], 4.0)
    assert (found["frames_per_second"], found["frame_ms"]) == (1.75, 100)
    assert found["changes_per_second"] == 0.5  # dog, fox, owl
    assert (found["named_right"], found["first_right_s"]) == (1, 1.1)
    assert [found[name] for name in ("frames_right", "frames_wrong", "frames_perhaps")] == [0.333, 0.167, 0.167]
    assert (found["unknown"], found["unknown_named"], found["unknown_frames_named"]) == (1, 1, 0.143)
