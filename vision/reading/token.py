"""Tokens: words of one line, as an engine reads them in the line cut out of its page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.image_features import Line, Word
from vision.reading.page import Page, Points

CERTAIN = 2  # decimals of a confidence that are kept


@dataclass(frozen=True, slots=True)
class Token:
    """A word, with the reader's confidence (0..1), from `left` to `right` as fractions of the line's width."""

    text: str
    confidence: float
    left: float
    right: float


def confidence(tokens: Sequence[Token]) -> float:
    """The mean over letters, 0 where there are none."""
    letters = sum(len(token.text) for token in tokens)
    return sum(token.confidence * len(token.text) for token in tokens) / letters if letters else 0.0


def line_of(tokens: Sequence[Token], quad: Points, page: Page) -> Line:
    """The tokens as words of the picture; `quad` [4, 2] is the line's outline on the page, from its top left clockwise."""
    return Line(tuple(Word(t.text, round(t.confidence, CERTAIN), page.box(_part(quad, t))) for t in tokens))


def _part(quad: Points, token: Token) -> Points:
    (a, b, c, d), left, right = quad, token.left, max(token.right, token.left)
    return np.stack([a + (b - a) * left, a + (b - a) * right, d + (c - d) * right, d + (c - d) * left])
