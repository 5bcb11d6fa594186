"""A question that gives every factor something to go by, to see which columns there are."""

import numpy as np

from factors.base import Marked, Question
from factors.text import Term, Words
from vision.image_features import Box, Colour, ImageFeatures, Label, Line, Local, Object, Text, Word

DIMENSION = 8


def question() -> Question:
    """Words, and an image for which every extractor has an output; new for each test, so that none can spoil it."""
    box = Box(0.1, 0.1, 0.5, 0.5)
    embedding = np.full(DIMENSION, DIMENSION**-0.5, dtype=np.float32)
    seen = ImageFeatures(
        "0" * 64,
        640,
        480,
        embedding=embedding,
        products=embedding,
        joint=embedding,
        labels=(Label("n02084071", ("dog", "domestic dog"), ("canine", "animal"), 0.9),),
        objects=(Object("dog", 0.9, box, embedding),),
        text_presence=0.9,
        text=Text((Line((Word("BOSCH", 0.9, box),)),)),
        colours=(Colour("red", (200, 20, 30), 0.8),),
        phash=1,
        local=_points(),
    )
    words, marked = Words((Term("red"), Term("dogs"))), Marked({"1" * 64: seen})
    return Question(seen, words, text_embedding=embedding, marked=marked, word_fields=("linked.all", "ocr"))


def _points() -> Local:
    """A few points that can be found again."""
    places = np.linspace(0.1, 0.9, 16, dtype=np.float32).reshape(8, 2)
    return Local(
        points=places,
        sizes=np.full(8, 0.05, dtype=np.float32),
        angles=np.zeros(8, dtype=np.float32),
        words=np.arange(8, dtype=np.int32),
        codes=np.arange(128, dtype=np.uint8).reshape(8, 16),
    )
