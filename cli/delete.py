"""`omma delete`: forget a picture, or a collection."""

import click

from engine.client import connect
from engine.settings import get_settings
from ingest.delete import delete as delete_picture
from ingest.delete import delete_collection
from ingest.snippet_encoder import SnippetEncoder
from query.ids import full_id
from vision.feature_extractor import get_feature_extractor


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--collection", default="", help="Forget everything of this collection.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(ids: tuple[str, ...], collection: str, yes: bool) -> None:
    """Forget pictures by id, or a whole collection; originals and thumbnails go too."""
    if bool(ids) == bool(collection):
        raise click.UsageError("name the ids of pictures, or a --collection")
    settings = get_settings()
    client = connect(settings)
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
