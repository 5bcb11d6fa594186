"""`omma ingest`: from sources to the index, with progress."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from cli import terminal
from cli.jobs import awaited, duration, failures, left_out
from engine.errors import EngineUnavailable
from engine.settings import get_settings
from ingest.jobs import Jobs, Progress

if TYPE_CHECKING:
    from engine.connections import Context
    from ingest.sources import Source

POLL_SECONDS = 0.5  # between two requests for the job's progress
LINE_SECONDS = 10.0  # between two lines of progress where there is no terminal to draw a bar on
BAR_WIDTH, SOURCE_WIDTH = 20, 30  # columns of the bar, and of the source's name beside it
ENDED = ("done", "failed", "interrupted")
errors = Console(stderr=True)


class _IngestCommand(click.Command):
    """Its help lists what the sources of the installation accept."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line per source."""
        from ingest.sources.registry import sources  # noqa: PLC0415

        with formatter.section("Sources"):
            formatter.write_dl([(kind.name, kind.accepts.replace("`", "")) for kind in sources(get_settings())])


@click.command(cls=_IngestCommand)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--collection", default="", help="Name of the collection; by default the source's own name.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="What a feed's column is: `image=photo`.")
@click.option("--detach", is_flag=True, help="Return when everything is sent to the workers.")
@click.option("--keep-missing", is_flag=True, help="Keep what a folder or feed no longer has; by default it is withdrawn.")
@click.option("--force", is_flag=True, help="Withdraw what a folder or feed no longer has even if that is most of it.")
@click.option("--json", "as_json", is_flag=True, help="Print how each job ended as JSON.")
def ingest(
    sources: tuple[str, ...], collection: str, columns: tuple[str, ...], detach: bool, as_json: bool, **missing: bool
) -> None:
    """Add the images of a folder, a feed, a saved web site, a crawl, or another source."""
    from engine.connections import Context  # noqa: PLC0415
    from ingest.sources import open_source  # noqa: PLC0415  (sources load what reads them)

    context = Context(get_settings())
    chosen = dict(_pair(column) for column in columns)
    opened = [open_source(spec, collection=collection, settings=context.settings, columns=chosen) for spec in sources]
    ended = [run(source, context, detach=detach, **missing) for source in opened]
    for progress in ended:
        click.echo(progress.model_dump_json() if as_json else outcome_of(progress))
    if any(progress.state in ("failed", "interrupted") for progress in ended):
        raise SystemExit(1)


def _pair(column: str) -> tuple[str, str]:
    role, equals, name = column.partition("=")
    if not equals:
        raise click.BadParameter(f"{column!r} is not ROLE=NAME", param_hint="--column")
    return role.strip(), name.strip()


def run(
    source: "Source", context: "Context", *, detach: bool = False, keep_missing: bool = False, force: bool = False
) -> Progress:
    """Ingest the source: read it in a thread while this one shows progress; return how the job ended.

    WeightsMismatchError, before anything is read, where other weights made the index.
    """
    from mappings.versions import alias  # noqa: PLC0415  (here and below: as for the sources)
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415
    from workers.runtime import Runtime  # noqa: PLC0415

    runtime = Runtime(context, get_feature_extractor(context.settings))
    runtime.check_index()
    job_id = runtime.dispatcher.create(source.spec, source.collection)
    read = partial(runtime.dispatcher.read, job_id, source, keep_missing=keep_missing, force=force)
    reader = _Reader(job_id, read)
    reader.start()
    with _progress_bar() as bar:
        progress = _follow(bar, runtime.jobs, reader, detach=detach)
    if reader.error:
        raise reader.error
    if progress.state == "done":
        context.client.indices.refresh(index=alias(context.settings), ignore_unavailable=True)
    return progress


class _Reader(threading.Thread):
    """Reads a source for a job; `error` is the exception that ended it early."""

    def __init__(self, job_id: str, read: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.job_id, self._read = job_id, read
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._read()
        except Exception as error:  # raised again by the thread that shows progress
            self.error = error


def _progress_bar() -> Bar:
    return Bar(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[state]}"), console=errors,
    )  # fmt: skip


def _follow(bar: Bar, jobs: Jobs, reader: _Reader, *, detach: bool) -> Progress:
    """Show the job until it ends; with `detach`, until its source is read."""
    task, printed = bar.add_task("reading", total=None, state=""), time.monotonic()
    while True:
        is_read = not reader.is_alive()
        progress = _progress(jobs, reader.job_id, needed=is_read)
        _draw(bar, task, progress)
        if progress and is_read and (detach or progress.state in ENDED):
            return jobs.progress(reader.job_id)
        if progress and not errors.is_terminal and time.monotonic() - printed > LINE_SECONDS:
            printed = time.monotonic()
            errors.print(_line_of(progress))
        time.sleep(POLL_SECONDS)


def _progress(jobs: Jobs, job_id: str, *, needed: bool) -> Progress | None:
    """The job's progress; None where Redis is away. EngineUnavailable where it is away and the progress is needed now."""
    from redis.exceptions import RedisError  # noqa: PLC0415

    try:
        return jobs.progress(job_id)
    except RedisError as error:
        if needed:
            raise EngineUnavailable(f"Redis cannot be reached ({error}); see `omma status`") from error
        return None


def _draw(bar: Bar, task: TaskID, progress: Progress | None) -> None:
    if progress is None:
        bar.update(task, state="waiting for Redis")
        return
    name = escape(terminal.shorten_middle(progress.source, SOURCE_WIDTH))
    total = progress.discovered if progress.state not in ("waiting", "reading") else None
    bar.update(task, description=name, state=_state_of(progress), completed=progress.done, total=total)


def _line_of(progress: Progress) -> str:
    more = " or more" if progress.state == "reading" else ""
    return f"{escape(progress.source)}: {progress.done} of {progress.discovered}{more} · {_state_of(progress)}"


def _state_of(progress: Progress) -> str:
    """Rate, time left and failures, in a few words."""
    parts = [f"{progress.rate:.1f}/s"]
    if progress.seconds_left:
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.quarantined:
        parts.append(f"[red]{progress.quarantined} quarantined[/red]")
    if progress.waiting_for:
        parts.append(f"waiting for {escape(awaited(progress))}")
    return " · ".join(parts)


def outcome_of(progress: Progress) -> str:
    """How a job ended, for people; and a line for each kind of failure."""
    figures = [f"{getattr(progress, name)} {name}" for name in ("indexed", "unchanged", "quarantined")]
    skipped = f"{progress.skipped} skipped" if progress.skipped else ""
    withdrawn = f"{progress.withdrawn} withdrawn" if progress.withdrawn else ""
    models = f"models processed {progress.extracted}"
    source = terminal.shorten_middle(progress.source, terminal.width() - len(progress.state) - 2)
    head, rate = (f"{source}: {progress.state}", f"{progress.discovered} found"), f"{progress.rate:.1f}/s"
    parts = [*head, *figures, withdrawn, skipped, models, rate]
    details = [*failures(progress), *left_out(progress)]
    lines = [line for text in details for line in terminal.paragraph(text, terminal.INDENT, most=2)]
    return "\n".join([*terminal.flow(parts), *lines])
