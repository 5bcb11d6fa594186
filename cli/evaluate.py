"""`omma bench`, `omma evaluate`, `omma calibrate`: how fast, how good, and where the irrelevant tail begins."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from engine.client import connect, guard
from engine.settings import Settings, get_settings

Json = dict[str, Any]
console = Console(stderr=True, highlight=False)
DATA = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--pictures", type=DATA, help="Folder of pictures to ingest; by default the demo corpus.")
@click.option("--number", default=240, show_default=True, help="Pictures to ingest.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of ingest.")
@click.option("--questions", default=100, show_default=True, help="Searches of each kind.")
def bench(pictures: Path | None, number: int, rounds: int, questions: int) -> None:
    """Measure speed on this machine and write docs/benchmarks.md. Services must be up, and something indexed."""
    from engine import demo_corpus  # noqa: PLC0415  (only a measurement loads what it measures)
    from evaluation import pages, report, speed, throughput  # noqa: PLC0415

    settings = get_settings()
    documents = speed.count(settings)
    figures: Json = {"surroundings": _surroundings(settings), "documents": documents, "questions": questions}
    console.print("more like this")
    figures |= {"like": speed.like_this(settings, questions), "stages_ms": speed.stages(settings, questions)}
    console.print("search by upload")
    figures["upload"] = speed.by_upload(settings, questions)
    console.print("ingest")
    figures["ingest"] = throughput.ingest(pictures or demo_corpus.ensure(settings), number, rounds, settings)
    figures["ingest"]["source"] = "the demo corpus" if pictures is None else pictures.name
    page = pages.benchmarks(figures)
    _written(report.write("benchmarks", page, figures), page)


@click.command()
@click.option("--data", type=DATA, required=True, help="Folder of data sets.")
@click.option("--set", "names", multiple=True, help="Only these question sets.")
def evaluate(data: Path, names: tuple[str, ...]) -> None:
    """Measure quality on the data sets that are there and write docs/quality.md."""
    from evaluation import pages, quality, report, sets  # noqa: PLC0415

    settings = get_settings()
    rows: list[Json] = []
    for question_set in quality.QUESTION_SETS:
        if names and question_set.name not in names:
            continue
        if not sets.there(data, *question_set.needs):
            console.print(f"{question_set.name}: left out, as {data} lacks {', '.join(question_set.needs)}")
            continue
        rows += quality.evaluate(question_set, data, settings, console.print)
    if names:
        click.echo(pages.quality_table(rows))
        return
    facts = _surroundings(settings)
    page = pages.quality(facts, rows, settings.profile)
    _written(report.write("quality", page, {"surroundings": facts, "rows": rows}), page)


@click.command()
@click.option("--data", type=DATA, required=True, help="Folder of data sets.")
def calibrate(data: Path) -> None:
    """Measure where the irrelevant tail begins and write ranking/thresholds-<profile>.json."""
    from evaluation.calibration import calibrate as measured  # noqa: PLC0415
    from ranking.cut import path_of  # noqa: PLC0415

    settings = get_settings()
    thresholds = measured(data, settings, console.print)
    path = path_of(settings.profile)
    path.write_text(thresholds.model_dump_json(indent=2) + "\n")
    for name, found in thresholds.columns.items():
        click.echo(f"{name:16} {found.rule:9} {found.value:.4f}  keeps {found.kept:.1%}, passes {found.passed:.2%}")
    click.echo(f"{path.name} written")


def _surroundings(settings: Settings) -> dict[str, str]:
    from evaluation.report import surroundings  # noqa: PLC0415

    with guard():
        return surroundings(str(connect(settings).info()["version"]["number"]))


def _written(paths: Sequence[Path], page: str) -> None:
    click.echo(page)
    console.print(f"{', '.join(path.name for path in paths)} written")
