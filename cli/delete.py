"""`omma delete`: forget a picture, or a collection."""

import click

from engine.settings import get_settings


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--collection", default="", help="Forget everything of this collection.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(ids: tuple[str, ...], collection: str, yes: bool) -> None:
    """Forget pictures by id, or a whole collection; originals and thumbnails go too."""
    if bool(ids) == bool(collection):
        raise click.UsageError("name the ids of pictures, or a --collection")
    from engine.client import connect  # noqa: PLC0415  (only a deletion loads what deletes)
    from ingest.delete import delete as delete_picture  # noqa: PLC0415
    from ingest.delete import delete_collection  # noqa: PLC0415
    from ingest.snippet_encoder import SnippetEncoder  # noqa: PLC0415
    from query.index import full_id  # noqa: PLC0415
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

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
