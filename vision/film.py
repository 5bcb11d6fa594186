"""Key frames of a film as pictures, each with its time code, by FFmpeg (PyAV)."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from PIL import Image

from engine.errors import BadPicture
from engine.settings import Settings
from vision.decoding import check_pixels
from vision.views import MIN_CHANGE, View, encoded, small

MAX_KEY_FRAMES = 60
MIN_SECONDS = 2.0  # between two of them
SHOWN_BEFORE = 5  # frames of which none may look like the next one


def key_frames(path: Path, settings: Settings) -> Iterator[View]:
    """Frames evenly spread over a film, without those that look like one shortly before; the name is the time.

    Only these are decoded, however long the film is. Raise BadPicture where it cannot be read, or has no pictures.
    """
    try:
        with av.open(str(path)) as film:
            if not film.streams.video:
                raise BadPicture("not-a-picture", "the film has no pictures, only sound")
            yield from _different(_frames(film), settings)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadPicture("unsupported", f"the film is damaged, or of a kind that cannot be read here: {error}") from error


def _frames(film: InputContainer) -> Iterator[tuple[float, VideoFrame]]:
    """Seconds and the key frame before each of the evenly spread moments; each frame once."""
    stream = film.streams.video[0]
    stream.codec_context.skip_frame = "NONKEY"
    length = (film.duration or 0) / av.time_base
    step = max(MIN_SECONDS, length / MAX_KEY_FRAMES)
    seen = -1.0
    for moment in np.arange(0.0, max(length, step), step):
        film.seek(int(moment * av.time_base), backward=True)
        frame = next(film.decode(stream), None)
        if frame is not None and (seconds := float(frame.time or 0.0)) > seen:
            seen = seconds
            yield seconds, frame


def _different(frames: Iterator[tuple[float, VideoFrame]], settings: Settings) -> Iterator[View]:
    kept: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    for seconds, frame in frames:
        image = _upright(frame)
        check_pixels(image, image.size, settings)
        now = small(image)
        if all(np.abs(now - before).mean() >= MIN_CHANGE for before in kept[-SHOWN_BEFORE:]):
            kept.append(now)
            yield View(time_code(seconds), encoded(image, is_photo=True))


def _upright(frame: VideoFrame) -> Image.Image:
    """The frame as a camera held upright saw it."""
    image: Image.Image = frame.to_image()
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def time_code(seconds: float) -> str:
    """`0:07`, `12:34`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
