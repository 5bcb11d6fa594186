"""`omma rank`: learn the order of results, and manage the models."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import terminal
from cli.terminal import print_progress
from engine.errors import ConfigurationError
from engine.settings import get_settings

if TYPE_CHECKING:
    from ranking.clicks.interleaving import Outcome
    from ranking.learning.examples import Example
    from ranking.learning.models import Card, Models

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def rank() -> None:
    """Learn the order of results from judgements and clicks, and manage the models."""


@rank.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--data", type=FOLDER, help="Folder of data sets, indexed for this and removed again.")
@click.option("--questions", type=FOLDER, help="Folder of topics and judgements, asked of the documents that are indexed here.")
@click.option("--every", default=1, type=click.IntRange(1), help="Use only every N-th picture and question of the data sets.")
@click.option("--unseen", is_flag=True, help="With --data: ask the unseen collections instead, each by itself.")
def collect(file: Path, data: Path | None, questions: Path | None, every: int, *, unseen: bool) -> None:
    """Ask questions whose answers are known, and write every feature of every candidate to a file.

    Without --data and --questions: the questions that were judged in this installation.
    """
    if unseen:
        if data is None or questions or every > 1:
            raise click.UsageError("--unseen needs --data, and takes neither --questions nor --every")
        from evaluation import candidate_log  # noqa: PLC0415  (only a measurement loads what it measures)
        from evaluation.unseen.measure import ask  # noqa: PLC0415

        click.echo(f"{candidate_log.write(file, ask(data, get_settings(), print_progress))} questions in {file}")
        return
    from evaluation.asking import make  # noqa: PLC0415

    click.echo(f"{make(file, data, questions, get_settings(), print_progress, every=every)} questions in {file}")


@rank.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--number", default=200, show_default=True, help="Indexed pictures that copies are made of.")
@click.option("--seed", default=7, show_default=True, help="Seed of the random choice of pictures.")
def generate(folder: Path, number: int, seed: int) -> None:
    """Make judgements from indexed pictures: transformed copies ask, the original and similar pictures are the answers."""
    from workers.learning.generated import generate as make  # noqa: PLC0415

    topics, judgements = make(folder, number, seed, get_settings())
    click.echo(f"{topics} questions and {judgements} judgements in {folder}; `omma judgements import` takes them up")


@rank.command()
@click.option(
    "--candidate-log",
    "files",
    type=FILES,
    multiple=True,
    help="File made by `omma rank collect`; by default judgements and clicks.",
)
@click.option("--plain", is_flag=True, help="Without list-wise features, as OMMA_RANKER=sltr needs it (and implies).")
@click.option("--generate", "generated", is_flag=True, help="First make judgements from transformed copies of indexed images.")
@click.option("--number", default=200, show_default=True, help="With --generate: images that copies are made of.")
@click.option("--keep", is_flag=True, help="Do not promote the model, even if it is better.")
@click.option("--packaged", is_flag=True, help="Make it the model that Omma ships.")
def train(files: tuple[Path, ...], number: int, *, plain: bool, generated: bool, keep: bool, packaged: bool) -> None:
    """Train a model; it is promoted unless it is worse on held-out questions."""
    from ranking.learning.exchange import package, page  # noqa: PLC0415
    from ranking.learning.train import retrain  # noqa: PLC0415

    settings = get_settings()
    if generated:
        _judge_copies(number)
    examples, weights = _examples(files)
    without = plain or (False if packaged else None)  # None: as the ranker of the settings needs it
    promote = not (keep or packaged)
    trained = retrain(examples, settings, tell=print_progress, plain=without, promote=promote, weights=weights)
    if packaged:
        package(trained.card, settings)
    click.echo(page(trained.card))


@rank.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_models(*, as_json: bool) -> None:
    """List all models, latest first."""
    models = _models()
    state = models.state()
    current = state.current or models.packaged()
    roles = {state.challenger: "challenger", current: "in use"}
    cards = models.list()
    if as_json:
        listed = [card.model_dump(mode="json", exclude={"recipe", "gain"}) | {"role": roles.get(card.id, "")} for card in cards]
        click.echo(json.dumps(listed, ensure_ascii=False))
        return
    for card in cards:
        click.echo("\n".join(block(card, roles.get(card.id, ""))))
    if current in ("", "fusion"):
        click.echo("results are in the order of rank fusion")


def block(card: "Card", role: str) -> Iterator[str]:
    """A model as lines: id, role and date; training data and quality."""
    yield from terminal.flow([card.id, role, f"{card.made:%Y-%m-%d %H:%M}"], separator=terminal.GAP)
    learned = [f"{sum(card.examples.values()):,} questions", card.recipe.objective]
    verdict = card.verdict
    quality = f"NDCG@10 {verdict.after:.4f}, before {verdict.before:.4f}" if verdict else ""
    yield from terminal.flow([*learned, quality], terminal.INDENT)


@rank.command()
@click.argument("model")
def show(model: str) -> None:
    """Show everything known about a model, as JSON."""
    click.echo(_card(model).model_dump_json(indent=2))


@rank.command()
@click.argument("model", default="")
def report(model: str) -> None:
    """Show the quality of a model on held-out questions, beside others; by default of the model in use."""
    from ranking.learning.exchange import page  # noqa: PLC0415

    click.echo(page(_card(model)))


@rank.command()
@click.argument("model")
@click.option("--force", is_flag=True, help="Even if it is worse than the model before it.")
def promote(model: str, *, force: bool) -> None:
    """Use a model, or `fusion`, at once and in every process. With OMMA_RANKER=sltr it is uploaded to the engine, too."""
    from ranking.learning.models import promote_model as take  # noqa: PLC0415

    if model != "fusion" and not force:
        verdict = _card(model).verdict
        if verdict and not verdict.passed:
            raise ConfigurationError(f"model {model} did not pass: {'; '.join(verdict.reasons)} (--force promotes it anyway)")
    click.echo(f"in use: {take(model, get_settings()).current}")


@rank.command()
def rollback() -> None:
    """Return to the model that was in use before."""
    from ranking.learning.models import roll_back_model as back  # noqa: PLC0415

    click.echo(f"in use: {back(get_settings()).current or 'fusion'}")


@rank.command()
@click.argument("model")
def interleave(model: str) -> None:
    """Let MODEL (or `fusion`) share live searches with the ranker in use; `stop` ends it, `report` shows the outcome."""
    if model != "report":
        state = _models().challenge("" if model == "stop" else model)
        click.echo(f"shares searches: {state.challenger or 'nobody'}")
        return
    from engine.connections import Context  # noqa: PLC0415  (only the report reads the engine)
    from ranking.clicks.interleaving import report as report_of  # noqa: PLC0415

    context = Context(get_settings())
    lines = [line for outcome in report_of(context.client, context.settings) for line in _compared(outcome)]
    click.echo("\n".join(lines) or "no search was shared and clicked yet")


def _compared(outcome: "Outcome") -> Iterator[str]:
    """Two rankers that shared searches, and which of them won more clicks."""
    yield from terminal.flow([f"{outcome.first} against {outcome.second}"])
    counts = [
        f"{outcome.searches} searches", f"{outcome.wins} wins", f"{outcome.losses} losses", f"{outcome.ties} ties",
    ]  # fmt: skip
    preference = f"preference {outcome.preference:+.3f} ({outcome.low:+.3f} to {outcome.high:+.3f} with 95 %)"
    yield from terminal.flow([*counts, preference, f"p {outcome.p:.2g}"], terminal.INDENT)


@rank.command()
@click.argument("model", default="")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--candidate-log", "files", type=FILES, multiple=True, help="Write the rows that it learns from instead (SVMrank)."
)
@click.option("--opensearch-ltr", "plugin", is_flag=True, help="In the form of OpenSearch's Learning to Rank plugin.")
@click.option("--upload", is_flag=True, help="With --opensearch-ltr: upload it to the engine, too.")
def export(model: str, folder: Path, files: tuple[Path, ...], *, plugin: bool, upload: bool) -> None:
    """Write MODEL to a folder: LightGBM's file and its card; or its features of examples, for other tools."""
    from ranking.learning.exchange import write_model, write_rows  # noqa: PLC0415

    if plugin:
        _export_plugin(_card(model).id, folder, upload=upload)
        return
    card, examples = _card(model), _examples(files)[0] if files else []
    path = write_rows(folder, card, examples) if examples else write_model(folder, _models().path(card.id))
    click.echo(f"{path} written")


