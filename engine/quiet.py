"""Libraries that print: what they write to the standard output of a command is discarded."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TextIO

_lock = Lock()
_blocks: list[TextIO] = []  # of each block that runs now, the real output


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Discard what is printed until the end of the block.

    Blocks of several threads may overlap in any order. `contextlib.redirect_stdout` does not allow that: a block that ends
    after another one restores the buffer that it found there, and the command prints nothing from then on.
    """
    with _lock:
        _blocks.append(_blocks[0] if _blocks else sys.stdout)
        sys.stdout = io.StringIO()
    try:
        yield
    finally:
        with _lock:
            real = _blocks.pop()
            if not _blocks:
                sys.stdout = real
