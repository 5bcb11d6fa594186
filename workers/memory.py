"""How much memory a worker's process takes: every extractor loaded and looking, in the order in which they look.

Measured from outside the models, as resident memory of the process and of the programs that it starts, in a process of its
own that is made as a worker's is.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.connections import Context
from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.feature_extractor import get_feature_extractor
from vision.picture import WORKING_SIDE, Picture
from workers.runtime import Runtime

MIB = 1 << 20
OFTEN = 0.01  # seconds between two looks at what is resident
LINE = 24  # px between two lines of a page
SIDES = ((64, 64), (640, 480), (WORKING_SIDE, WORKING_SIDE // 20), (WORKING_SIDE // 20, WORKING_SIDE))
BIG = (WORKING_SIDE, WORKING_SIDE)


@dataclass(frozen=True, slots=True)
class Part:
    """What one extractor adds, in MiB: the model, then what looking at pictures leaves taken; `peak` is of the whole
    process.
    """

    extractor: str
    model: float
    working: float
    peak: float


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB of a process before any model, part by part, with everything loaded, and at its peak with what it started."""

    process: float
    parts: tuple[Part, ...]
    loaded: float
    peak: float
    batch: int


def measure(settings: Settings) -> Memory:
    """Measure in a process of its own; ConfigurationError where an extractor does not work."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, settings).result()


def _measured(settings: Settings) -> Memory:
    threads = settings.process_threads
    os.environ["OMP_THREAD_LIMIT"] = str(threads)
    settings = settings.model_copy(update={"threads": threads})
    runtime = Runtime(Context(settings), get_feature_extractor(settings))
    process, batch = resident(), _batch(settings.batch_size)
    parts = tuple(_part(runtime, name, batch) for name in runtime.feature_extractor.extractors)
    with peak() as highest:
        runtime.feature_extractor.extract(batch)
    loaded = resident()
    most = max([loaded, *(part.peak for part in parts), *highest])
    return Memory(process, parts, loaded, most, len(batch))


def _part(runtime: Runtime, name: str, batch: list[Picture]) -> Part:
    """Look with one extractor at next to nothing, then at the batch."""
    before = resident()
    with peak() as highest:
        _look(runtime, name, batch[:1])
        loaded = resident()
        _look(runtime, name, batch)
    return Part(name, round(loaded - before, 1), round(resident() - loaded, 1), max(highest))


def _look(runtime: Runtime, name: str, pictures: list[Picture]) -> None:
    failures = [seen.failures.get(name) for seen in runtime.feature_extractor.extract(pictures, [name])]
    if all(failures):  # a single picture may take too long for a reader on a busy machine
        raise ConfigurationError(f"extractor {name} does not work: {failures[0]}")


def resident(pid: int | None = None) -> float:
    """Resident memory of a process (by default of this one) in MiB; 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MIB, 1)


@contextmanager
def peak() -> Iterator[list[float]]:
    """The most MiB that this process and those that it starts hold meanwhile, as the only entry of a list."""
    highest, ended = [resident()], threading.Event()

    def watch() -> None:
        while not ended.wait(OFTEN):
            highest[0] = max(highest[0], round(resident() + sum(map(resident, _children())), 1))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield highest
    finally:
        ended.set()
        watcher.join()


def _children() -> list[int]:
    """Programs that this process's threads started; one that has not begun yet still shows the memory of this process."""
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += [pid for part in (thread / "children").read_text().split() if _program(pid := int(part)) != _program()]
    return found


def _program(pid: int | None = None) -> str:
    """The file that a process (by default this one) runs; empty where it has ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return str(Path(f"/proc/{pid or 'self'}/exe").readlink())
    return ""


def _batch(size: int) -> list[Picture]:
    """As many pictures as a task looks at: the least first, a full page, long ones, and the rest as large as they come."""
    sizes = [*SIDES, *[BIG] * size][: max(size - 1, 1)]
    return [*(_photo(width, height, seed) for seed, (width, height) in enumerate(sizes)), _page()][:size]


def _photo(width: int, height: int, seed: int) -> Picture:
    """Smooth blobs of colour, without anything to read."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return Picture(f"photo {seed}", np.asarray(image), width, height, "PNG")


def _page() -> Picture:
    """A page full of words."""
    image = Image.new("RGB", BIG, "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(LINE * 2 // 3)
    for top in range(LINE, BIG[1] - LINE, LINE):
        pen.text((LINE, top), f"{top} words on a page that is as large as pages are read " * 3, "black", font)
    return Picture("page", np.asarray(image), *BIG, "PNG")
