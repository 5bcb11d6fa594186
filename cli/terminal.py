"""Text for people: blocks of lines that fit the width of the terminal, whatever the text of documents contains."""

import shutil
from collections.abc import Iterable, Iterator
from itertools import accumulate

from rich.cells import cell_len, chop_cells, set_cell_size

MIN_WIDTH = 40  # columns; a terminal that reports fewer counts as having these
INDENT = 4  # columns by which the lines of a block are indented below its first
ELLIPSIS = "…"
GAP = "  "


def width() -> int:
    """Columns of the terminal, or of the variable COLUMNS; 80 where neither is known."""
    return max(MIN_WIDTH, shutil.get_terminal_size().columns)


def print_progress(line: str) -> None:
    """Print a line about the progress of a long command to standard error."""
    from rich.console import Console  # noqa: PLC0415  (takes time to load, and most commands are short)

    Console(stderr=True, highlight=False, markup=False, emoji=False).print(line, soft_wrap=True)


def plain(text: str) -> str:
    """One line without control characters: text of documents must not steer the terminal."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def shorten(text: str, columns: int) -> str:
    """The beginning of a text, with an ellipsis where it does not fit."""
    text = plain(text)
    return text if cell_len(text) <= columns else set_cell_size(text, max(columns - 1, 0)).rstrip() + ELLIPSIS


def shorten_middle(text: str, columns: int) -> str:
    """Beginning and end of a text: paths and addresses differ at either end."""
    text = plain(text)
    if cell_len(text) <= columns:
        return text
    room = columns - 1
    head = set_cell_size(text, room // 3)
    tail = next((text[at:] for at in range(len(text)) if cell_len(text[at:]) <= room - cell_len(head)), "")
    return head + ELLIPSIS + tail


def ends(left: str, right: str, indent: int = 0) -> str:
    """One line with a text at either end; the left text is shortened to fit."""
    columns = width() - indent
    left = shorten(left, columns - cell_len(right) - len(GAP))
    return " " * indent + left + " " * (columns - cell_len(left) - cell_len(right)) + right


def flow(parts: Iterable[str], indent: int = 0, separator: str = " · ") -> Iterator[str]:
    """Lines of short texts side by side; a text is broken only if it is longer than a line."""
    columns, line = width() - indent, ""
    for part in filter(None, map(plain, parts)):
        joined = f"{line}{separator}{part}" if line else part
        if line and cell_len(joined) > columns:
            yield " " * indent + line
            joined = part
        # `chop_cells` returns nothing for a mark without width that stands alone, so it gets only texts that do not fit
        *whole, line = [joined] if cell_len(joined) <= columns else chop_cells(joined, columns)
        yield from (" " * indent + snippet for snippet in whole)
    if line:
        yield " " * indent + line


def paragraph(text: str, indent: int = 0, most: int | None = None) -> Iterator[str]:
    """A text wrapped at words; at most `most` lines, the last of them shortened."""
    lines = list(flow(text.split(), indent, " "))
    if most is not None and len(lines) > most:
        rest = " ".join(line.strip() for line in lines[most - 1 :])
        lines = [*lines[: most - 1], " " * indent + shorten(rest, width() - indent)]
    yield from lines


def columns_of(rows: Iterable[tuple[str, ...]], indent: int = 0) -> Iterator[str]:
    """Rows of short columns and, last, one of long text, which is wrapped in the columns that the others leave."""
    rows = [tuple(map(plain, row)) for row in rows]
    sizes = [max(map(cell_len, column)) for column in zip(*rows, strict=True)][:-1]
    starts = list(accumulate((size + len(GAP) for size in sizes), initial=indent))
    for *cells, text in rows:
        head = " " * indent + "".join(set_cell_size(cell, size) + GAP for cell, size in zip(cells, sizes, strict=True))
        first, *more = list(paragraph(text, starts[-1])) or [""]
        yield (head + first.strip()).rstrip()
        yield from more
