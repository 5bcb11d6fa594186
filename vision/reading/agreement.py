"""Two readings of one line, made one: what both say is sure, what one says alone is kept by its confidence."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from vision.reading.token import Token, confidence

CLEARLY = 0.25  # by which the second reader must be surer, to be believed against the first


def agreed(first: Sequence[Token], second: Sequence[Token]) -> list[Token]:
    """The first reading, mended by the second.

    Words that both have are as sure as two witnesses make them, 1 - (1 - a)(1 - b). Words that the first runs together
    and the second sets apart are set apart. Where nothing of a line is agreed on, the clearly surer reading of it stands.
    """
    apart = [token for word in first for token in _set_apart(word, second)]
    said: dict[str, list[Token]] = {}
    for token in second:
        said.setdefault(_bare(token.text), []).append(token)
    joined = [_surer(token, said) for token in apart]
    if joined == apart and confidence(second) > confidence(first) + CLEARLY:
        return list(second)
    return joined


def _surer(token: Token, said: dict[str, list[Token]]) -> Token:
    """The word as sure as both make it, if the other says it, too."""
    others = said.get(_bare(token.text))
    if not others:
        return token
    other = others.pop(0)
    return replace(token, confidence=1 - (1 - token.confidence) * (1 - other.confidence))


def _set_apart(word: Token, others: Sequence[Token]) -> Iterator[Token]:
    """The word, or the parts in which the other reader sees the same letters."""
    whole = _bare(word.text)
    for n in range(len(others)):
        run, text = n, ""
        while run < len(others) and len(text) < len(whole):
            text += _bare(others[run].text)
            run += 1
        if text == whole and run - n > 1:
            yield from _parts(word, [len(_bare(other.text)) for other in others[n:run]])
            return
    yield word


def _parts(word: Token, lengths: Sequence[int]) -> Iterator[Token]:
    """The word cut after so many letters each; marks between letters stay with the part before them."""
    letters = [i for i, c in enumerate(word.text) for _ in _bare(c)]  # ß without case is two
    starts = [0, *(letters[sum(lengths[:n])] for n in range(1, len(lengths))), len(word.text)]
    step = (word.right - word.left) / len(word.text)
    for begin, end in pairwise(starts):
        yield replace(word, text=word.text[begin:end], left=word.left + begin * step, right=word.left + end * step)


def _bare(text: str) -> str:
    """Letters and digits only, without case."""
    return "".join(c for c in text.casefold() if c.isalnum())
