"""`omma train entities`: fit the matcher that Omma comes with, and choose its bounds."""

from pathlib import Path

import click

from answers.entities import fitting
from answers.entities.matcher import PACKAGED
from engine.settings import get_settings
from evaluation.entities.asking import asked_and_kept, read

DATA = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--data", type=DATA, help="Folder of data sets, indexed for this and removed again.")
@click.option("--log", type=FILE, help="Instead: what `omma evaluate --task entities` asked.")
def main(data: Path | None, log: Path | None) -> None:
    """Fit the matcher of entities to questions whose answers are known."""
    if (data is None) == (log is None):
        raise click.UsageError("name the folder of data sets by --data, or a file by --log")
    questions = read(log) if log else asked_and_kept(data or Path(), get_settings(), click.echo)
    bounds = fitting.bounds_of(fitting.left_out(questions))
    for path in fitting.package(fitting.fit(questions), questions, bounds, PACKAGED):
        click.echo(f"{path.name} written")
