"""`omma quarantine`: what could not be used, and why; try it again, or forget it."""

import json
from collections.abc import Iterator, Sequence

import click

from engine.client import connect
from engine.settings import get_settings
from ingest.delete import drop_entries
from ingest.quarantine import Entry, Quarantine
from workers import dispatch


@click.group(invoke_without_command=True)
@click.pass_context
def quarantine(context: click.Context) -> None:
    """List pictures that could not be used, try them again, or forget them."""
    if context.invoked_subcommand is None:
        context.invoke(list_entries)


@quarantine.command("list")
@click.option("--collection", default="", help="Only of this collection.")
@click.option("--reason", default="", help="Only with this reason, such as `truncated`.")
@click.option("--page", default=1, type=click.IntRange(min=1))
@click.option("--number", default=50, type=click.IntRange(1, 1000), help="Entries on a page.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_entries(collection: str, reason: str, page: int, number: int, as_json: bool) -> None:
    """Show what is in quarantine, latest first."""
    total, entries = _quarantine().list(page=page, number=number, collection=collection, reason=reason)
    if as_json:
        click.echo(json.dumps({"total": total, "page": page, "entries": [_as_json(entry) for entry in entries]}))
    elif entries:
        click.echo("\n".join(_lines(entries, total)))
    else:
        click.echo("nothing is in quarantine")


@quarantine.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that is in quarantine.")
def retry(ids: tuple[str, ...], everything: bool) -> None:
    """Try entries again; what works then leaves the quarantine."""
    entries = _chosen(ids, everything)
    jobs = dispatch.retry(entries, get_settings())
    click.echo(f"{len(entries)} tried again" + (f" by job {', '.join(jobs)}; see `omma jobs`" if jobs else ""))


@quarantine.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that is in quarantine.")
def drop(ids: tuple[str, ...], everything: bool) -> None:
    """Forget entries, with the bytes that were kept for them."""
    settings = get_settings()
    entries = [entry.id for entry in _chosen(ids, everything)]
    click.echo(f"{drop_entries(connect(settings), settings, entries)} dropped")


def _quarantine() -> Quarantine:
    settings = get_settings()
    return Quarantine(connect(settings), settings)


def _chosen(ids: Sequence[str], everything: bool) -> list[Entry]:
    if bool(ids) == everything:
        raise click.UsageError("name the ids of entries (`omma quarantine list`), or --all")
    return list(_quarantine().all()) if everything else [_quarantine().get(entry) for entry in ids]


def _as_json(entry: Entry) -> dict[str, object]:
    return {"id": entry.id} | {name: value for name, value in entry.as_json().items() if name not in ("item", "origin")}


def _lines(entries: Sequence[Entry], total: int) -> Iterator[str]:
    """Two lines an entry, for terminals of any width."""
    yield f"{total} in quarantine" + (f", {len(entries)} shown" if len(entries) < total else "")
    for entry in entries:
        yield f"{entry.id}  {entry.time[:19].replace('T', ' ')}  {entry.collection}"
        yield f"  {entry.reference}: {entry.reason}" + (f" ({entry.message})" if entry.message else "")
