"""Objects of a camera, followed from frame to frame while the camera itself moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from supervision import Detections
from trackers import BoTSORTTracker

from vision.image_features import Object

FRAMES_PER_SECOND = 4.0  # expected; the time of each frame is given
LOST = 45  # thirtieths of a second after which an object that is not seen is forgotten
# Least confidence of the detector that starts a track; one of less can only continue one. A detector of eighty classes finds
# most other things too, with a wrong class and little confidence: of the things in films of the demo corpus it finds 42 % at
# 0.4, 76 % at 0.1 and 81 % at 0.05, where 95 %, 72 % and 44 % of the boxes are of things (films of evaluation/camera/film.py).
SURE, FAINT = 0.1, 0.05
SCALE = 3.0  # of confidences, for the tracker, which ignores those below 0.1
# Least similarity of a predicted and a detected box. In the first and third association it is IoU times confidence, which
# is low for things that the detector has no class for.
MIN_FIRST, MIN_SECOND, MIN_NEW = 0.06, 0.3, 0.06
MAX_OVERLAP = 0.55  # intersection over union of two boxes, whatever their classes
MAX_OBJECTS = 8


@dataclass(frozen=True, slots=True)
class Tracked:
    """A detected object with the number of its track."""

    track: int
    found: Object


class Tracker:
    """Numbers objects (BoT-SORT: ByteTrack with compensated camera motion, arXiv 2206.14651); not for several threads."""

    def __init__(self) -> None:
        """Nothing is followed yet."""
        self._tracker = BoTSORTTracker(
            lost_track_buffer=LOST,
            frame_rate=FRAMES_PER_SECOND,
            track_activation_threshold=SCALE * SURE,
            high_conf_det_threshold=SCALE * SURE,
            minimum_iou_threshold_first_assoc=MIN_FIRST,
            minimum_iou_threshold_second_assoc=MIN_SECOND,
            minimum_iou_threshold_unconfirmed_assoc=MIN_NEW,
        )

    def update(self, objects: Sequence[Object], pixels: NDArray[np.uint8], seconds: float) -> list[Tracked]:
        """The objects of the next frame that were seen before or in two frames running.

        `pixels` [h, w, 3] are the frame's, `seconds` its time on any clock that never goes back.
        """
        height, width = pixels.shape[:2]
        found = distinct(objects)
        numbered = self._tracker.update(
            _detections(found, width, height), np.ascontiguousarray(pixels[:, :, ::-1]), timestamp=seconds
        )
        numbers = zip(numbered.data.get("place", ()), np.asarray(numbered.tracker_id), strict=True)
        return [Tracked(int(track), found[int(place)]) for place, track in numbers if track >= 0]


def distinct(objects: Sequence[Object]) -> list[Object]:
    """Objects without those that overlap a more confident one, whatever their classes: one thing is one box."""
    kept: list[Object] = []
    for one in sorted(objects, key=lambda one: -one.confidence):
        if all(one.box.overlap(other.box) <= MAX_OVERLAP for other in kept):
            kept.append(one)
    return kept[:MAX_OBJECTS]


def _detections(objects: Sequence[Object], width: int, height: int) -> Detections:
    if not objects:
        return Detections.empty()
    corners = [(o.box.x * width, o.box.y * height, (o.box.x + o.box.w) * width, (o.box.y + o.box.h) * height) for o in objects]
    return Detections(
        xyxy=np.array(corners, dtype=np.float32),
        confidence=np.array([min(1.0, SCALE * one.confidence) for one in objects], dtype=np.float32),
        data={"place": np.arange(len(objects))},
    )