def _export_plugin(model: str, folder: Path, *, upload: bool) -> None:
    from engine.connections import Context  # noqa: PLC0415
    from ranking.plugin import upload as plugin  # noqa: PLC0415

    exported = plugin.export(_models().load(model))
    click.echo(f"{plugin.write(folder, exported)} written")
    if upload:
        plugin.upload(Context(get_settings()).client, exported)
        click.echo(f"{exported.name} is in the engine; OMMA_RANKER=sltr ranks by it")


def _judge_copies(number: int) -> None:
    from workers.learning.generated import SEED, judge  # noqa: PLC0415

    print_progress(f"{judge(number, SEED, get_settings())} judgements made from copies")


def _examples(files: tuple[Path, ...]) -> "tuple[list[Example], dict[str, str]]":
    """Examples of the files, or of all judgements and clicks here; and the weights of the index that they come from."""
    from engine.connections import Context  # noqa: PLC0415
    from evaluation import candidate_log  # noqa: PLC0415
    from factors.registry import FactorRegistry  # noqa: PLC0415
    from query.search import Searcher  # noqa: PLC0415
    from workers.learning.training import examples_of_installation  # noqa: PLC0415

    if not files:
        context = Context(get_settings())
        searcher = Searcher(context)
        return examples_of_installation(searcher, context.client, print_progress), dict(searcher.fingerprints())
    asked = [one for file in files for one in candidate_log.read(file)]
    names = FactorRegistry.of(get_settings()).feature_names()
    return [one.example(names) for one in asked if one.grades and not one.own], candidate_log.weights_of(asked)


def _models() -> "Models":
    from ranking.learning.models import Models  # noqa: PLC0415

    return Models(get_settings())


def _card(model: str) -> "Card":
    models = _models()
    return models.card(model or models.state().current or models.packaged())
