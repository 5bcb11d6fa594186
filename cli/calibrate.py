"""`omma calibrate`: measure what the features of results prove, and from what value an image shows a landmark."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from cli.terminal import print_progress
from engine.settings import get_settings

if TYPE_CHECKING:
    from ranking.calibrations import Calibration, Calibrations

NAMES = {"picture": "an image alone", "words": "words"}
console = Console(highlight=False, markup=False, emoji=False)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--candidate-log",
    "logs",
    multiple=True,
    type=FILE,
    help="Measure on questions that `omma rank collect` wrote, instead of the indexed documents; more than once.",
)
@click.option("--number", default=120, show_default=True, type=click.IntRange(10), help="Questions of each kind.")
@click.option("--seed", default=7, show_default=True, help="Seed of the random choice of documents.")
@click.option("--packaged", is_flag=True, help="Make the result the evidence that Omma ships.")
@click.option("--list", "list_all", is_flag=True, help="List the calibrations of this installation.")
@click.option("--rollback", is_flag=True, help="Return to the calibration in use before.")
def calibrate(logs: tuple[Path, ...], number: int, seed: int, *, packaged: bool, list_all: bool, rollback: bool) -> None:
    """Measure what each feature proves, from what probability results are shown, and what identifies a landmark."""
    from ranking.calibrations import Calibrations, package  # noqa: PLC0415

    calibrations = Calibrations(get_settings())
    if list_all:
        _list(calibrations)
        return
    if rollback:
        click.echo(f"in use: {calibrations.rollback().current or 'the packaged calibration'}")
        return
    made = _measured(logs, number, seed)
    _show(made)
    if packaged:
        click.echo(f"{', '.join(path.name for path in package(made))} written")
        return
    calibrations.add(made)
    click.echo(f"in use: {made.card.id}")


def _measured(logs: Sequence[Path], number: int, seed: int) -> "Calibration":
    from engine.connections import Context  # noqa: PLC0415
    from evaluation import candidate_log  # noqa: PLC0415  (only a measurement loads what it measures)
    from evaluation.calibration import of_logs  # noqa: PLC0415
    from factors.registry import FactorRegistry  # noqa: PLC0415
    from workers.learning.calibration import of_installation  # noqa: PLC0415

    settings = get_settings()
    if logs:
        asked = [one for path in logs for one in candidate_log.read(path)]
        return of_logs(asked, FactorRegistry.of(settings), f"{len(asked):,} questions of data sets")
    return of_installation(Context(settings), number, seed, print_progress)


def _show(made: "Calibration") -> None:
    """The bounds of each kind of question, and for each feature the least and the most that a value adds."""
    for kind, evidence in made.evidence.kinds.items():
        click.echo(f"questions with {NAMES[kind]}: {evidence.questions:,} with answers, {evidence.unanswered:,} without")
        click.echo(f"  shown from {evidence.shown:.1%}: at most {evidence.lost:.1%} lose what is right")
        click.echo(f"  certain from {evidence.sure:.1%}: at most {evidence.risk:.1%} are wrong")
        table = Table("  feature", "least", "most", "log-odds", box=None, pad_edge=False)
        for name, curve in evidence.curves.items():
            table.add_row(f"  {name}", f"{curve.log_odds[0]:+.2f}", f"{curve.log_odds[-1]:+.2f}")
        console.print(table)
    for name, found in made.landmarks.columns.items():
        click.echo(
            f"landmark by {name} from {found.value:.4f}: {found.kept:.1%} of its own images, {found.passed:.2%} of others"
        )


def _list(calibrations: "Calibrations") -> None:
    current = calibrations.state().current
    table = Table("id", "made", "documents", "questions", "", box=None, pad_edge=False)
    for card in calibrations.list():
        mark = "in use" if card.id == current else ""
        table.add_row(card.id, f"{card.made:%Y-%m-%d %H:%M}", f"{card.documents:,}", str(card.questions), mark)
    console.print(table if table.row_count else "nothing was calibrated here; the packaged calibration is in use")
