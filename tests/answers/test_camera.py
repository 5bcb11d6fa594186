"""What a live camera sees: tracks that stay, what is shown and what is identified next."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from answers.camera import camera as camera_module
from answers.camera.camera import MAX_SESSIONS, Camera
from answers.camera.naming import Name
from answers.camera.session import POINTED_AT, Session
from answers.camera.tracking import Tracker
from engine.connections import Context
from engine.errors import BadPicture, ConfigurationError, EngineUnavailable
from engine.settings import Settings
from vision.image_features import Box, Line, Object, Text, Word
from vision.picture import Picture

WIDTH, HEIGHT = 416, 312
FOX, OWL = Name("A fox.", 0.9, "a" * 64, True), Name("An owl.", 0.8, "b" * 64, True)


def textured(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def picture(pixels: NDArray[np.uint8]) -> Picture:
    return Picture("frame", pixels, pixels.shape[1], pixels.shape[0], "JPEG")


def scene(*boxes: Box, seeds: Sequence[int] = (1, 2, 3)) -> Picture:
    """A frame with a textured thing in each box."""
    pixels = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    for seed, box in zip(seeds, boxes, strict=False):
        x, y, w, h = (round(v) for v in (box.x * WIDTH, box.y * HEIGHT, box.w * WIDTH, box.h * HEIGHT))
        pixels[y : y + h, x : x + w] = textured(seed, w, h)
    return picture(pixels)


def test_objects_keep_their_numbers_while_camera_and_things_move() -> None:
    world, tracker = textured(5, 1200, 500), Tracker()
    seen: list[dict[int, str]] = []
    for step in range(12):  # the camera pans by a third of an object's width from frame to frame
        left = 20 + 14 * step
        objects = [
            Object(name, confidence, Box((x - left) / WIDTH, 0.3, 0.12, 0.25))
            for name, x, confidence in (("near", 230, 0.9), ("far", 320, 0.2 if step % 3 else 0.07))
        ]
        frame = np.ascontiguousarray(world[:HEIGHT, left : left + WIDTH])
        seen.append({one.track: one.found.label for one in tracker.update(objects, frame, step * 0.25)})
    assert all(len(names) == 2 for names in seen[2:])
    assert len({frozenset(names.items()) for names in seen[2:]}) == 1


def test_one_thing_is_one_box_whatever_its_classes() -> None:
    tracker, box = Tracker(), Box(0.2, 0.2, 0.3, 0.3)
    same = [Object("cat", 0.6, box), Object("dog", 0.5, replace(box, x=0.21)), Object("bear", 0.4, box)]
    assert [one.found.label for one in tracker.update(same, scene(box).pixels, 0.0)] == ["cat"]
    assert tracker.update([], scene(box).pixels, 0.25) == []


LEFT, RIGHT = Box(0.05, 0.3, 0.25, 0.4), Box(0.65, 0.3, 0.25, 0.4)


def test_what_the_camera_points_at_is_identified_where_nothing_is_detected() -> None:
    session = Session()
    (pointed,) = session.see([], scene())
    assert pointed.track == POINTED_AT and pointed.shown() is None and session.next_due() is pointed
    pointed.add(FOX)
    shown = pointed.shown()
    assert shown and (shown.name, shown.confidence, shown.perhaps) == ("A fox.", 0.9, False)
    centred = Object("cat", 0.8, Box(0.3, 0.3, 0.4, 0.4))
    session.see([centred], scene(centred.box))  # a track begins with its second frame
    assert POINTED_AT not in [one.track for one in session.see([centred], scene(centred.box))]


def test_faint_detections_are_shown_only_with_a_name() -> None:
    session, frame = Session(), scene(LEFT, RIGHT)
    objects = [Object("cat", 0.8, LEFT), Object("kite", 0.12, RIGHT)]
    session.see(objects, frame)
    sure, faint = session.see(objects, frame)[:2]
    assert sure.shown() and faint.shown() is None
    faint.add(OWL)
    assert faint.shown()


@pytest.mark.parametrize(("confidence", "expected"), [(0.8, ["", "", "cat", "A fox."]), (0.4, ["", "", "A jackal.", "A fox."])])
def test_without_a_certain_name_the_detectors_class_or_the_closest_is_a_perhaps(confidence: float, expected: list[str]) -> None:
    one = Session().see([Object("cat", confidence, LEFT)], scene(LEFT))[0]
    seen = [one.shown()]
    for name in (Name("A jackal.", 0.6), Name("A jackal.", None), FOX):
        one.add(name)
        seen.append(one.shown())
    assert [shown.name for shown in seen if shown] == expected
    assert [shown.perhaps for shown in seen if shown and shown.name] == [*[True] * (sum(map(bool, expected)) - 1), False]


def test_a_name_comes_back_with_its_thing_and_stays_not_with_another() -> None:
    session = Session()
    cat = Object("cat", 0.8, LEFT)
    one = session.see([cat], scene(LEFT))[0]
    one.begin()
    one.add(FOX)
    for _ in range(3):
        session.see([], scene())
    session.see([replace(cat, box=RIGHT)], scene(RIGHT))
    back = session.see([replace(cat, box=RIGHT)], scene(RIGHT))[0]
    assert back.track != one.track and back.votes.name == FOX
    back.begin()
    other = session.see([replace(cat, box=RIGHT)], scene(RIGHT, seeds=(9,)))[0]
    assert other.track == back.track and other.votes.name is None


def test_what_has_fewest_votes_is_identified_next() -> None:
    session, frame = Session(), scene(LEFT, RIGHT)
    objects = [Object("cat", 0.8, LEFT), Object("dog", 0.7, RIGHT)]
    for expected in ("cat", "dog", "", "cat"):
        session.see(objects, frame)
        due = session.next_due()
        assert due and due.found.label == expected
        due.begin()
        due.add(FOX)


class Eye:
    """An extractor of objects, or of text, that sees what it is given."""

    def __init__(self, seen: Any) -> None:
        self.seen, self.least = seen, 1.0

    def detect(self, picture: Picture, confidence: float | None = None) -> list[Object]:
        self.least = confidence or 1.0
        return list(self.seen)

    def read(self, picture: Picture) -> Text:
        return Text((Line((Word("SALE", 0.97, LEFT),)),))


Make = Callable[..., Camera]


@pytest.fixture()
def make(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A camera whose way to name a crop and whose extractors are given."""

    def made(name: Callable[[bytes], Name | None], **extractors: object) -> Camera:
        monkeypatch.setattr(camera_module, "naming_searcher", lambda context: None)
        monkeypatch.setattr(camera_module, "name_of", lambda searcher, crop: name(crop))
        monkeypatch.setattr(camera_module, "get_feature_extractor", lambda settings: SimpleNamespace(extractors=extractors))
        return Camera(Context(settings))

    return made


