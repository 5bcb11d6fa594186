"""`omma landmarks`: reference pictures of things that have a name and a place, which a search by picture recognises."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from cli import terminal
from engine.settings import get_settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def landmarks() -> None:
    """Add, list and remove landmarks; a search by picture names those that it shows."""


@landmarks.command()
@click.argument("name")
@click.argument("pictures", nargs=-1, required=True, type=FILE)
@click.option("--place", metavar="LAT,LON", help="Where it is, in degrees.")
def add(name: str, pictures: tuple[Path, ...], place: str | None) -> None:
    """Add reference pictures of a landmark; more may be added later."""
    from ingest.item import place_of  # noqa: PLC0415  (each command loads only what it needs)
    from ingest.landmarks import collection_of, items_of  # noqa: PLC0415
    from workers.runtime import make_runtime  # noqa: PLC0415

    settings = get_settings()
    items = items_of(name, place_of(place) if place else None, pictures, settings)
    done = make_runtime(settings).process_now(items, f"landmark {name}", collection_of(name))
    click.echo(f"{name}: {done.indexed} added, {done.unchanged} known already, {done.quarantined} refused")
    for failure in done.failures:
        click.echo(f"  {failure}", err=True)


@landmarks.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_landmarks(*, as_json: bool) -> None:
    """Show all landmarks with their places and how many reference pictures they have."""
    from engine.connections import Context  # noqa: PLC0415
    from ingest.landmarks import all_landmarks  # noqa: PLC0415

    context = Context(get_settings())
    entries = all_landmarks(context.client, context.settings)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], ensure_ascii=False))
        return
    for entry in entries:
        where = f"{entry.place[0]:.5f}, {entry.place[1]:.5f}" if entry.place else "no place"
        pictures = f"{entry.pictures} picture{'s' * (entry.pictures != 1)}"
        click.echo("\n".join(terminal.flow([entry.name, f"({where})", pictures], separator=terminal.GAP)))
    if not entries:
        click.echo("there are no landmarks; add one by `omma landmarks add NAME --place LAT,LON PICTURES...`")


@landmarks.command()
@click.argument("name")
def remove(name: str) -> None:
    """Delete a landmark, with its reference pictures that are in no other collection."""
    from engine.connections import Context  # noqa: PLC0415
    from ingest.delete import delete_collection  # noqa: PLC0415
    from ingest.landmarks import collection_of  # noqa: PLC0415
    from ingest.snippet_encoder import SnippetEncoder  # noqa: PLC0415
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    context = Context(get_settings())
    encoder = SnippetEncoder(get_feature_extractor(context.settings))
    deleted, kept = delete_collection(context.client, context.settings, collection_of(name), encoder)
    click.echo(f"{name}: {deleted} deleted" + (f", {kept} kept because other collections have them" if kept else ""))
