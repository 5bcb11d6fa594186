"""`omma bench` and `omma evaluate`: measure speed and quality."""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from engine.errors import EngineUnavailable
from engine.settings import Settings, get_settings

if TYPE_CHECKING:
    from evaluation.candidate_log import Asked
    from evaluation.compare import Comparison
    from evaluation.session import Session

Json = dict[str, Any]
Pages = tuple[tuple[bool, Callable[[], list[Path]]], ...]  # whether each is asked for, and what measures and writes it
console = Console(stderr=True, highlight=False)
DATA = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--pictures", type=DATA, help="Folder of pictures to ingest; by default the demo corpus.")
@click.option("--number", default=240, show_default=True, help="Pictures to ingest.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of ingest.")
@click.option("--questions", default=100, show_default=True, type=click.IntRange(10), help="Searches of each kind.")
@click.option("--camera", is_flag=True, help="Measure the live camera instead, on films; write the page camera.md.")
@click.option(
    "--films", default=8, show_default=True, type=click.IntRange(1), help="With --camera: films to play, of 13 seconds."
)
def bench(pictures: Path | None, number: int, rounds: int, questions: int, *, camera: bool, films: int) -> None:
    """Measure speed on this machine and write docs/measurements/benchmarks.md. Services must run, and documents be indexed."""
    if camera:
        _print_written(_camera(films))
        return
    from engine import demo_corpus  # noqa: PLC0415  (only a measurement loads what it measures)
    from evaluation import pages, speed, throughput  # noqa: PLC0415

    settings = get_settings()
    documents = speed.count(settings)
    figures: Json = {"surroundings": _surroundings(settings), "documents": documents, "questions": questions}
    console.print("more like this")
    figures |= {"like": speed.like_this(settings, questions), "stages_ms": speed.stages(settings, questions)}
    figures["ordering"] = speed.ordering(settings, questions)
    console.print("search by upload")
    figures["upload"] = speed.by_upload(settings, questions)
    console.print("ingest")
    figures["ingest"] = throughput.ingest(pictures or demo_corpus.ensure(settings), number, rounds, settings)
    figures["ingest"]["source"] = "the demo corpus" if pictures is None else pictures.name
    _print_written(pages.write("benchmarks", figures), pages.render("benchmarks", figures))


def _camera(films: int) -> list[Path]:
    """Measure the camera of the running page; print the page, return the files that were written."""
    from cli.page import running_page  # noqa: PLC0415
    from evaluation import pages  # noqa: PLC0415
    from evaluation.camera.measure import run  # noqa: PLC0415

    settings = get_settings()
    page = running_page(settings)
    if page is None:
        raise EngineUnavailable("Omma's page does not run; `./omma up` starts it")
    figures = run(page.send, settings, films)
    click.echo(pages.render("camera", figures))
    return pages.write("camera", figures)


# Task -> `module:function`, which measures it and returns the figures of the page of that name.
TASKS = {
    "intent": "evaluation.intent.measure:measure",
    "entities": "evaluation.entities.measure:measure",
    "tags": "evaluation.tags.measure:measure",
}


