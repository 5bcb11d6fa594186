"""Speed of ingest, with the extractors alone on the same pictures as the lower bound in the same run."""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from engine.connections import Context, connect_redis
from engine.errors import ConfigurationError, EngineUnavailable
from engine.installation import CHECKOUT
from engine.programs import omma_environment
from engine.settings import Settings
from evaluation.collection import Collection
from ingest.jobs import Jobs
from ingest.sources import open_source
from vision.feature_extractor import get_feature_extractor
from vision.picture import picture_files, readable_pictures
from workers.celery_config import BULK
from workers.dispatch import Dispatcher

Json = dict[str, Any]
TIMEOUT = 600  # seconds for a worker to load its models, or for a job to end


def ingest(folder: Path, number: int, rounds: int, settings: Settings) -> Json:
    """Models alone and whole ingests in turn; medians. Each ingest begins with an empty index."""
    chosen = spread(folder, number)
    alone, whole, extractors = [], [], []
    with linked(chosen, settings) as pictures:
        for _ in range(rounds):
            extracted = models_alone(pictures, settings)
            alone.append(extracted.seconds)
            extractors.append(extracted.extractors)
            whole.append(ingested(pictures, settings))
    models, all_of_it = statistics.median(alone), statistics.median(whole)
    return {
        "pictures": len(chosen),
        "rounds": rounds,
        "processes": settings.processes,
        "models_alone_per_s": round(len(chosen) / models, 2),
        "ingest_per_s": round(len(chosen) / all_of_it, 2),
        "overhead": round(all_of_it / models - 1, 3),
        "extractors": per_extractor(extractors, len(chosen)),
        "seconds": {"models": [round(s, 2) for s in alone], "ingest": [round(s, 2) for s in whole]},
    }


def spread(folder: Path, number: int) -> list[Path]:
    """At most `number` pictures, evenly spread over the folder; ConfigurationError if it has none."""
    found = picture_files(folder)
    if not found:
        raise ConfigurationError(f"there are no pictures in {folder}")
    return [found[n * len(found) // number] for n in range(number)] if number < len(found) else found


@contextmanager
def linked(chosen: list[Path], settings: Settings) -> Iterator[Path]:
    """A folder with exactly these pictures."""
    folder = settings.home / "evaluation" / f"pictures-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    for n, path in enumerate(chosen):
        (folder / f"{n:05d}{path.suffix.lower()}").write_bytes(path.read_bytes())
    try:
        yield folder
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


@dataclass(frozen=True, slots=True)
class Extracted:
    """Seconds until the last process was done, and the seconds of each extractor, summed over processes."""

    seconds: float
    extractors: Mapping[str, float]


def per_extractor(rounds: Sequence[Mapping[str, float]], pictures: int) -> list[Json]:
    """Milliseconds per image of each extractor (median of the rounds) and its share, in the order in which they run."""
    medians = {extractor: 1000 * statistics.median(taken[extractor] for taken in rounds) / pictures for extractor in rounds[0]}
    whole = max(sum(medians.values()), 1e-9)
    return [{"extractor": extractor, "ms": round(ms, 2), "share": round(ms / whole, 4)} for extractor, ms in medians.items()]


def models_alone(folder: Path, settings: Settings) -> Extracted:
    """Extract from decoded pictures in as many processes as a worker has."""
    count = settings.processes
    settings = settings.model_copy(update={"threads": settings.process_threads})
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        shares = pool.map(partial(_extract_share, folder, settings, count), range(count))
        done = list(shares)
    extractors = {extractor: sum(one.extractors[extractor] for one in done) for extractor in done[0].extractors}
    return Extracted(max(one.seconds for one in done), extractors)


def _extract_share(folder: Path, settings: Settings, count: int, share: int) -> Extracted:
    """The share of one process; loading models and decoding are not timed."""
    os.environ["OMP_THREAD_LIMIT"] = str(settings.threads)
    pictures = readable_pictures(folder, len(picture_files(folder)), settings)[share::count]
    feature_extractor = get_feature_extractor(settings)
    feature_extractor.warm_up()
    before, begun = dict(feature_extractor.timings), time.perf_counter()
    for start in range(0, len(pictures), settings.batch_size):
        feature_extractor.extract(pictures[start : start + settings.batch_size])
    taken = time.perf_counter() - begun
    return Extracted(
        taken, {extractor: seconds - before[extractor] for extractor, seconds in feature_extractor.timings.items()}
    )


def ingested(folder: Path, settings: Settings) -> float:
    """Seconds from reading the folder to the last document, with a worker of its own whose models are loaded."""
    collection = Collection(f"bench-{uuid.uuid4().hex[:6]}", settings)
    made = collection.settings
    try:
        with _worker(made):
            _run(folder, made, only=1)
            return _run(folder, made)
    finally:
        collection.remove()


def _run(folder: Path, settings: Settings, only: int | None = None) -> float:
    source = open_source(str(folder), settings=settings)
    begun = time.perf_counter()
    dispatcher = Dispatcher(Context(settings))
    job = dispatcher.create(source.spec, source.collection)
    names = [path.name for path in picture_files(folder)[:only]] if only else None
    dispatcher.read(job, source, only=names)
    jobs, end = Jobs(connect_redis(settings), settings.index_prefix), time.monotonic() + TIMEOUT
    while not jobs.progress(job).ended:
        if time.monotonic() > end:
            raise EngineUnavailable("the worker does not answer; its log is in the folder of logs")
        time.sleep(0.02)
    return time.perf_counter() - begun


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """A worker process with these settings, stopped at the end."""
    command = ["-m", "celery", "-A", "workers.app", "worker", "-Q", BULK, "-c", str(settings.processes), "-l", "warning"]
    own = {"OMMA_INDEX_PREFIX": settings.index_prefix, "OMMA_STORE_URL": settings.store_url}
    environment = omma_environment(settings) | own
    log = settings.home / "logs" / "bench-worker.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [sys.executable, *command, "-n", f"{settings.index_prefix}@%h"],
            env=os.environ | environment, cwd=CHECKOUT, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(60)
        if worker.poll() is None:
            worker.kill()
            worker.wait()
