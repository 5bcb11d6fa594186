"""One camera: its frames one by one, the objects that it follows, and which of them is to be identified next."""

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from answers.camera.frame import CameraFrame, SeenObject
from answers.camera.naming import AGREEING, Name, Votes
from answers.camera.tracking import Tracked, Tracker
from vision.image_features import Box, Object
from vision.picture import Picture

POINTED_AT = 0  # track of what the camera points at where the detector finds nothing there
POINTED_AT_BOX = Box(0.15, 0.15, 0.7, 0.7)
SHOWN = 0.3  # confidence of the detector from which an object is shown before it has a name
MIN_LABEL = 0.6  # confidence from which its class is shown, where the collection has no certain name
SETTLED_SECONDS = 3.0  # between searches for an object whose name is settled
FORGOTTEN_SECONDS = 20.0  # after which the name of an object that is no longer seen is dropped
GLANCE = 12  # px: side of the thumbnail by which a box is seen to show something else, or something that was seen before
OTHER, SAME = 0.45, 0.85  # correlation of two of them, below and above which that is so


@dataclass(slots=True)
class Followed:
    """An object that is followed: what it was last seen as, and the votes for its name."""

    track: int
    found: Object
    seen: float
    glance: NDArray[np.float32]
    votes: Votes = field(default_factory=Votes)  # certain names
    closest: Votes = field(default_factory=lambda: Votes(first=AGREEING))  # certain or not
    sure: bool = False  # whether the detector ever was
    asked: float = 0.0  # when it was last searched for
    asked_glance: NDArray[np.float32] | None = None

    def shown(self) -> SeenObject | None:
        """As the frame's answer has it; None for one without a name of which the detector is not sure.

        Without a certain name, it has perhaps the detector's class, or the name of what is closest in the collection; faint
        detections only where the camera points at them.
        """
        name = self.votes.name or self._perhaps()
        if name is None:
            return SeenObject(track=self.track, box=self.found.box.as_list()) if self.sure else None
        return SeenObject(
            track=self.track, box=self.found.box.as_list(), name=name.text, confidence=name.confidence,
            document=name.document, perhaps=self.votes.name is None,
        )  # fmt: skip

    def _perhaps(self) -> Name | None:
        if self.votes.counted < AGREEING:
            return None
        if self.found.label and self.found.confidence >= MIN_LABEL:
            return Name(self.found.label, round(self.found.confidence, 2))
        return self.closest.name if self.sure or _covers_centre(self.found.box) else None

    def add(self, name: Name | None) -> None:
        """Count the outcome of a search."""
        self.closest.add(name)
        self.votes.add(name if name and name.is_certain else None)

    def begin(self) -> None:
        """Note that it is searched for now, as it looks now."""
        self.asked, self.asked_glance = time.monotonic(), self.glance

    def due(self, now: float) -> bool:
        """Whether it is to be searched for: until its name is settled, and from time to time afterwards."""
        return not self.votes.settled or now - self.asked >= SETTLED_SECONDS

    def looks_other(self, glance: NDArray[np.float32]) -> bool:
        """Whether that is something else than what was last searched for."""
        return self.asked_glance is not None and float(self.asked_glance @ glance) < OTHER


class Session:
    """The state of one camera; one frame at a time holds `lock`."""

    def __init__(self) -> None:
        """A camera whose first frame comes next."""
        self.id = uuid.uuid4().hex
        self.lock = threading.Lock()
        self.last = CameraFrame(session=self.id)
        self._tracker = Tracker()
        self._followed: dict[int, Followed] = {}
        self._in_view: list[Followed] = []

    def see(self, objects: Sequence[Object], picture: Picture) -> list[Followed]:
        """The objects of a frame, each with its track, and what the camera points at where none is there."""
        now = time.monotonic()
        tracked = [Tracked(one.track + 1, one.found) for one in self._tracker.update(objects, picture.pixels, now)]
        if not any(_covers_centre(one.found.box) for one in tracked):
            tracked.append(Tracked(POINTED_AT, Object("", 0.0, POINTED_AT_BOX)))
        self._in_view = [self._follow(one, picture, now) for one in tracked]
        self._followed = {t: one for t, one in self._followed.items() if now - one.seen < FORGOTTEN_SECONDS}
        return self._in_view

    def next_due(self) -> Followed | None:
        """The object in view to be identified next: fewest votes first, then what the detector is sure of, then by wait."""
        now = time.monotonic()
        waiting = (one for one in self._in_view if one.due(now))
        return min(waiting, key=lambda one: (one.votes.counted, not one.sure, one.asked), default=None)

    def _follow(self, tracked: Tracked, picture: Picture, now: float) -> Followed:
        glance = _glance(picture.crop(tracked.found.box))
        known = self._followed.get(tracked.track)
        if known is None or known.looks_other(glance):
            known = Followed(tracked.track, tracked.found, now, glance)
            if tracked.track != POINTED_AT and (before := self._seen_before(glance)):
                known.votes, known.closest = before.votes, before.closest
                known.asked, known.asked_glance = before.asked, before.asked_glance
            self._followed[tracked.track] = known
        known.found, known.seen, known.glance = tracked.found, now, glance
        known.sure = known.sure or tracked.found.confidence >= SHOWN
        return known

    def _seen_before(self, glance: NDArray[np.float32]) -> Followed | None:
        """The object that was followed before, is not in view, and looks most like this one; None where none does."""
        tracks = {one.track for one in self._in_view}
        lost = [one for one in self._followed.values() if one.track not in tracks | {POINTED_AT}]
        best = max(lost, key=lambda one: float(one.glance @ glance), default=None)
        return best if best and float(best.glance @ glance) >= SAME else None


def _covers_centre(box: Box) -> bool:
    return box.x <= 0.5 <= box.x + box.w and box.y <= 0.5 <= box.y + box.h  # noqa: PLR2004  (half of the frame)


def _glance(picture: Picture) -> NDArray[np.float32]:
    """A thumbnail in colour, of zero mean and unit length."""
    small = cv2.resize(picture.pixels, (GLANCE, GLANCE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    centred = small - small.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1.0), dtype=np.float32)
