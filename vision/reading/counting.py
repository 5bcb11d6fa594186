"""Which lines count: sure ones, faint ones that are only shown, and no more of either than a document can hold."""

from collections.abc import Iterable, Sequence

from vision.image_features import Line, Text

FAINT = 0.4  # confidence from which a line that does not count is shown
LEAST_LETTERS = 2  # of a line that counts: single letters are what texture gives
MOST_WORDS = 12_000  # of each sort in one picture


def by_confidence(lines: Sequence[Line], sure: float) -> Text:
    """Lines that count from this confidence on, and those below."""
    counts = [line.confidence >= sure and _letters(line) >= LEAST_LETTERS for line in lines]
    shown = [line.confidence >= FAINT and _letters(line) > 0 for line in lines]
    rest = (line for line, counted, good in zip(lines, counts, shown, strict=True) if good and not counted)
    return bounded((line for line, counted in zip(lines, counts, strict=True) if counted), rest)


def bounded(sure: Iterable[Line], low_confidence: Iterable[Line] = ()) -> Text:
    """A text of the first lines of each sort."""
    return Text(_first(sure), _first(low_confidence))


def _first(lines: Iterable[Line]) -> tuple[Line, ...]:
    kept, words = [], 0
    for line in lines:
        words += len(line.words)
        if words > MOST_WORDS:
            break
        kept.append(line)
    return tuple(kept)


def _letters(line: Line) -> int:
    return sum(c.isalnum() for c in line.text)
