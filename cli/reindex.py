"""`omma reindex`: move to the present factors and weights, while searches and ingests go on."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from engine.settings import Settings, get_settings

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

    from ingest.backfill import Counts
    from ingest.reextraction import KnowsDependants
    from ingest.reindex import Plan


@click.command()
@click.option("--extractor", help="Run this extractor again, and those that need it, in the index as it is.")
@click.option("--only-failed", is_flag=True, help="Only on documents where the extractor failed or never ran.")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.option("--force", is_flag=True, help="Reindex even where nothing changed.")
@click.option("--keep-old", is_flag=True, help="Keep the old index, under its own name.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan and the counts as JSON.")
def reindex(  # noqa: PLR0917  (one argument per option)
    extractor: str | None, only_failed: bool, dry_run: bool, force: bool, keep_old: bool, as_json: bool
) -> None:
    """Move to a new index behind the same alias; only extractors whose weights changed run again.

    With --extractor, the index stays, and one extractor runs again; exit status 1 where it fails on any image.
    """
    from engine.connections import connect  # noqa: PLC0415  (loads every factor and model library; --help needs none)
    from ingest.reindex import plan  # noqa: PLC0415
    from ingest.reindex import reindex as run  # noqa: PLC0415
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    settings = get_settings()
    client, feature_extractor = connect(settings), get_feature_extractor(settings)
    if extractor:
        if force or keep_old:
            raise click.UsageError("--force and --keep-old are for a whole reindex, without --extractor")
        sys.exit(
            _reextract(
                client, settings, feature_extractor, extractor, only_failed=only_failed, dry_run=dry_run, as_json=as_json
            )
        )
    if only_failed:
        raise click.UsageError("--only-failed needs --extractor")
    planned = plan(client, settings, feature_extractor)
    if not as_json:
        click.echo("\n".join(lines_of(planned)))
    counts = None
    if not dry_run and (planned.needed or force):
        with _progress(planned.documents) as bar:
            counts = run(client, settings, feature_extractor, report=lambda now: bar(now.done, _copied(now)), keep_old=keep_old)
    if as_json:
        click.echo(json.dumps({"plan": asdict(planned) | {"needed": planned.needed}, "counts": counts and asdict(counts)}))
    elif counts:
        click.echo("\n".join(outcome_of(planned, counts)))


def _reextract(
    client: "OpenSearch", settings: Settings, feature_extractor: "KnowsDependants", extractor: str, *,
    only_failed: bool, dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run the extractor again, or print what that would do; the exit status."""
    from ingest import reextraction  # noqa: PLC0415

    planned = reextraction.plan(client, settings, feature_extractor, extractor, only_failed=only_failed)
    if not as_json:
        reads = f"; replaces the fields of {', '.join(planned.factors)}" if planned.factors else ""
        click.echo(f"{planned.index}: {', '.join(planned.extractors)} on {planned.documents} documents{reads}")
    counts = None
    if not dry_run:
        with _progress(planned.documents) as bar:
            counts = reextraction.reextract(
                client, settings, feature_extractor, planned, lambda now: bar(now.done, _extracted(now))
            )
    if as_json:
        click.echo(json.dumps({"plan": asdict(planned), "counts": counts and asdict(counts)}))
    elif counts:
        click.echo("\n".join([_extracted(counts), *(f"  {failure}" for failure in counts.failures)]))
    return 1 if counts and counts.failed else 0


def _extracted(counts: "Counts") -> str:
    gone = f", {counts.gone} deleted meanwhile" if counts.gone else ""
    return f"{counts.extracted} extracted, {counts.failed} failed{gone}"


def lines_of(planned: "Plan") -> list[str]:
    """The plan as lines of text."""
    lines = [f"{planned.old}: {planned.documents} documents"]
    lines += [f"  extractor {extractor} runs again: {old} -> {new}" for extractor, (old, new) in planned.extractors.items()]
    lines += [f"  factor {name} is new" for name in planned.added]
    lines += [f"  factor {name} is {_gone(name)}" for name in planned.removed]
    if planned.fields_changed:
        lines.append("  fields or their analysis changed")
    if planned.strays:
        lines.append(f"  {planned.strays} documents were made by other weights than the index records")
    if not planned.needed:
        return [*lines, "  nothing changed since it was made"]
    return [*lines, f"  continues with {planned.new}" if planned.resumes else f"  goes to {planned.new}"]


def _gone(name: str) -> str:
    from factors.registry import FactorRegistry  # noqa: PLC0415

    off = name in {factor.name for factor in FactorRegistry.of(get_settings()).every}
    return "switched off: its fields are removed; when it is back, its extractors run again" if off else "gone"


def outcome_of(planned: "Plan", counts: "Counts") -> list[str]:
    """The result as lines of text."""
    kept = f", {counts.kept} there already" if counts.kept else ""
    line = f"{planned.new}: {counts.copied} copied, {counts.extracted} extracted again, {counts.failed} failed{kept}"
    return [line, *(f"  {failure}" for failure in counts.failures)]


def _copied(counts: "Counts") -> str:
    return f"{counts.copied} copied · {counts.extracted} extracted · {counts.failed} failed"


@contextmanager
def _progress(documents: int) -> Iterator[Callable[[int, str], None]]:
    """A progress bar; call what it yields with the number of finished documents and a summary."""
    columns = (SpinnerColumn(), TextColumn("reindex"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[summary]}"), console=Console(stderr=True)) as bar:
        task = bar.add_task("reindex", total=documents, summary="")

        def report(done: int, summary: str) -> None:
            bar.update(task, completed=done, total=max(documents, done), summary=summary)

        yield report
