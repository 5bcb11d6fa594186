"""What was seen of pictures, kept from one evaluation to the next: the same weights see the same."""

import hashlib
import pickle
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from engine.paths import make_folder, paths_of
from engine.settings import Settings
from vision.extractor import Extractor, Outcome, Value
from vision.feature_extractor import FeatureExtractor
from vision.image_features import ImageFeatures
from vision.picture import Picture
from vision.registry import extractors_of

NAME = "observations.sqlite"
Row = tuple[str, str, bytes]


class Remembering(FeatureExtractor):
    """A feature_extractor whose extractors look at each picture once, so that configurations can be compared on the same
    questions.

    An observation is kept by the weights that made it: where one extractor's change, only that one looks again.
    """

    def __init__(self, settings: Settings, extractors: Collection[str] | None = None) -> None:
        """Open what is remembered; `extractors` are those that look where none are named, by default all."""
        super().__init__(extractors_of(settings))
        self._names, self._marks = extractors, self.fingerprints()
        self._kept = sqlite3.connect(make_folder(paths_of(settings).cache) / NAME, timeout=60, check_same_thread=False)
        self._kept.execute(
            "create table if not exists seen (extractor text, key text, seen blob, primary key (extractor, key))"
        )

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """What these extractors see of each."""
        return super().extract(pictures, extractors if self._names is None else self._names)

    def _observe(
        self, extractor: Extractor[Any], pictures: Sequence[Picture], found: Sequence[ImageFeatures]
    ) -> list[Outcome[Any]]:
        """Remembered, or extracted now; failures are not remembered."""
        mark, keys = f"{extractor.name} {self._marks[extractor.name]}", [_key(picture) for picture in pictures]
        known = {key: kept for key in dict.fromkeys(keys) if (kept := self._remembered(mark, key))}
        fresh = {key: place for place, key in enumerate(keys) if key not in known}
        places = list(fresh.values())
        outcomes = super()._observe(extractor, [pictures[at] for at in places], [found[at] for at in places]) if places else []
        made = dict(zip(fresh, outcomes, strict=True))
        self._keep([(mark, key, pickle.dumps(one.value)) for key, one in made.items() if isinstance(one, Value)])
        return [(known | made)[key] for key in keys]

    def _remembered(self, mark: str, key: str) -> Value[Any] | None:
        """The output that was kept, if any."""
        with self._lock:
            row = self._kept.execute("select seen from seen where extractor = ? and key = ?", (mark, key)).fetchone()
        return Value(pickle.loads(row[0])) if row else None  # noqa: S301  (written below, on this machine)

    def _keep(self, rows: Sequence[Row]) -> None:
        with self._lock, self._kept:
            self._kept.executemany("insert or replace into seen values (?, ?, ?)", rows)


def _key(picture: Picture) -> str:
    """A part has the id of its whole, so its pixels count, too."""
    pixels = hashlib.sha256(picture.pixels.tobytes())
    if picture.alpha is not None:
        pixels.update(picture.alpha.tobytes())
    return f"{picture.id} {pixels.hexdigest()}"
