"""What was seen of pictures, kept from one evaluation to the next: the same weights see the same."""

import hashlib
import pickle
import sqlite3
from collections.abc import Collection, Sequence

from engine.home import home, make_folder
from engine.settings import Settings
from vision import fingerprints
from vision.perceiver import Perceiver
from vision.perception import Perception
from vision.picture import Picture
from vision.profiles import senses_of

NAME = "perceptions"


class Remembering(Perceiver):
    """A perceiver that looks at each picture once, so that configurations can be compared on the same questions.

    The file in the cache is of these senses and weights alone; other weights begin another one, and end this.
    """

    def __init__(self, settings: Settings, senses: Collection[str] | None = None) -> None:
        """Open what is remembered; `senses` are those that look where none are named, by default all."""
        super().__init__(senses_of(settings))
        self._names = senses
        folder = make_folder(home(settings).cache)
        path = folder / f"{NAME}-{fingerprints.of_values(sorted(self.fingerprints().items()))}.sqlite"
        for other in set(folder.glob(f"{NAME}-*.sqlite")) - {path}:
            other.unlink(missing_ok=True)
        self._kept = sqlite3.connect(path, timeout=60, check_same_thread=False)
        self._kept.execute("create table if not exists seen (key text primary key, perception blob)")

    def perceive(self, pictures: Sequence[Picture], senses: Collection[str] | None = None) -> list[Perception]:
        """What these senses see of each; a perception in which a sense failed is not remembered."""
        senses = senses if self._names is None else self._names
        keys = [_key(picture, senses) for picture in pictures]
        found = {key: seen for key in dict.fromkeys(keys) if (seen := self._recalled(key)) is not None}
        fresh = {key: picture for key, picture in zip(keys, pictures, strict=True) if key not in found}
        looked = dict(zip(fresh, super().perceive(list(fresh.values()), senses), strict=True))
        rows = [(key, pickle.dumps(seen)) for key, seen in looked.items() if not seen.failures]
        with self._lock, self._kept:
            self._kept.executemany("insert or replace into seen values (?, ?)", rows)
        return [(found | looked)[key] for key in keys]

    def _recalled(self, key: str) -> Perception | None:
        with self._lock:
            row = self._kept.execute("select perception from seen where key = ?", (key,)).fetchone()
        seen: Perception | None = pickle.loads(row[0]) if row else None  # noqa: S301  (written above, on this machine)
        return seen


def _key(picture: Picture, senses: Collection[str] | None) -> str:
    """A part has the id of its whole, so its pixels count, too."""
    pixels = hashlib.sha256(picture.pixels.tobytes()).hexdigest()
    return " ".join((picture.id, pixels, *sorted(senses or ("all",))))
