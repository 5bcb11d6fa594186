"""`omma watch`: a folder, or another source on this machine, stays indexed."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from cli.ingest import ENDED, outcome_of
from cli.terminal import INDENT, flow, shorten_middle, width
from engine.errors import OmmaError
from engine.settings import get_settings

if TYPE_CHECKING:
    from engine.connections import Context
    from ingest.jobs import Jobs

POLL_SECONDS = 1.0  # between two looks at jobs that have not ended


@click.command()
@click.argument("source", required=False)
@click.option("--collection", default="", help="Name of the collection; by default the source's own name.")
@click.option("--every", "minutes", type=click.FloatRange(min=1), metavar="MINUTES", help="Let workers read it regularly.")
@click.option("--stop", is_flag=True, help="Read it no longer regularly.")
@click.option("--list", "as_list", is_flag=True, help="Show what is read regularly.")
def watch(source: str | None, collection: str, minutes: float | None, stop: bool, as_list: bool) -> None:
    """Keep a folder or feed indexed: read it now, and what changes at once.

    Moved, renamed, changed and deleted files are followed. The command runs until it is interrupted. File systems of other
    machines report no changes: let workers read those every so many MINUTES instead, which goes on without the command.
    """
    from engine.connections import Context  # noqa: PLC0415

    context = Context(get_settings())
    if as_list or not source:
        _list(context)
    elif stop:
        _stop(context, source)
    elif minutes:
        _schedule(context, source, collection, minutes)
    else:
        _watch(context, source, collection)


def _watch(context: "Context", spec: str, collection: str) -> None:
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415  (here and below: only what is needed is loaded)
    from workers.runtime import Runtime  # noqa: PLC0415
    from workers.watching import Watcher  # noqa: PLC0415

    runtime = Runtime(context, get_feature_extractor(context.settings))
    runtime.check_index()
    printer = _Printer(runtime.jobs)
    watcher = Watcher(context, runtime.dispatcher, spec, collection, printer.report)
    click.echo(f"watching {watcher.source.spec} for collection {watcher.source.collection!r}; Ctrl-C ends it")
    printer.start()
    try:
        watcher.run(printer.stop)
    except KeyboardInterrupt:
        click.echo("no longer watched; what is in the queue is still indexed")
    finally:
        printer.stop.set()


class _Printer(threading.Thread):
    """Prints how each reading ended."""

    def __init__(self, jobs: "Jobs") -> None:
        super().__init__(daemon=True)
        self.stop = threading.Event()
        self._jobs, self._open, self._said = jobs, list[str](), ""

    def report(self, job: str, error: OmmaError | None) -> None:
        """Take a job to follow, or print an error, once while it stays the same."""
        if job:
            self._open.append(job)
        if error and str(error) != self._said:
            _say(str(error))
        self._said = str(error) if error else ""

    def run(self) -> None:
        while not self.stop.wait(POLL_SECONDS):
            try:
                for job in list(self._ended()):
                    _say(outcome_of(self._jobs.progress(job)))
                    self._open.remove(job)
            except Exception as error:  # Redis may be away; the jobs are looked at again
                self.report("", OmmaError(str(error)))

    def _ended(self) -> Iterator[str]:
        return (job for job in self._open if self._jobs.progress(job).state in ENDED)


def _say(text: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {text}")


def _schedule(context: "Context", spec: str, collection: str, minutes: float) -> None:
    from ingest.sources import open_source  # noqa: PLC0415
    from workers.rereading import Schedule, Schedules  # noqa: PLC0415

    source = open_source(spec, collection=collection, settings=context.settings)
    Schedules(context).put(Schedule(source.spec, source.collection, minutes))
    click.echo(f"{source.spec} is read every {minutes:g} minutes by the workers; the first time within a minute")


def _stop(context: "Context", spec: str) -> None:
    from ingest.sources.registry import existing  # noqa: PLC0415
    from workers.rereading import Schedules  # noqa: PLC0415

    path = existing(spec)
    for schedule in Schedules(context).remove(str(path) if path else spec):
        click.echo(f"{schedule.spec} is no longer read regularly; its pictures stay")


def _list(context: "Context") -> None:
    from workers.rereading import Schedules  # noqa: PLC0415

    schedules = Schedules(context).all()
    if not schedules:
        click.echo("nothing is read regularly; `omma watch FOLDER --every MINUTES`")
    for one in schedules:
        last = f"{datetime.fromisoformat(one.read).astimezone():%Y-%m-%d %H:%M}" if one.read else "not yet"
        click.echo(shorten_middle(one.spec, width()))
        facts = (
            f"collection {one.collection}",
            f"every {one.minutes:g} minutes",
            f"last read: {last}",
            one.job and f"job {one.job}",
        )
        for line in flow(facts, INDENT):
            click.echo(line)
