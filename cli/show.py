"""`omma show`: everything known of one picture."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import click
from pydantic import RootModel

from cli import terminal
from cli.service import running
from engine.settings import Settings, get_settings

Json = dict[str, Any]
ID = re.compile(r"[0-9a-f]{6,64}")
MOST_ENTRIES = 12  # of a list; --json has all of them


class View(RootModel[Json]):
    """query.document.DocumentView as JSON: importing that model loads every factor."""


@click.command()
@click.argument("document")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(document: str, *, as_json: bool) -> None:
    """Everything known of one picture; the first letters of its id are enough."""
    view = view_of(document.strip().lower(), get_settings())
    if as_json:
        click.echo(view.model_dump_json(indent=2))
    else:
        click.echo("\n".join(terminal.columns_of(rows(view.root))))


def view_of(document: str, settings: Settings) -> View:
    """From the running page; from this process where no page runs, or where the id is none."""
    service = running(settings) if ID.fullmatch(document) else None
    if service:
        return service.get(f"picture/{document}", View)
    from engine.context import Context  # noqa: PLC0415  (loads every factor, which takes seconds)
    from query.document import show as of_document  # noqa: PLC0415
    from query.index import full_id  # noqa: PLC0415

    context = Context(settings)
    return View(of_document(context, full_id(context.client, settings, document)).model_dump(mode="json"))


def rows(view: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value of each field that has one; the entries of a list one below the other."""
    for name, value in view.items():
        lines = [line for line in _lines(value) if line]
        more = [f"and {len(lines) - MOST_ENTRIES} more; --json has them"] if len(lines) > MOST_ENTRIES else []
        for at, line in enumerate([*lines[:MOST_ENTRIES], *more]):
            yield ("" if at else name.replace("_", " "), line)


def _lines(value: Any) -> list[str]:
    """A field as lines: entries of a mapping or of a list of mappings one each, other lists in one line."""
    if isinstance(value, Mapping):
        return [f"{name}: {_inline(entry)}" for name, entry in value.items()]
    if isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
        return [_inline(entry) for entry in value]
    return [_inline(value)]


def _inline(value: Any) -> str:
    """A value in one line, without the parts that say nothing."""
    if isinstance(value, Mapping):
        named = ((name, _inline(part)) for name, part in value.items())
        return ", ".join(part if isinstance(value[name], str) else f"{name} {part}" for name, part in named if part)
    if isinstance(value, list):
        return ", ".join(map(_inline, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
