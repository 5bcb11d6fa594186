"""`omma ingest`: from sources to the index, with progress."""

import threading
import time
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from cli import terminal
from cli.jobs import INDENT, awaited, duration, failures
from engine.errors import EngineUnavailable
from engine.settings import Settings, get_settings
from ingest.jobs import Jobs, Progress

if TYPE_CHECKING:
    from ingest.sources import Source
    from workers.dispatch import Dispatcher

EVERY = 0.5  # seconds between two looks at the job
LINE_EVERY = 10.0  # seconds between two lines where there is no terminal to draw a bar on
BAR, NAMED = 20, 30  # columns of the bar, and of the source's name beside it
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
@click.option("--json", "as_json", is_flag=True, help="Print how each job ended as JSON.")
def ingest(sources: tuple[str, ...], collection: str, columns: tuple[str, ...], detach: bool, as_json: bool) -> None:
    """Add the images of a folder, a feed, a saved web site, a crawl, or another source."""
    from ingest.sources import open_source  # noqa: PLC0415  (sources load what reads them)

    settings = get_settings()
    chosen = dict(_pair(column) for column in columns)
    opened = [open_source(spec, collection=collection, settings=settings, columns=chosen) for spec in sources]
    ended = [run(source, settings, detach=detach) for source in opened]
    for progress in ended:
        click.echo(progress.model_dump_json() if as_json else outcome_of(progress))
    if any(progress.state in ("failed", "interrupted") for progress in ended):
        raise SystemExit(1)


def run(source: "Source", settings: Settings, *, detach: bool = False) -> Progress:
    """Ingest the source: read it in a thread while this one shows progress; how it ended.

    WeightsMismatchError, before anything is read, where other weights made the index.
    """
    from engine.connections import Context  # noqa: PLC0415  (here and below: as for the sources)
    from mappings.versions import alias  # noqa: PLC0415
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415
    from workers.runtime import Runtime  # noqa: PLC0415

    runtime = Runtime(Context(settings), get_feature_extractor(settings))
    runtime.check_index()
    job_id = runtime.dispatcher.create(source.spec, source.collection)
    problems: list[Exception] = []
    reader = threading.Thread(target=_read, args=(job_id, source, runtime.dispatcher, problems), daemon=True)
    reader.start()
    with Bar(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(BAR), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[state]}"), console=errors,
    ) as bar:  # fmt: skip
        progress = _follow(bar, job_id, reader, detach=detach)
    if problems:
        raise problems[0]
    if progress.state == "done":
        runtime.client.indices.refresh(index=alias(settings), ignore_unavailable=True)
    return progress


def outcome_of(progress: Progress) -> str:
    """How a job ended, for people, and a line for each kind of failure."""
    figures = [f"{getattr(progress, name)} {name}" for name in ("indexed", "unchanged", "quarantined")]
    skipped = f"{progress.skipped} skipped" if progress.skipped else ""
    models = f"models processed {progress.extracted}"
    source = terminal.shorten_middle(progress.source, terminal.width() - len(progress.state) - 2)
    parts = [f"{source}: {progress.state}", f"{progress.discovered} found", *figures, skipped, models, f"{progress.rate:.1f}/s"]
    lines = [line for text in failures(progress) for line in terminal.paragraph(text, INDENT, most=2)]
    return "\n".join([*terminal.flow(parts), *lines])


def _read(job_id: str, source: "Source", dispatcher: "Dispatcher", problems: list[Exception]) -> None:
    try:
        dispatcher.read(job_id, source)
    except Exception as error:  # raised again where people see it
        problems.append(error)


def _follow(bar: Bar, job_id: str, reader: threading.Thread, *, detach: bool) -> Progress:
    """Show the job until it ends, or until it is read."""
    from redis.exceptions import RedisError  # noqa: PLC0415

    jobs = _jobs()
    task, printed = bar.add_task("reading", total=None, state=""), time.monotonic()
    while True:
        read = not reader.is_alive()
        try:
            progress = jobs.progress(job_id)
        except RedisError as error:
            if read:
                raise EngineUnavailable(f"Redis cannot be reached ({error}); see `omma status`") from error
            bar.update(task, state="waiting for Redis")
            time.sleep(EVERY)
            continue
        bar.update(
            task, description=escape(terminal.shorten_middle(progress.source, NAMED)), state=_state_of(progress),
            completed=progress.done,
            total=progress.discovered if progress.state not in ("waiting", "reading") else None,
        )  # fmt: skip
        if (detach and read) or (progress.state in ENDED and read):
            return jobs.progress(job_id)
        if not errors.is_terminal and time.monotonic() - printed > LINE_EVERY:
            printed = time.monotonic()
            more = " or more" if progress.state == "reading" else ""
            errors.print(f"{escape(progress.source)}: {progress.done} of {progress.discovered}{more} · {_state_of(progress)}")
        time.sleep(EVERY)


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


def _pair(column: str) -> tuple[str, str]:
    role, equals, name = column.partition("=")
    if not equals:
        raise click.BadParameter(f"{column!r} is not ROLE=NAME", param_hint="--column")
    return role.strip(), name.strip()


def _jobs() -> Jobs:
    from engine.connections import connect_redis  # noqa: PLC0415

    settings = get_settings()
    return Jobs(connect_redis(settings), settings.index_prefix)
