"""`omma jobs`: how far ingests are."""

import json
from collections.abc import Iterator

import click
from pydantic import BaseModel

from cli import terminal
from cli.page import running_page
from engine.settings import Settings, get_settings
from ingest.jobs import Progress

WORKING = ("waiting", "reading", "running")
LISTED_FAILURES = 3  # of a job in the list; one job alone is shown with all failures that it keeps


class Overview(BaseModel):
    """The part of web.views.ingest.IngestOptions that is read here."""

    jobs: list[Progress]


@click.command()
@click.argument("job", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def jobs(job: str | None, as_json: bool) -> None:
    """Show how far ingests are: all of them, or one by its id."""
    found = listed(job, get_settings())
    if as_json:
        click.echo(json.dumps([progress.model_dump(mode="json") for progress in found]))
        return
    for progress in found:
        click.echo("\n".join(block(progress, None if job else LISTED_FAILURES)))
    if not found:
        click.echo("there are no jobs; `omma ingest FOLDER` begins one")


def listed(job: str | None, settings: Settings) -> list[Progress]:
    """One job, or all, from the running page; from Redis where no page runs."""
    page = running_page(settings) if job is None or job.isalnum() else None
    if page:
        return [page.get(f"ingest/jobs/{job}", Progress)] if job else page.get("ingest", Overview).jobs
    from engine.connections import Context  # noqa: PLC0415  (only where no page runs)
    from ingest.jobs import Jobs  # noqa: PLC0415

    kept = Jobs(Context(settings).redis, settings.index_prefix)
    return [kept.progress(job)] if job else kept.list()


def block(progress: Progress, most: int | None = None) -> Iterator[str]:
    """A job as lines: id, state, progress; source, collection, start; why it failed, and the latest failures."""
    yield from _bold(terminal.flow([progress.id, progress.state, *figures(progress)], separator=terminal.GAP))
    where = terminal.shorten_middle(progress.source, terminal.width() - terminal.INDENT)
    collection = f"collection {progress.collection}" if progress.collection else ""
    yield from terminal.flow([where, collection, f"started {progress.started.astimezone():%Y-%m-%d %H:%M}"], terminal.INDENT)
    if progress.message:
        yield from terminal.paragraph(progress.message, terminal.INDENT)
    for line in (*failures(progress, most), *(() if most else left_out(progress))):
        yield from terminal.paragraph(line, terminal.INDENT, most=2)


def figures(progress: Progress) -> Iterator[str]:
    """Progress, rate, time left, and the numbers of items by outcome."""
    yield counted(progress)
    if progress.state in WORKING and progress.rate:
        yield f"{progress.rate:.1f}/s"
    if progress.seconds_left:
        yield f"{duration(progress.seconds_left)} left"
    if progress.waiting_for:
        yield f"waiting for {awaited(progress)}"
    for name in ("unchanged", "quarantined", "skipped"):
        if number := getattr(progress, name):
            yield f"{number} {name}"


def awaited(progress: Progress) -> str:
    """What the job waits for and, in local time, until when at the latest."""
    until = progress.waiting_until
    return progress.waiting_for + (f"; goes on by {until.astimezone():%H:%M:%S}" if until else "")


def counted(progress: Progress) -> str:
    """`88 of 120 (73 %)`; `88 of 120 or more` while the source is read."""
    if progress.state in ("waiting", "reading"):
        return f"{progress.done} of {progress.discovered} or more"
    share = f" ({progress.done / progress.discovered:.0%})".replace("%", " %") if progress.discovered else ""
    return f"{progress.done} of {progress.discovered}{share}"


def duration(seconds: float) -> str:
    """`1:02`, or `3:01:02`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def failures(progress: Progress, most: int | None = None) -> Iterator[str]:
    """A line for each of the first `most` pairs of reason and message: one item that failed so, and the number of others."""
    alike: dict[tuple[str, str], list[str]] = {}
    for failure in progress.failures:
        alike.setdefault((failure.reason, failure.message), []).append(failure.reference)
    for (reason, message), references in list(alike.items())[:most]:
        more = f" and {len(references) - 1} more" if len(references) > 1 else ""
        where = terminal.shorten_middle(references[0], terminal.width() // 2)
        yield f"{where}{more}: {reason}" + (f" ({message})" if message else "")
    if most is not None and len(alike) > most:
        yield f"{len(alike) - most} further reasons; `omma jobs {progress.id}` shows them"


def left_out(progress: Progress) -> Iterator[str]:
    """A line for each kind of thing that the source left out."""
    return (f"left out: {omission}" for omission in progress.left_out)


def _bold(lines: Iterator[str]) -> Iterator[str]:
    return (line if at else click.style(line, bold=True) for at, line in enumerate(lines))
