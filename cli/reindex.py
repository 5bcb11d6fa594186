"""`omma reindex`: move to the present factors and weights, while searches and ingests go on."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from engine.settings import Settings, get_settings

if TYPE_CHECKING:
    from engine.connections import Context
    from ingest.backfill import Counts
    from ingest.reextraction import KnowsDependants
    from ingest.reindex import Plan
    from ingest.remake import CanReextract


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
    from engine.connections import Context  # noqa: PLC0415  (loads every factor and model library; --help needs none)
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    if extractor and (force or keep_old):
        raise click.UsageError("--force and --keep-old are for a whole reindex, without --extractor")
    if only_failed and not extractor:
        raise click.UsageError("--only-failed needs --extractor")
    context = Context(get_settings())
    features = get_feature_extractor(context.settings)
    if extractor:
        counts = _reextract(context, features, extractor, only_failed=only_failed, dry_run=dry_run, as_json=as_json)
        sys.exit(1 if counts and counts.failed else 0)
    _reindex(context, features, dry_run=dry_run, force=force, keep_old=keep_old, as_json=as_json)


def _reindex(
    context: "Context", features: "CanReextract", *, dry_run: bool, force: bool, keep_old: bool, as_json: bool
) -> None:  # fmt: skip
    """Move to a new index, or print what that would do."""
    from ingest.reindex import plan  # noqa: PLC0415
    from ingest.reindex import reindex as run  # noqa: PLC0415

    client, settings, counts = context.client, context.settings, None
    planned = plan(client, settings, features)
    if not as_json:
        click.echo("\n".join(lines_of(planned, settings)))
    if not dry_run and (planned.needed or force):
        with _progress(planned.documents) as bar:
            counts = run(client, settings, features, report=lambda now: bar(now.done, _copied(now)), keep_old=keep_old)
    if as_json:
        click.echo(_as_json(asdict(planned) | {"needed": planned.needed}, counts))
    elif counts:
        click.echo("\n".join(outcome_of(planned, counts)))


def _reextract(
    context: "Context", features: "KnowsDependants", extractor: str, *, only_failed: bool, dry_run: bool, as_json: bool
) -> "Counts | None":
    """Run the extractor again, or print what that would do."""
    from ingest import reextraction  # noqa: PLC0415

    client, settings, counts = context.client, context.settings, None
    planned = reextraction.plan(client, settings, features, extractor, only_failed=only_failed)
    if not as_json:
        replaced = f"; replaces the fields of {', '.join(planned.factors)}" if planned.factors else ""
        click.echo(f"{planned.index}: {', '.join(planned.extractors)} on {planned.documents} documents{replaced}")
    if not dry_run:
        with _progress(planned.documents) as bar:
            counts = reextraction.reextract(client, settings, features, planned, lambda now: bar(now.done, _extracted(now)))
    if as_json:
        click.echo(_as_json(asdict(planned), counts))
    elif counts:
        click.echo("\n".join([_extracted(counts), *_failures(counts)]))
    return counts


def _as_json(planned: Mapping[str, Any], counts: "Counts | None") -> str:
    return json.dumps({"plan": planned, "counts": counts and asdict(counts)})


def lines_of(planned: "Plan", settings: Settings) -> list[str]:
    """The plan as lines of text."""
    lines = [f"{planned.old}: {planned.documents} documents"]
    lines += [f"  extractor {extractor} runs again: {old} -> {new}" for extractor, (old, new) in planned.extractors.items()]
    lines += [f"  factor {name} is new" for name in planned.added]
    lines += [f"  factor {name} is {_gone(name, settings)}" for name in planned.removed]
    if planned.fields_changed:
        lines.append("  fields or their analysis changed")
    if planned.strays:
        lines.append(f"  {planned.strays} documents were made by other weights than the index records")
    if not planned.needed:
        return [*lines, "  nothing changed since it was made"]
    return [*lines, f"  continues with {planned.new}" if planned.resumes else f"  goes to {planned.new}"]


def _gone(name: str, settings: Settings) -> str:
    from factors.registry import FactorRegistry  # noqa: PLC0415

    off = name in {factor.name for factor in FactorRegistry.of(settings).every}
    return "switched off: its fields are removed; when it is back, its extractors run again" if off else "gone"


def outcome_of(planned: "Plan", counts: "Counts") -> list[str]:
    """The result as lines of text."""
    kept = f", {counts.kept} there already" if counts.kept else ""
    line = f"{planned.new}: {counts.copied} copied, {counts.extracted} extracted again, {counts.failed} failed{kept}"
    return [line, *_failures(counts)]


def _failures(counts: "Counts") -> list[str]:
    return [f"  {failure}" for failure in counts.failures]


def _copied(counts: "Counts") -> str:
    return f"{counts.copied} copied · {counts.extracted} extracted · {counts.failed} failed"


def _extracted(counts: "Counts") -> str:
    gone = f", {counts.gone} deleted meanwhile" if counts.gone else ""
    return f"{counts.extracted} extracted, {counts.failed} failed{gone}"


@contextmanager
def _progress(documents: int) -> Iterator[Callable[[int, str], None]]:
    """A progress bar; call what it yields with the number of finished documents and a summary."""
    columns = (SpinnerColumn(), TextColumn("reindex"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[summary]}"), console=Console(stderr=True)) as bar:
        task = bar.add_task("reindex", total=documents, summary="")

        def report(done: int, summary: str) -> None:
            bar.update(task, completed=done, total=max(documents, done), summary=summary)

        yield report