@click.command()
@click.option("--data", type=DATA, help="Folder of data sets, indexed for this and removed again.")
@click.option("--task", type=click.Choice(list(TASKS)), help="Measure a part of the answer; write the page of its name.")
@click.option("--questions", type=DATA, help="Folder of topics and judgements, asked of the documents that are indexed here.")
@click.option("--candidate-log", type=FILE, help="File made by `omma rank collect`; nothing is asked again.")
@click.option("--set", "names", multiple=True, help="Only these question sets.")
@click.option("--model", "models", multiple=True, help="Also compare this model.")
@click.option("--baseline", default="rank fusion", show_default=True, help="Configuration that the others are compared with.")
@click.option("--every", default=1, type=click.IntRange(1), help="Use only every N-th picture and question of the data sets.")
@click.option("--all", "everything", is_flag=True, help="Use all questions, also those that models learn from.")
@click.option(
    "--ablation",
    is_flag=True,
    help="With --unseen: also train with one more factor at a time, and one less; write ablation.md.",
)
@click.option("--trash", is_flag=True, help="Measure the trash filter on labelled sites; write the page trash.md.")
@click.option("--local", is_flag=True, help="Measure local descriptors alone; write the page local.md.")
@click.option("--embeddings", is_flag=True, help="Measure embeddings by themselves; write the page embeddings.md.")
@click.option("--uncalibrated", is_flag=True, help="Measure features without thresholds; write the page uncalibrated.md.")
@click.option("--unseen", is_flag=True, help="Measure on collections that nothing was trained on; write the page unseen.md.")
@click.option("--feedback", is_flag=True, help='Measure "more like this", "less like this"; write the page feedback.md.')
@click.option("--learned-from", type=FILE, multiple=True, help="With --unseen: a log of training, to train without each kind.")
@click.option(
    "--list", "list_sets", is_flag=True, help="List the evaluation sets and unseen collections, with the data that each needs."
)
@click.option("--html", type=OUT, help="Write a report with pictures of what gained and lost most.")
@click.option("--fail-on-loss", is_flag=True, help="Exit with 1 where a model is significantly worse than the baseline.")
def evaluate(  # noqa: PLR0917  (one argument per option)
    data: Path | None, task: str | None, questions: Path | None, candidate_log: Path | None, names: tuple[str, ...],
    models: tuple[str, ...], baseline: str, every: int, everything: bool, ablation: bool, trash: bool, local: bool,
    embeddings: bool, uncalibrated: bool, unseen: bool, feedback: bool, learned_from: tuple[Path, ...], list_sets: bool,
    html: Path | None, fail_on_loss: bool,
) -> None:  # fmt: skip
    """Compare configurations on questions whose answers are known; with --data alone, write docs/measurements/quality.md."""
    pages: Pages = (
        (local, lambda: _local(data)), (embeddings, lambda: _embeddings(data)), (trash, _trash),
        (uncalibrated, lambda: _uncalibrated(candidate_log)), (feedback, lambda: _feedback(data, names)),
        (unseen, lambda: _unseen(data, candidate_log, learned_from, names, ablation=ablation)),
        (task is not None, lambda: _task(task or "", data)),
    )  # fmt: skip
    if ablation and not (unseen and learned_from):
        raise click.UsageError("--ablation needs --unseen, and the logs to train on by --learned-from")
    if list_sets:
        _list_sets(data)
    elif measure := next((measure for asked_for, measure in pages if asked_for), None):
        _print_written(measure())
    else:
        from evaluation.session import Session  # noqa: PLC0415

        with Session(data, questions, candidate_log, get_settings(), console.print, every=every) as session:
            asked = session.asked(names, everything=everything)
            comparison = session.compare(asked, models, baseline)
            paths = session.write(comparison) if data and not (names or everything or models) else []
            _report(session, comparison, asked, paths, html)
            if fail_on_loss:
                _check_losses(session, comparison)


def _report(
    session: "Session", comparison: "Comparison", asked: "Sequence[Asked]", paths: Sequence[Path], html: Path | None
) -> None:
    """Print the tables and the names of the written files; write the report with pictures if one is asked for."""
    if html:
        session.report(comparison, asked, html)
        paths = [*paths, html]
    _print_written(paths, session.tables(comparison))


def _check_losses(session: "Session", comparison: "Comparison") -> None:
    if lost := session.losses(comparison):
        raise click.ClickException("worse than the baseline, and not by chance: " + "; ".join(lost))


def _list_sets(data: Path | None) -> None:
    """Print each set and each unseen collection in two lines, and those that could not be loaded with the reason."""
    from evaluation.evaluation_set import EvaluationSet, broken_sets, evaluation_sets  # noqa: PLC0415
    from evaluation.unseen.collection import UnseenCollection, broken_collections, unseen_collections  # noqa: PLC0415

    settings = get_settings()
    parts: list[EvaluationSet | UnseenCollection] = [
        *evaluation_sets(settings).values(), *unseen_collections(settings).values(),
    ]  # fmt: skip
    for one in parts:
        needs = ", ".join(one.needs) or "whichever data sets are there"
        missing = "" if data is None or one.is_there(data) else "; not in this folder"
        click.echo(f"{one.name}\n  {one.about} Needs: {needs}{missing}.")
    for broken in (*broken_sets(settings), *broken_collections(settings)):
        click.echo(str(broken), err=True)


def _uncalibrated(candidate_log: Path | None) -> list[Path]:
    from evaluation import pages, uncalibrated  # noqa: PLC0415
    from evaluation.candidate_log import read  # noqa: PLC0415

    if candidate_log is None:
        raise click.UsageError("name a file made by `omma rank collect` by --candidate-log")
    settings = get_settings()
    figures = {"surroundings": pages.surroundings(settings)} | uncalibrated.measure(read(candidate_log), settings)
    return pages.write("uncalibrated", figures)


