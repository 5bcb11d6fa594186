"""What someone sees who points a camera at known things: frames, names, and how long the right name takes.

Frames go through the whole path: a film is played in real time, the frame of now is sent over HTTP, the next one when the
answer is there, at most as often as the page sends them.
"""

import math
import os
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import cv2

from answers.camera.frame import FRAMES_PER_SECOND, CameraFrame, SeenObject
from answers.entities.store import Entities
from engine.connections import Context, guard
from engine.errors import NotFoundError, OmmaError
from engine.settings import Settings
from evaluation.camera.film import Film, Seen, made_thing
from evaluation.pages import surroundings
from evaluation.speed import count
from mappings.versions import alias
from vision.feature_extractor import get_feature_extractor
from vision.image_features import Box
from vision.picture import Picture, decode

Json = dict[str, Any]
Ask = Callable[[bytes, str], CameraFrame]  # a frame as JPEG, and the session
FILM_SECONDS = 13.0  # until the camera has been at each thing
THINGS = 3  # in a scene
SEED = 29  # not that of the films by which bounds were chosen (answers/camera)
MIN_SIDE = 100  # px of a picture that becomes a thing
NO_THINGS = ["symbols"]  # categories of what is read, not recognised: letters and signs of the demo corpus
IN_VIEW = 0.6  # share of a thing in the frame from which it counts as seen
SAME_PLACE = 0.35  # intersection over union of a shown box and a thing
JPEG_QUALITY = 80
WORD = re.compile(r"\w+")
ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True)
class Thing:
    """What lies in a scene: a document, or, without a title, something that is in no collection."""

    title: str
    picture: Picture


@dataclass(frozen=True)
class Moment:
    """One frame: when it was sent and answered (seconds of the film), what was in it, and what the answer shows."""

    sent: float
    answered: float
    truth: Sequence[Seen]
    shown: CameraFrame


class Send(Protocol):
    """cli.page.RunningPage.send."""

    def __call__(self, path: str, model: type[CameraFrame], parameters: Iterable[tuple[str, str]], image: bytes) -> CameraFrame:
        """The answer to a picture."""


def run(send: Send, settings: Settings, films: int) -> Json:
    """Measure the camera of the page that `send` reaches; NotFoundError where too little is indexed."""

    def ask(image: bytes, session: str) -> CameraFrame:
        return send("camera/frames", CameraFrame, [("session", session)], image)

    context = Context(settings)
    about = {
        "surroundings": surroundings(settings), "documents": count(settings), "most": FRAMES_PER_SECOND,
        "entities": sum(Entities(context, lambda: get_feature_extractor(settings)).counts().values()),
    }  # fmt: skip
    return about | measure(ask, context, films, FILM_SECONDS)


def measure(ask: Ask, context: Context, films: int, seconds: float) -> Json:
    """Play films of random documents that have a title; NotFoundError where there are too few."""
    things = _things(context, films * THINGS)
    load, shown = os.getloadavg()[0], []
    _played(Film([one.picture for one in things[:THINGS]], SEED), ask, 1.0)  # loads what a first frame needs
    for number in range(films):
        scene = [*things[number * THINGS : (number + 1) * THINGS], Thing("", made_thing(SEED + number))]
        shown.append((scene, _played(Film([one.picture for one in scene], SEED + number), ask, seconds)))
    return {
        "films": films, "seconds": seconds, "things": len(things), "load": [round(load, 1), round(os.getloadavg()[0], 1)],
        **figures(shown, seconds),
    }  # fmt: skip


def figures(shown: Sequence[tuple[Sequence[Thing], Sequence[Moment]]], seconds: float) -> Json:
    """The figures of played films: the things of each, and its moments."""
    every = [_history(moments, number, scene[number]) for scene, moments in shown for number in range(len(scene))]
    histories, unknown = [one for one in every if one.title], [one for one in every if not one.title]
    waits = sorted(math.inf if one.wait is None else one.wait for one in histories)
    latencies = [moment.answered - moment.sent for _, moments in shown for moment in moments]
    frames = sum(len(one.names) for one in histories)
    return {
        "frames_per_second": round(sum(len(moments) for _, moments in shown) / (len(shown) * seconds), 2),
        "frame_ms": round(1000 * statistics.median(latencies)),
        "changes_per_second": round(sum(one.changes for one in every) / (len(shown) * seconds), 3),
        "named_right": sum(math.isfinite(wait) for wait in waits),
        "first_right_s": _waited(statistics.median(waits)),
        "first_right_p80_s": _waited(waits[int(0.8 * (len(waits) - 1))]),
        "frames_right": round(sum(one.right for one in histories) / max(1, frames), 3),
        "frames_wrong": round(sum(one.wrong for one in histories) / max(1, frames), 3),
        "frames_perhaps": round(sum(one.perhaps for one in histories) / max(1, frames), 3),
        "unknown": len(unknown),
        "unknown_named": sum(one.wrong > 0 for one in unknown),
        "unknown_frames_named": round(sum(one.wrong for one in unknown) / max(1, sum(len(one.names) for one in unknown)), 3),
        "each": [{"title": one.title, "first_right_s": one.wait, "changes": one.changes} for one in histories],
    }


