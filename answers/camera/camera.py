"""Frames of cameras: objects are detected and followed at once, and named in the background, one search at a time."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import cv2
import numpy as np
from cachetools import TTLCache

from answers.camera.frame import CameraFrame, Mode, SeenLine
from answers.camera.naming import name_of, naming_searcher
from engine.connections import Context
from engine.errors import BadPicture, ConfigurationError, OmmaError
from vision.extractor import Extractor
from vision.feature_extractor import get_feature_extractor
from vision.image_features import Box, Object, Text
from vision.picture import Picture, decode

if TYPE_CHECKING:
    from answers.camera.session import Followed, Session

logger = logging.getLogger(__name__)
MAX_SESSIONS, SESSION_SECONDS = 16, 60.0  # cameras at a time, and how long one that sends no frame is remembered
BLANK_SIDE = 64  # px of the picture that warms models up
MAX_AT_ONCE = 2  # frames that are processed, so that searches of others go on
MARGIN = 0.06  # of an object's sides, around the part that is searched for
JPEG_QUALITY = 92


@runtime_checkable
class Detector(Protocol):
    """An extractor that finds objects without embedding them: vision.extractors.objects.ObjectsExtractor."""

    def detect(self, picture: Picture, confidence: float | None = None) -> list[Object]:
        """Objects of at least this confidence, the most confident first; None: that of the settings."""


@runtime_checkable
class Reader(Protocol):
    """An extractor that reads text: vision.extractors.text.TextExtractor."""

    def read(self, picture: Picture) -> Text:
        """The lines of a picture."""


class Camera:
    """Processes frames; safe to share between threads. No frame is written anywhere, and no search for one is logged."""

    def __init__(self, context: Context) -> None:
        """Connects to nothing by itself."""
        self._settings, self._searcher = context.settings, naming_searcher(context)
        self._sessions: TTLCache[str, Session] = TTLCache(MAX_SESSIONS, SESSION_SECONDS)
        self._lock = threading.Lock()
        self._warm = False
        self._pool = ThreadPoolExecutor(1, "camera")
        self._processing = threading.Semaphore(MAX_AT_ONCE)
        self._free = threading.Semaphore(1)  # a crop that would have to wait is not searched for: a newer one will be

    def warm_up(self) -> None:
        """Begin to load what the first frame needs, and return at once."""
        with self._lock:
            begins, self._warm = not self._warm, True
        if begins:
            self._pool.submit(self._load)

    def see(self, data: bytes, session_id: str, mode: Mode) -> CameraFrame:
        """What a frame shows; BadPicture, ConfigurationError (no reader).

        A frame that comes while the one before it is processed, or two of other cameras, is left out. An unknown session
        is a new one.
        """
        session = self._session(session_id)
        with ExitStack() as held:
            for lock in (session.lock, self._processing):
                if not lock.acquire(blocking=False):
                    return session.last.model_copy(update={"late": True})
                held.callback(lock.release)
            begun = time.perf_counter()
            picture = decode(data, self._settings)
            frame = self._lines(session, picture) if mode == "text" else self._objects(session, picture)
            session.last = frame.model_copy(update={"took": round(1000 * (time.perf_counter() - begun), 1)})
            return session.last

    def _session(self, session_id: str) -> "Session":
        """The session of that id, or a new one; the time until it is forgotten begins anew."""
        from answers.camera.session import Session  # noqa: PLC0415  (the tracker's library takes seconds to load)

        with self._lock:
            session = self._sessions.pop(session_id, None) or Session()
            self._sessions[session.id] = session
        return session

    def _objects(self, session: "Session", picture: Picture) -> CameraFrame:
        from answers.camera.tracking import FAINT  # noqa: PLC0415

        detector = self._extractor("objects")
        found: list[Object] = detector.detect(picture, FAINT) if isinstance(detector, Detector) else []
        followed = session.see(found, picture)
        self._identify_next(session, picture)
        return CameraFrame(session=session.id, objects=[shown for one in followed if (shown := one.shown())])

    def _lines(self, session: "Session", picture: Picture) -> CameraFrame:
        reader = self._extractor("text")
        if not isinstance(reader, Reader):
            raise ConfigurationError("no extractor reads text here; see `omma models list`")
        lines = reader.read(picture).confident
        seen = [SeenLine(text=one.text, box=one.box.as_list(), confidence=round(one.confidence, 2)) for one in lines]
        return CameraFrame(session=session.id, lines=seen)

    def _identify_next(self, session: "Session", picture: Picture) -> None:
        """Search for the object that needs it most, in the background, unless a search is going on."""
        one = session.next_due()
        if one is None or not self._free.acquire(blocking=False):
            return
        one.begin()
        box = one.found.box
        part = Box.of_corners(
            box.x - MARGIN * box.w, box.y - MARGIN * box.h, box.x + (1 + MARGIN) * box.w, box.y + (1 + MARGIN) * box.h
        )
        self._pool.submit(self._identify, one, picture.crop(part))

    def _identify(self, one: "Followed", crop: Picture) -> None:
        try:
            one.add(name_of(self._searcher, _encoded(crop)))
        except OmmaError as error:
            logger.info("an object of a camera was not searched for: %s", error)
        except Exception:  # whatever it is, the next frame must be processed
            logger.exception("naming an object of a camera failed")
        finally:
            self._free.release()

    def _load(self) -> None:
        blank = Picture("blank", np.zeros((BLANK_SIDE, BLANK_SIDE, 3), np.uint8), BLANK_SIDE, BLANK_SIDE, "PNG")
        try:
            self._objects(self._session(""), blank)
        except Exception:
            logger.exception("a camera's models could not be loaded")

    def _extractor(self, name: str) -> Extractor[Any] | None:
        return get_feature_extractor(self._settings).extractors.get(name)


def _encoded(picture: Picture) -> bytes:
    """As JPEG: questions are bytes."""
    done, data = cv2.imencode(".jpg", picture.pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise BadPicture("truncated", "the crop could not be encoded")
    return data.tobytes()
