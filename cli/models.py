"""`omma models` and `omma train`: the models of the extractors, and fitting those that the repository ships."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from cli import terminal
from cli.main import LazyGroup
from engine.settings import get_settings

if TYPE_CHECKING:
    from vision.models import Model

FILE = click.Path(dir_okay=False, path_type=Path)
TRAINING = {
    "embedding": "training.embedding:main",
    "products": "training.products:main",
    "text-presence": "training.text_presence:main",
    "joint": "training.joint:main",
    "reading": "training.reading:main",
    "words": "training.words:main",
    "intent": "evaluation.intent.fitting:main",
    "entities": "evaluation.entities.fitting:main",
    "tags": "evaluation.tags.fitting:main",
}


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List models, export them, check that all exist, and measure their speed and memory."""
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_models(*, as_json: bool) -> None:
    """List every extractor with its model, its weights and their files."""
    from vision.models import listed  # noqa: PLC0415  (imports model libraries)

    found = listed(get_settings())
    if as_json:
        click.echo(json.dumps([asdict(model) | {"files": list(map(str, model.files))} for model in found]))
        return
    for model in found:
        click.echo("\n".join(block(model)))


def block(model: "Model") -> Iterator[str]:
    """An extractor as lines: name and weights; its files, or why there are none."""
    yield from terminal.flow([model.extractor, model.fingerprint], separator=terminal.GAP)
    room = terminal.width() - terminal.INDENT
    if model.wrong or model.off:
        text = model.wrong or f"off: {model.off}"
        yield from (click.style(line, fg="red" if model.wrong else None) for line in terminal.paragraph(text, terminal.INDENT))
    else:
        yield from (" " * terminal.INDENT + terminal.shorten_middle(str(path), room) for path in model.files)


@models.command()
@click.option("--force", is_flag=True, help="Make files again that exist already.")
def export(*, force: bool) -> None:
    """Make the files that inference needs."""
    from vision.models import export_all  # noqa: PLC0415

    export_all(get_settings(), force=force)
    click.echo(f"models are in {get_settings().home / 'models'}")


@models.command()
def check() -> None:
    """List missing files; exit status 1 when there are any."""
    from vision.models import missing  # noqa: PLC0415

    wrong = missing(get_settings())
    for line in wrong:
        click.secho(line, fg="red")
    raise SystemExit(1 if wrong else 0)


@models.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--out", type=FILE, help="Also write the figures as JSON.")
def memory(*, as_json: bool, out: Path | None) -> None:
    """Measure the memory of a worker's process, in MiB: with every extractor loaded, and while each processes pictures."""
    from workers.memory import measure  # noqa: PLC0415

    found = measure(get_settings())
    text = json.dumps(asdict(found), indent=2)
    table = Table(
        "extractor", "model", "processing", "peak so far", title=f"MiB of a process that processes {found.batch} pictures"
    )
    table.add_row("none", f"{found.process:,.0f}", "", "")
    for part in found.parts:
        table.add_row(part.extractor, f"{part.model:,.0f}", f"{part.working:,.0f}", f"{part.peak:,.0f}")
    table.add_row("all", f"{found.loaded:,.0f}", "", f"{found.peak:,.0f}")
    if as_json:
        click.echo(text)
    else:
        Console().print(table)
    if out:
        out.write_text(text + "\n")


@models.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--number", default=64, show_default=True, help="Pictures to process.")
@click.option("--threads", multiple=True, type=click.IntRange(1), default=(1, 2), show_default=True, help="Again with each.")
@click.option("--out", type=FILE, help="Also write the figures as JSON.")
def speed(folder: Path, *, number: int, threads: tuple[int, ...], out: Path | None) -> None:
    """Time each extractor on the pictures of a folder, in pictures per second."""
    from vision.models import pictures_per_second  # noqa: PLC0415
    from vision.picture import readable_pictures  # noqa: PLC0415

    settings = get_settings()
    pictures = readable_pictures(folder, number, settings)
    found = {n: pictures_per_second(pictures, settings.model_copy(update={"threads": n})) for n in threads}
    table = Table("extractor", *(f"{n} thread{'s' * (n > 1)}" for n in found), title="pictures per second")
    for extractor in found[threads[0]]:
        table.add_row(extractor, *(f"{figures[extractor]:,.1f}" for figures in found.values()))
    Console().print(table)
    if out:
        out.write_text(json.dumps({"pictures": len(pictures), "pictures_per_second": found}, indent=2) + "\n")


@click.group(cls=LazyGroup, commands_at=TRAINING)
def train() -> None:
    """Fit the small weights that this repository ships, from the development data; each command writes what it measured."""