def jpeg(frame: Picture) -> bytes:
    return cv2.imencode(".jpg", frame.pixels[:, :, ::-1])[1].tobytes()


class NoText:
    """A detector that does not read."""

    def detect(self, picture: Picture, confidence: float | None = None) -> list[Object]:
        return []


def test_frames_are_named_in_the_background_with_the_newest_crop(make: Make) -> None:
    crops: list[bytes] = []
    seen, searched = threading.Event(), threading.Event()

    def name(crop: bytes) -> Name:
        crops.append(crop)
        assert seen.wait(10)
        searched.set()
        return FOX

    box = Box(0.3, 0.3, 0.4, 0.4)
    camera, frame = make(name, objects=Eye([Object("cat", 0.8, box)])), jpeg(scene(box))
    first = camera.see(frame, "", "objects")
    assert [one.name for one in first.objects] == [""]
    seen.set()
    assert searched.wait(10)
    shown = camera.see(frame, first.session, "objects")
    while not shown.objects[0].name:
        shown = camera.see(frame, first.session, "objects")
    assert (shown.session, shown.objects[0].name, shown.objects[0].track) == (first.session, "A fox.", first.objects[0].track)
    crop = cv2.imdecode(np.frombuffer(crops[0], np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None and crop.shape[1] == pytest.approx(0.4 * 1.12 * WIDTH, abs=3)


def test_a_search_that_fails_leaves_the_camera_running(make: Make) -> None:
    failed = threading.Semaphore(0)

    def name(crop: bytes) -> Name:
        failed.release()
        raise EngineUnavailable("OpenSearch does not answer")

    camera, frame = make(name, objects=Eye([])), jpeg(scene(LEFT))
    session = camera.see(frame, "", "objects").session
    for _ in range(3):
        assert failed.acquire(timeout=10)
        while not camera._free.acquire(timeout=0.01):
            pass
        camera._free.release()
        assert camera.see(frame, session, "objects").objects == []


def test_text_is_read_and_without_a_reader_that_is_said(make: Make) -> None:
    camera = make(lambda crop: None, text=Eye([]))
    (line,) = camera.see(jpeg(scene(LEFT)), "", "text").lines
    assert (line.text, line.box) == ("SALE", LEFT.as_list())
    with pytest.raises(ConfigurationError, match="no extractor reads text"):
        make(lambda crop: None, text=NoText()).see(jpeg(scene(LEFT)), "", "text")
    with pytest.raises(BadPicture):
        camera.see(b"no picture", "", "text")


def test_a_frame_that_comes_too_early_gets_what_the_last_one_showed(make: Make) -> None:
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Eye):
        def detect(self, picture: Picture, confidence: float | None = None) -> list[Object]:
            entered.set()
            assert go_on.wait(10)
            return []

    eye = Slow([])
    camera, frame = make(lambda crop: None, objects=eye, text=Eye([])), jpeg(scene(LEFT))
    session = camera.see(frame, "", "text").session
    looking = threading.Thread(target=camera.see, args=(frame, session, "objects"))
    looking.start()
    assert entered.wait(10)
    early = camera.see(frame, session, "objects")
    assert early.late and [line.text for line in early.lines] == ["SALE"]
    assert not camera.see(frame, "", "text").late  # of another camera
    entered.clear()
    second = threading.Thread(target=camera.see, args=(frame, "", "objects"))
    second.start()
    assert entered.wait(10) and camera.see(frame, "", "text").late  # one of a third
    go_on.set()
    for one in (looking, second):
        one.join()
    assert not camera.see(frame, session, "objects").late


def test_sessions_are_bounded_and_an_unknown_one_begins_anew(make: Make) -> None:
    camera, frame = make(lambda crop: None, text=Eye([])), jpeg(scene(LEFT))
    first = camera.see(frame, "", "text").session
    assert camera.see(frame, first, "text").session == first
    for _ in range(MAX_SESSIONS):
        assert camera.see(frame, "x" * 32, "text").session != "x" * 32
    assert camera.see(frame, first, "text").session != first
