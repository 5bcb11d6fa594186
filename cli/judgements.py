"""`omma judgements`: import, export and list grades of documents for questions, and measure how far raters agree."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import terminal
from engine.settings import get_settings

if TYPE_CHECKING:
    from ranking.judgements.store import Judgements

FILE = click.Path(exists=True, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
KINDS = click.Choice(["jsonl", "qrels", "quepid"])
SOURCES = click.Choice(["person", "clicks", "generated"])


@click.group()
def judgements() -> None:
    """Import judgements from files, export them, and see how far people agree."""


@judgements.command("import")
@click.argument("path", type=FILE)
@click.option("--topics", type=FILE, help="File of topics (JSON Lines) that the judgements are about.")
@click.option("--format", "kind", type=KINDS, help="By default by the file's name: .jsonl, .qrels, .txt, .csv.")
@click.option("--source", type=SOURCES, default="person", show_default=True, help="Of files that do not say.")
def import_(path: Path, topics: Path | None, kind: str | None, source: str) -> None:
    """Read a file, or a folder made by `omma rank generate`; all of it, or nothing."""
    from ranking.judgements import files  # noqa: PLC0415

    imported = files.read_folder(path) if path.is_dir() else files.read_file(path, topics, kind, source)  # type: ignore[arg-type]
    count = _store().take(imported.topics, imported.judgements)
    click.echo(f"{count} judgements of {len({j.topic for j in imported.judgements})} questions")


@judgements.command()
@click.argument("path", type=OUT)
@click.option("--topics", type=OUT, help="Write the questions to this file, too (JSON Lines).")
@click.option("--format", "kind", type=KINDS, help="By default by the file's name.")
@click.option("--source", type=SOURCES, help="Only of this source.")
def export(path: Path, topics: Path | None, kind: str | None, source: str | None) -> None:
    """Write judgements to a file."""
    from ranking.judgements import files  # noqa: PLC0415

    store = _store()
    every_topic, given = store.topics(), sorted(store.all(source=source or ""), key=lambda j: (j.topic, j.document, j.rater))
    files.write(path, every_topic, given, kind)  # type: ignore[arg-type]
    if topics:
        files.write_topics(topics, every_topic)
    click.echo(f"{len(given)} judgements of {len({judgement.topic for judgement in given})} questions")


@judgements.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def agreement(*, as_json: bool) -> None:
    """How far people agree beyond chance."""
    from ranking.judgements.judgement import agreement as of  # noqa: PLC0415

    found = of(_store().all(source="person"))
    if as_json:
        click.echo(found.model_dump_json())
        return
    click.echo("\n".join(terminal.paragraph(found.summary)))
    for pair in found.pairs:
        kappa, weighted = ("unknown" if value is None else f"{value:.2f}" for value in (pair.kappa, pair.weighted))
        figures = [f"{pair.documents} results", f"Cohen's kappa {kappa}", f"weighted {weighted}"]
        click.echo("\n".join(terminal.flow([" and ".join(pair.raters), *figures])))


@judgements.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_topics(*, as_json: bool) -> None:
    """Questions, and how many judgements each has."""
    store = _store()
    counts: dict[str, int] = {}
    for judgement in store.all():
        counts[judgement.topic] = counts.get(judgement.topic, 0) + 1
    topics = store.topics()
    if as_json:
        listed = [topic.model_dump(mode="json") | {"judgements": counts.get(topic.id, 0)} for topic in topics]
        click.echo(json.dumps(listed, ensure_ascii=False))
        return
    for topic in topics:
        picture = f"picture {(topic.like or topic.picture)[:12]}" if topic.like or topic.picture else ""
        judged = f"{counts.get(topic.id, 0)} judgements"
        click.echo("\n".join(terminal.flow([topic.id, judged, topic.set, picture], separator=terminal.GAP)))
        click.echo("\n".join(terminal.paragraph(topic.text, terminal.INDENT, most=2)), nl=bool(topic.text.strip()))
    if not topics:
        click.echo("nothing was judged yet")


def _store() -> "Judgements":
    from engine.connections import Context  # noqa: PLC0415  (each command loads only what it needs)
    from ranking.judgements.store import Judgements  # noqa: PLC0415

    context = Context(get_settings())
    return Judgements(context.client, context.settings)
