"""`omma rank`: learn the order of results, look after its models."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from engine.client import connect
from engine.errors import ConfigurationError
from engine.settings import get_settings

if TYPE_CHECKING:
    from ranking.learning.examples import Example
    from ranking.learning.models import Card, Models

console = Console(highlight=False, markup=False, emoji=False)
tell = partial(Console(stderr=True, highlight=False, markup=False, emoji=False).print, soft_wrap=True)
FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def rank() -> None:
    """Learn the order of results from judgements and clicks, and look after the models."""


@rank.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--data", type=FOLDER, help="Folder of data sets, indexed for this and removed again.")
@click.option("--questions", type=FOLDER, help="Folder of topics and judgements, asked of what is indexed here.")
@click.option("--every", default=1, type=click.IntRange(1), help="Of the data sets' pictures and questions, one in so many.")
def collect(file: Path, data: Path | None, questions: Path | None, every: int) -> None:
    """Ask questions whose answers are known; keep what every factor says of every candidate."""
    from evaluation.candidate_log import make  # noqa: PLC0415  (only a measurement loads what it measures)

    click.echo(f"{make(file, data, questions, get_settings(), tell, every=every)} questions in {file}")


@rank.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--number", default=200, show_default=True, help="Indexed pictures that copies are made of.")
@click.option("--seed", default=7, show_default=True)
def generate(folder: Path, number: int, seed: int) -> None:
    """Make judgements from what is indexed: transformed copies of its pictures ask for them, and for their like."""
    from evaluation.generated import generate as make  # noqa: PLC0415

    topics, judgements = make(folder, number, seed, get_settings())
    click.echo(f"{topics} questions and {judgements} judgements in {folder}; `omma judgements import` takes them up")


@rank.command()
@click.option(
    "--candidate-log", "files", type=FILES, multiple=True, help="Made by `omma rank collect`; else what was judged and clicked."
)
@click.option("--plain", is_flag=True, help="Without list-wise features, as OMMA_RANKER=sltr needs it (and implies).")
@click.option("--keep", is_flag=True, help="Do not take the model into use, even if it is better.")
@click.option("--packaged", is_flag=True, help="Make it the model that Omma comes with.")
def train(files: tuple[Path, ...], *, plain: bool, keep: bool, packaged: bool) -> None:
    """Train a model; it is taken into use if it is no worse on held-out questions."""
    from ranking.learning.report import page  # noqa: PLC0415
    from ranking.learning.train import package, retrain  # noqa: PLC0415

    settings = get_settings()
    without = plain or (False if packaged else None)  # None: as the ranker of the settings needs it
    trained = retrain(_examples(files), settings, tell=tell, plain=without, promote=not (keep or packaged))
    if packaged:
        package(trained, settings)
    click.echo(page(trained.card))


@rank.command("list")
def list_models() -> None:
    """All models, the latest first."""
    from ranking.learning.models import Models  # noqa: PLC0415

    models = Models(get_settings())
    state = models.state()
    current = state.current or models.packaged()
    table = Table("id", "made", "questions", "objective", "NDCG@10", "before", "", box=None, pad_edge=False)
    for card in models.list():
        verdict = card.verdict
        told = (f"{verdict.after:.4f}", f"{verdict.before:.4f}") if verdict else ("", "")
        mark = "in use" if card.id == current else "challenger" if card.id == state.challenger else ""
        made = f"{card.made:%Y-%m-%d %H:%M}"
        table.add_row(card.id, made, str(sum(card.examples.values())), card.recipe.objective, *told, mark)
    console.print(table)
    if current in ("", "fusion"):
        console.print("results are in the order of rank fusion")


@rank.command()
@click.argument("model")
def show(model: str) -> None:
    """Everything known of a model, as JSON."""
    click.echo(_card(model).model_dump_json(indent=2))


@rank.command()
@click.argument("model", default="")
def report(model: str) -> None:
    """How good a model is on held-out questions, beside others; by default the one in use."""
    from ranking.learning.report import page  # noqa: PLC0415

    click.echo(page(_card(model)))


@rank.command()
@click.argument("model")
@click.option("--force", is_flag=True, help="Even where it was worse than the model before it.")
def promote(model: str, *, force: bool) -> None:
    """Take a model, or `fusion`, into use: at once, everywhere. With OMMA_RANKER=sltr it is put into the engine, too."""
    from ranking.learning.promotion import promote as take  # noqa: PLC0415

    if model != "fusion" and not force:
        verdict = _card(model).verdict
        if verdict and not verdict.passed:
            raise ConfigurationError(
                f"model {model} did not pass: {'; '.join(verdict.reasons)} (--force takes it all the same)"
            )
    click.echo(f"in use: {take(model, get_settings()).current}")


@rank.command()
def rollback() -> None:
    """Go back to the model that was in use before."""
    from ranking.learning.promotion import rollback as back  # noqa: PLC0415

    click.echo(f"in use: {back(get_settings()).current or 'fusion'}")


@rank.command()
@click.argument("model")
def interleave(model: str) -> None:
    """Let MODEL (or `fusion`) share live searches with the ranker in use; `stop` ends it, `report` tells how it went."""
    from ranking.clicks.interleaving import report as of  # noqa: PLC0415

    if model != "report":
        state = _models().challenge("" if model == "stop" else model)
        click.echo(f"shares searches: {state.challenger or 'nobody'}")
        return
    table = Table("first", "second", "searches", "wins", "losses", "ties", "preference", "95 %", "p", box=None, pad_edge=False)
    for one in of(connect(get_settings()), get_settings()):
        sure = f"{one.low:+.3f} to {one.high:+.3f}"
        counts = map(str, (one.searches, one.wins, one.losses, one.ties))
        table.add_row(one.first, one.second, *counts, f"{one.preference:+.3f}", sure, f"{one.p:.2g}")
    console.print(table if table.row_count else "no search was shared and clicked yet")


@rank.command()
@click.argument("model", default="")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--candidate-log", "files", type=FILES, multiple=True, help="Write the rows that it learns from instead (SVMrank)."
)
@click.option("--opensearch-ltr", "plugin", is_flag=True, help="In the form of OpenSearch's Learning to Rank plugin.")
@click.option("--upload", is_flag=True, help="With --opensearch-ltr: put it into the engine, too.")
def export(model: str, folder: Path, files: tuple[Path, ...], *, plugin: bool, upload: bool) -> None:
    """Write MODEL to a folder: LightGBM's file and its card; or its features of examples, for other tools."""
    from ranking.learning.exchange import write_model, write_rows  # noqa: PLC0415

    if plugin:
        _export_plugin(_card(model).id, folder, upload=upload)
        return
    card, examples = _card(model), _examples(files) if files else []
    path = write_rows(folder, card, examples) if examples else write_model(folder, _models().path(card.id))
    click.echo(f"{path} written")


def _export_plugin(model: str, folder: Path, *, upload: bool) -> None:
    from ranking.plugin import upload as plugin  # noqa: PLC0415

    exported = plugin.export(_models().load(model))
    click.echo(f"{plugin.write(folder, exported)} written")
    if upload:
        plugin.upload(connect(get_settings()), exported)
        click.echo(f"{exported.name} is in the engine; OMMA_RANKER=sltr ranks by it")


def _examples(files: tuple[Path, ...]) -> "list[Example]":
    """Those of files, or of all that was judged and clicked here."""
    from evaluation import asking  # noqa: PLC0415
    from factors.registry import feature_names  # noqa: PLC0415
    from query.search import Searcher  # noqa: PLC0415
    from query.teaching import of_installation  # noqa: PLC0415

    if not files:
        return of_installation(Searcher(get_settings()), connect(get_settings()), tell)
    return [asked.example(feature_names()) for file in files for asked in asking.read(file) if asked.grades]


def _models() -> "Models":
    from ranking.learning.models import Models  # noqa: PLC0415

    return Models(get_settings())


def _card(model: str) -> "Card":
    models = _models()
    return models.card(model or models.state().current or models.packaged())
