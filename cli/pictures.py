"""`omma show` and `omma delete`: everything known about one picture; deleting pictures, or a collection."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import click
from pydantic import RootModel

from cli import terminal
from cli.page import running_page
from engine.settings import Settings, get_settings

Json = dict[str, Any]
ID = re.compile(r"[0-9a-f]{6,64}")
SHOWN_ENTRIES = 12  # of a list; --json has all of them


class View(RootModel[Json]):
    """query.document.DocumentView as JSON: importing that model loads every factor."""


@click.command()
@click.argument("document")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(document: str, *, as_json: bool) -> None:
    """Show everything known about one picture; the first letters of its id are enough."""
    view = view_of(document.strip().lower(), get_settings())
    if as_json:
        click.echo(view.model_dump_json(indent=2))
    else:
        click.echo("\n".join(terminal.columns_of(rows(view.root))))


def view_of(document: str, settings: Settings) -> View:
    """The picture as the running page shows it; from this process where no page runs, or the id is not valid."""
    page = running_page(settings) if ID.fullmatch(document) else None
    if page:
        return page.get(f"picture/{document}", View)
    from engine.connections import Context  # noqa: PLC0415  (loads every factor, which takes seconds)
    from query.document import show as of_document  # noqa: PLC0415
    from query.engine_calls import full_id  # noqa: PLC0415

    context = Context(settings)
    return View(of_document(context, full_id(context.client, settings, document)).model_dump(mode="json"))


def rows(view: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value of each field that has one; the entries of a list one below the other."""
    for name, value in view.items():
        lines = [line for line in _lines(value) if line]
        more = [f"and {len(lines) - SHOWN_ENTRIES} more; --json has them"] if len(lines) > SHOWN_ENTRIES else []
        for at, line in enumerate([*lines[:SHOWN_ENTRIES], *more]):
            yield ("" if at else name.replace("_", " "), line)


def _lines(value: Any) -> list[str]:
    """A field as lines: one for each entry of a mapping or of a list of mappings; one for any other value."""
    if isinstance(value, Mapping):
        return [f"{name}: {_inline(entry)}" for name, entry in value.items()]
    if isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
        return [_inline(entry) for entry in value]
    return [_inline(value)]


def _inline(value: Any) -> str:
    """A value in one line, without its empty parts."""
    if isinstance(value, Mapping):
        named = ((name, _inline(part)) for name, part in value.items())
        return ", ".join(part if isinstance(value[name], str) else f"{name} {part}" for name, part in named if part)
    if isinstance(value, list):
        return ", ".join(map(_inline, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--collection", default="", help="Delete everything of this collection.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(ids: tuple[str, ...], collection: str, yes: bool) -> None:
    """Delete pictures by id, or a whole collection, with originals and thumbnails."""
    if bool(ids) == bool(collection):
        raise click.UsageError("name the ids of pictures, or a --collection")
    from engine.connections import Context  # noqa: PLC0415  (only a deletion loads what deletes)
    from ingest.delete import delete as delete_picture  # noqa: PLC0415
    from ingest.delete import delete_collection  # noqa: PLC0415
    from ingest.snippet_encoder import SnippetEncoder  # noqa: PLC0415
    from query.engine_calls import full_id  # noqa: PLC0415
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    context = Context(get_settings())
    client, settings = context.client, context.settings
    full = list(dict.fromkeys(full_id(client, settings, picture) for picture in ids))
    what = f"collection {collection!r}" if collection else f"{len(full)} picture{'s' * (len(full) != 1)}"
    if not yes:
        click.confirm(f"Forget {what} for good?", abort=True)
    for picture in full:
        delete_picture(client, settings, picture)
    if ids:
        click.echo(f"{len(full)} deleted")
    else:
        deleted, kept = delete_collection(client, settings, collection, SnippetEncoder(get_feature_extractor(settings)))
        click.echo(f"{deleted} deleted" + (f", {kept} kept because other collections have them" if kept else ""))
