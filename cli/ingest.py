"""`omma ingest` and `omma jobs`: from sources to the index, with progress."""

import json
import threading
import time
from collections.abc import Iterator

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from engine.broker import connect_redis
from engine.client import connect
from engine.settings import Settings, get_settings
from ingest.jobs import Failure, Jobs, Progress
from ingest.sources import Source, open_source
from mappings.versions import alias
from workers import dispatch

EVERY = 0.5  # seconds between two looks at the job
LINE_EVERY = 10.0  # seconds between two lines where there is no terminal to draw a bar on
ENDED = ("done", "failed", "interrupted")
errors = Console(stderr=True)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--collection", default="", help="Name of the collection; by default the source's own name.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="What a feed's column is: `image=photo`.")
@click.option("--detach", is_flag=True, help="Return when everything is sent to the workers.")
@click.option("--json", "as_json", is_flag=True, help="Print how each job ended as JSON.")
def ingest(sources: tuple[str, ...], collection: str, columns: tuple[str, ...], detach: bool, as_json: bool) -> None:
    """Add pictures: a folder, a feed (.csv, .tsv, .jsonl, .parquet), a saved web site (site:FOLDER), a crawl (.warc, .warc.gz,
    warc:FOLDER), or `demo`.
    """
    settings = get_settings()
    told = dict(_pair(column) for column in columns)
    opened = [open_source(spec, collection=collection, settings=settings, columns=told) for spec in sources]
    ended = [run(source, settings, detach=detach) for source in opened]
    for progress in ended:
        click.echo(progress.model_dump_json() if as_json else told_of(progress))
    if any(progress.state in ("failed", "interrupted") for progress in ended):
        raise SystemExit(1)


@click.command()
@click.argument("job", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def jobs(job: str | None, as_json: bool) -> None:
    """Show how far ingests are: all of them, or one by its id."""
    found = [_jobs().progress(job)] if job else _jobs().list()
    if as_json:
        click.echo(json.dumps([progress.model_dump(mode="json") for progress in found]))
    else:
        Console().print(_table(found))


def run(source: Source, settings: Settings, *, detach: bool = False) -> Progress:
    """Ingest the source: read it in a thread while this one shows progress; how it ended.

    WeightsMismatchError, before anything is read, where other weights made the index.
    """
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415  (`omma jobs` never waits for model libraries)
    from workers.runtime import Runtime  # noqa: PLC0415

    Runtime(settings, get_feature_extractor(settings)).check_index()
    job_id = dispatch.create(source.name, source.collection, settings)
    problems: list[Exception] = []
    reader = threading.Thread(target=_read, args=(job_id, source, settings, problems), daemon=True)
    reader.start()
    with Bar(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[told]}"), console=errors,
    ) as bar:  # fmt: skip
        progress = _follow(bar, job_id, reader, detach=detach)
    if problems:
        raise problems[0]
    if progress.state == "done":
        connect(settings).indices.refresh(index=alias(settings), ignore_unavailable=True)
    return progress


def told_of(progress: Progress) -> str:
    """One line for people, and one for each of the latest failures."""
    figures = ", ".join(f"{getattr(progress, name)} {name}" for name in ("indexed", "unchanged", "quarantined"))
    extra = f", {progress.skipped} skipped" if progress.skipped else ""
    line = f"{progress.source}: {progress.state}; {progress.discovered} found: {figures}{extra}"
    looked = f"; models looked at {progress.extracted}; {progress.rate:.1f}/s"
    return "\n".join([line + looked, *_failures(progress.failures)])


def _failures(failures: list[Failure]) -> Iterator[str]:
    """One line each; those of one reason and message together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        alike.setdefault((failure.reason, failure.message), []).append(failure.reference)
    for (reason, message), references in alike.items():
        more = f" and {len(references) - 1} more" if len(references) > 1 else ""
        yield f"  {references[0]}{more}: {reason}" + (f" ({message})" if message else "")


def _read(job_id: str, source: Source, settings: Settings, problems: list[Exception]) -> None:
    try:
        dispatch.read(job_id, source, settings)
    except Exception as error:  # raised again where people see it
        problems.append(error)


def _follow(bar: Bar, job_id: str, reader: threading.Thread, *, detach: bool) -> Progress:
    """Show the job until it ends, or until it is read."""
    task, told = bar.add_task("reading", total=None, told=""), time.monotonic()
    while True:
        progress = _jobs().progress(job_id)
        read = not reader.is_alive()
        bar.update(
            task, description=escape(progress.source), completed=progress.done, told=_told(progress),
            total=progress.discovered if progress.state not in ("waiting", "reading") else None,
        )  # fmt: skip
        if (detach and read) or (progress.state in ENDED and read):
            return _jobs().progress(job_id)
        if not errors.is_terminal and time.monotonic() - told > LINE_EVERY:
            told = time.monotonic()
            more = " or more" if progress.state == "reading" else ""
            errors.print(f"{escape(progress.source)}: {progress.done} of {progress.discovered}{more} · {_told(progress)}")
        time.sleep(EVERY)


def _told(progress: Progress) -> str:
    """Rate, time left and failures, in a few words."""
    parts = [f"{progress.rate:.1f}/s"]
    if progress.seconds_left:
        minutes, seconds = divmod(int(progress.seconds_left), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    if progress.quarantined:
        parts.append(f"[red]{progress.quarantined} quarantined[/red]")
    return " · ".join(parts)


def _table(found: list[Progress]) -> Table:
    names = ("discovered", "indexed", "unchanged", "quarantined", "extracted")
    table = Table(box=None)
    table.add_column("job", no_wrap=True)
    for column in ("source", "collection", "state", *names):
        table.add_column(column.replace("_", " "), overflow="fold")
    table.add_column("started", no_wrap=True)
    for progress in found:
        counts = (str(getattr(progress, name)) for name in names)
        texts = (progress.id, escape(progress.source), escape(progress.collection), progress.state)
        table.add_row(*texts, *counts, f"{progress.started:%Y-%m-%d %H:%M}")
    return table


def _pair(column: str) -> tuple[str, str]:
    role, equals, name = column.partition("=")
    if not equals:
        raise click.BadParameter(f"{column!r} is not ROLE=NAME", param_hint="--column")
    return role.strip(), name.strip()


def _jobs() -> Jobs:
    settings = get_settings()
    return Jobs(connect_redis(settings), settings.index_prefix)
