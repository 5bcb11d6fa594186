"""How much memory a worker's process takes: every extractor is loaded and run, in their order in a worker.

Measured from outside the models, as resident memory of the process and of the programs that it starts. The process is a
separate one, set up as a worker's is.
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

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.picture import WORKING_SIDE, Picture
from workers.runtime import Runtime, make_runtime

MIB = 1 << 20
SAMPLE_SECONDS = 0.01  # between two samples of resident memory
LINE_HEIGHT = 24  # px between two lines of the page
FULL_SIZE = (WORKING_SIDE, WORKING_SIDE)  # px, width and height
PHOTO_SIZES = ((64, 64), (640, 480), (WORKING_SIDE, WORKING_SIDE // 20), (WORKING_SIDE // 20, WORKING_SIDE))


@dataclass(frozen=True, slots=True)
class Part:
    """Memory of one extractor in MiB: its model, what processing a batch adds, and the peak of the whole process meanwhile."""

    extractor: str
    model: float
    working: float
    peak: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process in MiB: before any model, by extractor, with all loaded, and at its peak with its child programs."""

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
    runtime = make_runtime(settings)
    process, batch = resident(), _batch(settings.batch_size)
    parts = tuple(_part(runtime, name, batch) for name in runtime.feature_extractor.extractors)
    with peak() as highest:
        runtime.feature_extractor.extract(batch)
    loaded = resident()
    most = max([loaded, *(part.peak for part in parts), *highest])
    return Memory(process, parts, loaded, most, len(batch))


def _part(runtime: Runtime, name: str, batch: list[Picture]) -> Part:
    """Run one extractor on the smallest picture, which loads its model, then on the batch."""
    before = resident()
    with peak() as highest:
        _extract(runtime, name, batch[:1])
        loaded = resident()
        _extract(runtime, name, batch)
    return Part(name, round(loaded - before, 1), round(resident() - loaded, 1), max(highest))


def _extract(runtime: Runtime, name: str, pictures: list[Picture]) -> None:
    failures = [features.failures.get(name) for features in runtime.feature_extractor.extract(pictures, [name])]
    if all(failures):  # on a busy machine, reading a single picture may time out
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
    """The peak of this process and its child programs in MiB, as the only entry of a list, which grows meanwhile."""
    highest, ended = [resident()], threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            highest[0] = max(highest[0], round(resident() + sum(map(resident, _children())), 1))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield highest
    finally:
        ended.set()
        watcher.join()


def _children() -> list[int]:
    """Process ids of the child programs; a child that has not called `exec` yet still shows the memory of this process."""
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
    """The pictures of one batch: the smallest first, then long ones, then those of full size, and a page of text."""
    sizes = [*PHOTO_SIZES, *[FULL_SIZE] * size][: max(size - 1, 1)]
    return [*(_photo(width, height, seed) for seed, (width, height) in enumerate(sizes)), _page()][:size]


def _photo(width: int, height: int, seed: int) -> Picture:
    """Smooth blobs of colour, without text."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return Picture(f"photo {seed}", np.asarray(image), width, height, "PNG")


def _page() -> Picture:
    """A page full of words."""
    image = Image.new("RGB", FULL_SIZE, "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(LINE_HEIGHT * 2 // 3)
    for top in range(LINE_HEIGHT, FULL_SIZE[1] - LINE_HEIGHT, LINE_HEIGHT):
        pen.text((LINE_HEIGHT, top), f"{top} words on a page that is as large as pages are read " * 3, "black", font)
    return Picture("page", np.asarray(image), *FULL_SIZE, "PNG")
