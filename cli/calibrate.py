"""`omma calibrate`: measure from what value a feature counts as evidence, and identifies a landmark."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from cli.terminal import print_progress
from engine.settings import get_settings

if TYPE_CHECKING:
    from ranking.calibrations import Calibration, Calibrations

console = Console(highlight=False, markup=False, emoji=False)
DATA = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option(
    "--data",
    type=DATA,
    help="Measure on a folder of data sets (docs/how-to/evaluation-data.md) instead of the indexed documents.",
)
@click.option("--number", default=120, show_default=True, type=click.IntRange(10), help="Questions of each kind.")
@click.option("--seed", default=7, show_default=True, help="Seed of the random choice of documents.")
@click.option("--packaged", is_flag=True, help="Make the result the thresholds that Omma ships.")
@click.option("--list", "list_all", is_flag=True, help="List the calibrations of this installation.")
@click.option("--rollback", is_flag=True, help="Return to the calibration in use before.")
def calibrate(data: Path | None, number: int, seed: int, *, packaged: bool, list_all: bool, rollback: bool) -> None:
    """Measure the thresholds of the cutoff and of landmarks on the indexed documents, and use them."""
    from ranking.calibrations import Calibrations, package  # noqa: PLC0415

    calibrations = Calibrations(get_settings())
    if list_all:
        _list(calibrations)
        return
    if rollback:
        click.echo(f"in use: {calibrations.rollback().current or 'the packaged thresholds'}")
        return
    made = _measured(data, number, seed)
    _show(made)
    if packaged:
        click.echo(f"{', '.join(path.name for path in package(made))} written")
        return
    calibrations.add(made)
    click.echo(f"in use: {made.card.id}")


def _measured(data: Path | None, number: int, seed: int) -> "Calibration":
    from engine.connections import Context  # noqa: PLC0415
    from evaluation.pairs_of_installation import of_installation  # noqa: PLC0415  (only a measurement loads what it measures)
    from evaluation.pairs_of_sets import of_sets  # noqa: PLC0415

    settings = get_settings()
    if data:
        return of_sets(data, settings, print_progress)
    return of_installation(Context(settings), number, seed, print_progress)


def _show(made: "Calibration") -> None:
    table = Table("feature", "rule", "value", "keeps", "passes", "pairs", box=None, pad_edge=False)
    for part, columns in (("", made.cutoff.columns), ("landmark: ", made.landmarks.columns)):
        for name, found in columns.items():
            shares = (f"{found.value:.4f}", f"{found.kept:.1%}", f"{found.passed:.2%}", str(found.pairs))
            table.add_row(part + name, found.rule, *shares)
    console.print(table)


def _list(calibrations: "Calibrations") -> None:
    current = calibrations.state().current
    table = Table("id", "made", "documents", "questions", "", box=None, pad_edge=False)
    for card in calibrations.list():
        mark = "in use" if card.id == current else ""
        table.add_row(card.id, f"{card.made:%Y-%m-%d %H:%M}", f"{card.documents:,}", str(card.questions), mark)
    console.print(table if table.row_count else "nothing was calibrated here; the packaged thresholds are in use")
