"""`omma reindex`: move to the factors and weights of now, while searches and ingests go on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from engine.client import connect
from engine.settings import get_settings
from ingest.copying import Counts, Report
from ingest.reindex import Plan, plan
from ingest.reindex import reindex as run


@click.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--force", is_flag=True, help="Do it even where nothing changed.")
@click.option("--keep-old", is_flag=True, help="Keep the old index, under its own name.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan and the counts as JSON.")
def reindex(dry_run: bool, force: bool, keep_old: bool, as_json: bool) -> None:
    """Move to a new index behind the same alias; only senses whose weights changed look at pictures again."""
    from vision.perceiver import get_perceiver  # noqa: PLC0415  (imports model libraries; --help needs none)

    settings = get_settings()
    client, perceiver = connect(settings), get_perceiver(settings)
    planned = plan(client, settings, perceiver)
    if not as_json:
        click.echo("\n".join(told_of(planned)))
    counts = None
    if not dry_run and (planned.needed or force):
        with _progress(planned) as report:
            counts = run(client, settings, perceiver, report=report, keep_old=keep_old)
    if as_json:
        click.echo(json.dumps({"plan": asdict(planned) | {"needed": planned.needed}, "counts": counts and asdict(counts)}))
    elif counts:
        click.echo("\n".join(outcome_of(planned, counts)))


def told_of(planned: Plan) -> list[str]:
    """The plan, in lines for people."""
    lines = [f"{planned.old}: {planned.documents} documents"]
    lines += [f"  sense {sense} looks again: {old} -> {new}" for sense, (old, new) in planned.senses.items()]
    lines += [f"  factor {name} is new" for name in planned.added]
    lines += [f"  factor {name} is gone" for name in planned.removed]
    if planned.fields_changed:
        lines.append("  fields or their analysis changed")
    if planned.strays:
        lines.append(f"  {planned.strays} documents were made by other weights than the index says")
    if not planned.needed:
        return [*lines, "  nothing changed since it was made"]
    return [*lines, f"  goes on with {planned.new}" if planned.resumes else f"  goes to {planned.new}"]


def outcome_of(planned: Plan, counts: Counts) -> list[str]:
    """How it ended, in lines for people."""
    kept = f", {counts.kept} there already" if counts.kept else ""
    line = f"{planned.new}: {counts.copied} copied, {counts.looked} looked at again, {counts.failed} failed{kept}"
    return [line, *(f"  {failure}" for failure in counts.failures)]


@contextmanager
def _progress(planned: Plan) -> Iterator[Report]:
    """A bar that is told the counts."""
    columns = (SpinnerColumn(), TextColumn("reindex"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[told]}"), console=Console(stderr=True)) as bar:
        task = bar.add_task("reindex", total=planned.documents, told="")

        def report(counts: Counts) -> None:
            told = f"{counts.copied} copied · {counts.looked} looked at · {counts.failed} failed"
            bar.update(task, completed=counts.done, total=max(planned.documents, counts.done), told=told)

        yield report