def _waited(seconds: float) -> float | None:
    """None: the right name never came."""
    return round(seconds, 2) if math.isfinite(seconds) else None


@dataclass(frozen=True)
class History:
    """One thing in one film: in each frame that shows it, the object drawn over it, if there is one."""

    title: str
    names: Sequence[SeenObject | None]
    wait: float | None  # seconds from its first frame to the first answer with the right name; None: never

    @property
    def changes(self) -> int:
        """How often the shown name became another one; it does not count that a name comes or goes."""
        shown = [one.name.casefold() for one in self.names if one and one.name]
        return sum(before != after for before, after in pairwise(shown))

    @property
    def right(self) -> int:
        """Frames with the right name."""
        return sum(one is not None and is_right(one.name, self.title) for one in self.names)

    @property
    def perhaps(self) -> int:
        """Frames with a name that is not right, and shown as uncertain."""
        return sum(bool(one and one.perhaps and not is_right(one.name, self.title)) for one in self.names)

    @property
    def wrong(self) -> int:
        """Frames with a name that is not right, and shown as certain."""
        return sum(bool(one and one.name and not one.perhaps and not is_right(one.name, self.title)) for one in self.names)


def is_right(name: str, title: str) -> bool:
    """Whether a name is the title of the thing, or a phrase of it; case, articles and punctuation aside."""
    said, words = ([w for w in WORD.findall(text.casefold()) if w not in ARTICLES] for text in (name, title))
    return bool(said) and any(words[at : at + len(said)] == said for at in range(len(words)))


def _history(moments: Sequence[Moment], number: int, thing: Thing) -> History:
    seen = [(moment, one) for moment in moments for one in moment.truth if one.thing == number and one.share >= IN_VIEW]
    names = [_drawn_over(one.box, moment.shown.objects) for moment, one in seen]
    right = (moment.answered for (moment, _), one in zip(seen, names, strict=True) if one and is_right(one.name, thing.title))
    first = next(right, None)
    return History(thing.title, names, None if first is None else round(first - seen[0][0].sent, 2))


def _drawn_over(box: Box, objects: Sequence[SeenObject]) -> SeenObject | None:
    """The shown object whose box is that of the thing."""
    best = max(objects, key=lambda one: Box(*one.box).overlap(box), default=None)
    return best if best and Box(*best.box).overlap(box) >= SAME_PLACE else None


def _played(film: Film, ask: Ask, seconds: float) -> list[Moment]:
    begun, moments, session = time.monotonic(), [], ""
    while (sent := time.monotonic() - begun) < seconds:
        _, data = cv2.imencode(".jpg", film.frame(sent)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        shown = ask(data.tobytes(), session)
        session, answered = shown.session, time.monotonic() - begun
        moments.append(Moment(sent, answered, film.seen(sent), shown))
        time.sleep(max(0.0, 1 / FRAMES_PER_SECOND - (answered - sent)))
    return moments


def _things(context: Context, number: int) -> list[Thing]:
    """Random documents with a title, the same ones every time."""
    found = list(_candidates(context, 4 * number))[:number]
    if len(found) < number:
        raise NotFoundError("there are too few pictures with a title; begin with `omma demo`")
    return found


def _candidates(context: Context, number: int) -> Iterator[Thing]:
    large = [{"range": {side: {"gte": MIN_SIDE}}} for side in ("width", "height")]
    query = {"bool": {"filter": large, "must_not": [{"terms": {"category": NO_THINGS}}]}}
    order = {"query": query, "random_score": {"seed": SEED, "field": "_seq_no"}, "boost_mode": "replace"}
    body = {"size": number, "_source": ["title"], "query": {"function_score": order}}
    with guard():
        hits = context.client.search(index=alias(context.settings), body=body)["hits"]["hits"]
    for hit in (one for one in hits if one["_source"].get("title")):
        try:
            yield Thing(hit["_source"]["title"], decode(context.store.original(hit["_id"]), context.settings))
        except OmmaError:  # an original that was deleted meanwhile
            continue
