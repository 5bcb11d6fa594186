"""`omma backup` and `omma restore`."""

from pathlib import Path

import click

from engine.errors import InputError
from engine.settings import get_settings


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(min=0), default=0, help="Keep so many backups, the latest; 0: all.")
@click.option("--repository", default="", help="Snapshot repository of a server whose files this machine does not see.")
@click.option("--list", "as_list", is_flag=True, help="Show the backups in the folder.")
def backup(folder: Path, keep: int, repository: str, as_list: bool) -> None:
    """Save documents, judgements, clicks, originals and models in a folder.

    Searches and ingests go on meanwhile. A further backup into the same folder copies only what is new.
    OMMA_BACKUP_FOLDER lets a worker make backups by itself.
    """
    from engine.backup import back_up, backups  # noqa: PLC0415  (here and below: only what is needed is loaded)
    from engine.connections import Context  # noqa: PLC0415

    if as_list:
        for one in backups(folder):
            click.echo(f"{one.name}  {sum(one.indices.values()):>9,} records  {one.originals:>9,} originals")
        return
    made = back_up(Context(get_settings()), folder.absolute(), repository=repository, keep=keep)
    records, indices = sum(made.indices.values()), len(made.indices)
    click.echo(f"backup {made.name}: {records:,} records in {indices} indices, {made.originals:,} originals")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("name", default="")
@click.option("--replace", is_flag=True, help="Delete what is indexed now.")
def restore(folder: Path, name: str, replace: bool) -> None:
    """Restore a backup of a folder, by default the latest.

    The server must run, and no ingest. Originals and models that are here stay.
    """
    from engine.backup import restore as restore_now  # noqa: PLC0415
    from engine.connections import Context  # noqa: PLC0415
    from ingest.jobs import UNFINISHED, Jobs  # noqa: PLC0415

    context = Context(get_settings())
    running = [job.id for job in Jobs(context.redis, context.settings.index_prefix).list() if job.state in UNFINISHED]
    if running:
        raise InputError(f"job {running[0]} has not ended; wait for it (`omma jobs`), or end it by `omma down`")
    made = restore_now(context, folder.absolute(), name, replace=replace)
    click.echo(f"restored {made.name}: {sum(made.indices.values()):,} records, {made.originals:,} originals")
