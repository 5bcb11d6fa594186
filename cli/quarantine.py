"""`omma quarantine`: what could not be used, and why; try it again, or forget it."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from cli import terminal
from cli.service import running
from engine.settings import Settings, get_settings

if TYPE_CHECKING:
    from ingest.quarantine import Entry, Quarantine
    from web.services import Refused, RefusedList

INDENT = 4


@click.group(invoke_without_command=True)
@click.pass_context
def quarantine(context: click.Context) -> None:
    """List pictures that could not be used, try them again, or forget them."""
    if context.invoked_subcommand is None:
        context.invoke(list_entries)


@quarantine.command("list")
@click.option("--collection", default="", help="Only of this collection.")
@click.option("--reason", default="", help="Only with this reason, such as `truncated`.")
@click.option("--page", default=1, type=click.IntRange(1, 10_000))
@click.option("--number", default=50, type=click.IntRange(1, 1000), help="Entries on a page.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_entries(collection: str, reason: str, page: int, number: int, as_json: bool) -> None:
    """Show what is in quarantine, latest first."""
    found = listed(get_settings(), page=page, number=number, collection=collection, reason=reason)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json")))
    elif found.entries:
        click.echo("\n".join(_lines(found)))
    else:
        click.echo("nothing is in quarantine")


def listed(settings: Settings, *, page: int, number: int, collection: str, reason: str) -> "RefusedList":
    """A page of the quarantine from the running page; from the engine where no page runs."""
    from web.services import RefusedList  # noqa: PLC0415  (retrying and dropping need none of it)

    if service := running(settings):
        asked = {"page": str(page), "number": str(number), "collection": collection, "reason": reason}
        return service.get("quarantine", RefusedList, asked.items())
    from engine.connections import Context  # noqa: PLC0415
    from web.wiring import Ingesting  # noqa: PLC0415

    return Ingesting(Context(settings)).refused(page, number, collection, reason)


@quarantine.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that is in quarantine.")
def retry(ids: tuple[str, ...], everything: bool) -> None:
    """Try entries again; what works then leaves the quarantine."""
    from engine.connections import Context  # noqa: PLC0415
    from workers.dispatch import Dispatcher  # noqa: PLC0415

    entries = _chosen(ids, everything)
    jobs = Dispatcher(Context(get_settings())).retry(entries)
    click.echo(f"{len(entries)} tried again" + (f" by job {', '.join(jobs)}; see `omma jobs`" if jobs else ""))


@quarantine.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that is in quarantine.")
def drop(ids: tuple[str, ...], everything: bool) -> None:
    """Forget entries, with the bytes that were kept for them."""
    from engine.connections import connect  # noqa: PLC0415
    from ingest.delete import drop_entries  # noqa: PLC0415

    settings = get_settings()
    entries = [entry.id for entry in _chosen(ids, everything)]
    click.echo(f"{drop_entries(connect(settings), settings, entries)} dropped")


def _quarantine() -> "Quarantine":
    from engine.connections import connect  # noqa: PLC0415
    from ingest.quarantine import Quarantine  # noqa: PLC0415

    settings = get_settings()
    return Quarantine(connect(settings), settings)


def _chosen(ids: Sequence[str], everything: bool) -> "list[Entry]":
    if bool(ids) == everything:
        raise click.UsageError("name the ids of entries (`omma quarantine list`), or --all")
    return list(_quarantine().all()) if everything else [_quarantine().find(entry) for entry in ids]


def _lines(found: "RefusedList") -> Iterator[str]:
    shown = f", {len(found.entries)} shown" if len(found.entries) < found.total else ""
    yield f"{found.total} in quarantine{shown}"
    for entry in found.entries:
        yield from block(entry)


def block(entry: "Refused") -> Iterator[str]:
    """An entry in lines: id, when, collection; which item; why."""
    collection = f"collection {entry.collection}" if entry.collection else ""
    yield from terminal.flow([entry.id, entry.time[:19].replace("T", " "), collection], separator=terminal.GAP)
    why = f"{entry.reason} ({entry.message})" if entry.message else entry.reason
    where = terminal.shorten_middle(entry.reference, terminal.width() - INDENT - len(entry.reason) - 2)
    yield from terminal.paragraph(f"{where}: {why}", INDENT, most=4)