def _trash() -> list[Path]:
    from evaluation import pages  # noqa: PLC0415
    from evaluation.trash import measure  # noqa: PLC0415

    figures = measure(get_settings())
    click.echo(pages.render("trash", figures))
    return pages.write("trash", figures)


def _unseen(
    data: Path | None, log: Path | None, learned_from: tuple[Path, ...], names: tuple[str, ...], *, ablation: bool
) -> list[Path]:
    """Measure unseen collections: asked now, or read from a log; print the table, return the files that were written."""
    from evaluation import pages  # noqa: PLC0415
    from evaluation.candidate_log import read  # noqa: PLC0415
    from evaluation.unseen.measure import ask, measure  # noqa: PLC0415

    if (data is None) == (log is None):
        raise click.UsageError("name the folder of data sets by --data, or a file by --candidate-log")
    settings = get_settings()
    asked = read(log) if log else list(ask(data or Path(), settings, console.print, names))
    figures = measure(asked, settings, learned_from, console.print, names)
    click.echo(pages.render("unseen", figures))
    written = [] if names else pages.write("unseen", figures)
    return [*written, *(_ablation(asked, learned_from, settings) if ablation else ())]


def _ablation(asked: "Sequence[Asked]", learned_from: Sequence[Path], settings: Settings) -> list[Path]:
    """Measure more and fewer factors on unseen collections; return the files that were written."""
    from evaluation import ablation, pages  # noqa: PLC0415
    from evaluation.candidate_log import read  # noqa: PLC0415
    from evaluation.unseen.collection import unseen_collections  # noqa: PLC0415
    from factors.registry import FactorRegistry  # noqa: PLC0415

    # Only what is learned from is kept: the logs take gigabytes.
    known = [one for file in learned_from for one in read(file) if one.grades and one.side != "test"]
    unseen, columns = ablation.unseen_of(asked, unseen_collections(settings)), FactorRegistry.of(settings).feature_names()
    curve = ablation.draw_curve(known, unseen, columns, console.print)
    ablation.plot(curve, ablation.CURVE)
    return [ablation.CURVE, *pages.write("ablation", {"surroundings": pages.surroundings(settings), "curve": curve})]


def _feedback(data: Path | None, names: tuple[str, ...]) -> list[Path]:
    """Measure marks of a simulated user; print the table, return the files that were written: none for named collections."""
    from evaluation import feedback, pages  # noqa: PLC0415

    if data is None:
        raise click.UsageError("name the folder of data sets by --data")
    figures = feedback.run(data, get_settings(), console.print, names)
    click.echo(pages.render("feedback", figures))
    return [] if names else pages.write("feedback", figures)


def _task(name: str, data: Path | None) -> list[Path]:
    """Measure a part of the answer; print the page, return the files that were written."""
    from evaluation import pages  # noqa: PLC0415

    if data is None:
        raise click.UsageError("name the folder of data sets by --data")
    module, function = TASKS[name].split(":")
    figures: Json = getattr(importlib.import_module(module), function)(data, get_settings(), console.print)
    click.echo(pages.render(name, figures))
    return pages.write(name, figures)


def _local(data: Path | None) -> list[Path]:
    """Measure local descriptors; return the files that were written."""
    from evaluation import local, pages  # noqa: PLC0415

    if data is None:
        raise click.UsageError("name the folder of data sets by --data")
    settings = get_settings()
    figures = local.measure(data, settings, console.print)
    return pages.write("local", figures)


def _embeddings(data: Path | None) -> list[Path]:
    """Measure embeddings; print the page, return the files that were written."""
    from evaluation import embeddings, pages  # noqa: PLC0415

    if data is None:
        raise click.UsageError("name the folder of data sets by --data")
    figures = embeddings.measure(data, get_settings(), console.print)
    click.echo(pages.render("embeddings", figures))
    return pages.write("embeddings", figures)


def _surroundings(settings: Settings) -> dict[str, str]:
    from evaluation.pages import surroundings  # noqa: PLC0415

    return surroundings(settings)


def _print_written(paths: Sequence[Path], page: str = "") -> None:
    """Print the page to standard output, the names of the files to standard error."""
    if page:
        click.echo(page)
    if paths:
        console.print(f"{', '.join(path.name for path in paths)} written")
