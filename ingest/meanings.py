"""Where linked text lies in the joint space of pictures and words: each text is read once, if the text model understands it."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from factors.linked import Kind, Piece
from factors.registry import all_factors
from ingest.disagreement import judged
from vision.perception import Vector

logger = logging.getLogger(__name__)
SENSE = "joint"
MOST = 8  # texts of one document that are read; those that name pictures best come first
ORDER = tuple(Kind)
KEPT = 4096  # texts read lately: the pages of one site say the same again and again


class Reads(Protocol):
    """vision.perceiver.Perceiver, as far as it is needed here."""

    def read(self, texts: Sequence[str]) -> Vector:
        """Unit vectors."""

    def understands(self, text: str, language: str = "") -> bool:
        """Whether it makes sense of a text in that language."""

    def least_agreement(self) -> float | None:
        """The cosine under which text and picture disagree, where it was measured."""


class Meanings:
    """Reads the texts of documents; thread-safe."""

    def __init__(self, reader: Reads) -> None:
        """The model is loaded with the first text."""
        self._reader = reader
        self._memory: OrderedDict[str, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, pieces: Sequence[Piece], document: Mapping[str, Any]) -> list[Piece]:
        """The pieces, those that can be read with their meaning, and judged by the document's picture.

        Where the model fails, which is logged, the pieces come back as they were: text is found by its words all the same.
        """
        try:
            chosen = self._chosen(pieces)
            read = dict(zip(chosen, self._read(chosen), strict=True))
            least = self._reader.least_agreement() if read else None
        except Exception:
            logger.exception("linked text was not read")
            return list(pieces)
        picture = picture_of(document)
        known = (replace(piece, meaning=read.get(piece.text)) for piece in pieces)
        return [judged(piece, picture, least) for piece in known]

    def _chosen(self, pieces: Sequence[Piece]) -> list[str]:
        """The texts to read: of the kinds that say most, in a language that is understood."""
        chosen: dict[str, None] = {}
        kept = (piece for piece in pieces if not piece.is_trash)
        for piece in sorted(kept, key=lambda piece: ORDER.index(piece.kind)):
            if len(chosen) == MOST:
                break
            if self._known(piece.text) or self._reader.understands(piece.text, piece.language):
                chosen[piece.text] = None
        return list(chosen)

    def _known(self, text: str) -> bool:
        with self._lock:
            return text in self._memory

    def _read(self, texts: Sequence[str]) -> list[Vector]:
        """One vector per text, remembered."""
        with self._lock:
            known = {text: self._memory[text] for text in texts if text in self._memory}
        fresh = [text for text in texts if text not in known]
        known |= zip(fresh, self._reader.read(fresh) if fresh else (), strict=True)
        with self._lock:
            for text in texts:
                self._memory[text] = known[text]
                self._memory.move_to_end(text)
            while len(self._memory) > KEPT:
                self._memory.popitem(last=False)
        return [known[text] for text in texts]


def picture_of(document: Mapping[str, Any]) -> Vector | None:
    """Where the document's picture lies in the joint space, as its fields keep it."""
    for factor in all_factors():
        if SENSE in factor.reads and SENSE in (recalled := factor.recall(document)):
            found: Vector = recalled[SENSE]
            return found
    return None
