"""The captions that pictures are compared with, as vectors: encoded once."""

import logging
from threading import Lock

import numpy as np

from answers.intent.features import PROMPTS
from query.search import Searcher
from vision.image_features import Vector

logger = logging.getLogger(__name__)


class Prompts:
    """Vectors of the captions [n, d], encoded when first asked for; safe to share between threads."""

    def __init__(self, searcher: Searcher) -> None:
        """`searcher` encodes them."""
        self._searcher, self._lock = searcher, Lock()
        self._vectors: Vector | None = None

    def vectors(self) -> Vector | None:
        """None where the model fails: goals are then guessed without it, and it is tried again with the next question."""
        with self._lock:
            if self._vectors is None:
                try:
                    self._vectors = np.stack(self._searcher.encode_text(list(PROMPTS.values())))
                except Exception as error:  # whatever the model raises must not take the answer with it
                    logger.warning("goals are guessed without the joint embedding: %s", error)
            return self._vectors
