"""`omma quarantine`: pictures that could not be used, with reasons; try them again, or delete them."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from cli import terminal
from cli.page import running_page
from engine.settings import Settings, get_settings

if TYPE_CHECKING:
    from engine.connections import Context
    from ingest.quarantine import Entry
    from web.services import Refused, RefusedList


@click.group(invoke_without_command=True)
@click.pass_context
def quarantine(context: click.Context) -> None:
    """List pictures that could not be used, try them again, or delete them."""
    if context.invoked_subcommand is None:
        context.invoke(list_entries)


@quarantine.command("list")
@click.option("--collection", default="", help="Only of this collection.")
@click.option("--reason", default="", help="Only with this reason, such as `truncated`.")
@click.option("--page", default=1, type=click.IntRange(1, 10_000))
@click.option("--number", default=50, type=click.IntRange(1, 1000), help="Entries on a page.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_entries(collection: str, reason: str, page: int, number: int, as_json: bool) -> None:
    """List entries of the quarantine, latest first."""
    found = listed(get_settings(), page=page, number=number, collection=collection, reason=reason)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json")))
    elif found.entries:
        click.echo("\n".join(_lines(found)))
    else:
        click.echo("nothing is in quarantine")


def listed(settings: Settings, *, page: int, number: int, collection: str, reason: str) -> "RefusedList":
    """A page of the quarantine from the running web page; from the engine where none runs."""
    from web.services import RefusedList  # noqa: PLC0415  (retrying and dropping need none of it)

    if running := running_page(settings):
        asked = {"page": str(page), "number": str(number), "collection": collection, "reason": reason}
        return running.get("quarantine", RefusedList, asked.items())
    from engine.connections import Context  # noqa: PLC0415
    from web.wiring import Ingesting  # noqa: PLC0415

    return Ingesting(Context(settings)).refused(page, number, collection, reason)


@quarantine.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that is in quarantine.")
def retry(ids: tuple[str, ...], everything: bool) -> None:
    """Try entries again; those that succeed leave the quarantine."""
    from engine.connections import Context  # noqa: PLC0415
    from workers.dispatch import Dispatcher  # noqa: PLC0415

    context = Context(get_settings())
    entries = _chosen(context, ids, everything)
    jobs = Dispatcher(context).retry(entries)
    click.echo(f"{len(entries)} tried again" + (f" by job {', '.join(jobs)}; see `omma jobs`" if jobs else ""))


@quarantine.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that is in quarantine.")
def drop(ids: tuple[str, ...], everything: bool) -> None:
    """Delete entries, with the bytes that were kept for them."""
    from engine.connections import Context  # noqa: PLC0415
    from ingest.delete import drop_entries  # noqa: PLC0415

    context = Context(get_settings())
    entries = [entry.id for entry in _chosen(context, ids, everything)]
    click.echo(f"{drop_entries(context.client, context.settings, entries)} dropped")


def _chosen(context: "Context", ids: Sequence[str], everything: bool) -> "list[Entry]":
    from ingest.quarantine import Quarantine  # noqa: PLC0415

    if bool(ids) == everything:
        raise click.UsageError("name the ids of entries (`omma quarantine list`), or --all")
    kept = Quarantine(context.client, context.settings)
    return list(kept.all()) if everything else [kept.find(entry) for entry in ids]


def _lines(found: "RefusedList") -> Iterator[str]:
    shown = f", {len(found.entries)} shown" if len(found.entries) < found.total else ""
    yield f"{found.total} in quarantine{shown}"
    for entry in found.entries:
        yield from block(entry)


def block(entry: "Refused") -> Iterator[str]:
    """An entry as lines: id, time and collection; item and reason."""
    collection = f"collection {entry.collection}" if entry.collection else ""
    yield from terminal.flow([entry.id, entry.time[:19].replace("T", " "), collection], separator=terminal.GAP)
    why = f"{entry.reason} ({entry.message})" if entry.message else entry.reason
    where = terminal.shorten_middle(entry.reference, terminal.width() - terminal.INDENT - len(entry.reason) - 2)
    yield from terminal.paragraph(f"{where}: {why}", terminal.INDENT, most=4)
