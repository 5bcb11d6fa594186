"""`omma search` and `omma show`: questions from the command line."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table

from engine.client import connect
from engine.errors import BadQuestion
from engine.settings import get_settings

if TYPE_CHECKING:
    from query.answer import Answer

ADDRESS = re.compile(r"https?://", re.IGNORECASE)
SHORT = 12  # letters of an id that are shown
console = Console(highlight=False, markup=False, emoji=False)  # what it prints are words of strangers


@click.command()
@click.option("--image", metavar="FILE|URL", help="A picture to ask with.")
@click.option("--like", metavar="ID", help="More like this document; the first letters of its id are enough.")
@click.option("--crop", metavar="X,Y,W,H", help="A part of the picture, in pixels, or `pct:x,y,w,h` in percent.")
@click.option("--text", default="", metavar="WORDS", help='Words; "a phrase", +must, -not, field:value.')
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Narrow down; values of a name are alternatives."
)
@click.option("--page", default=1, show_default=True)
@click.option("--number", default=10, show_default=True, help="Results on a page.")
@click.option("--all", "no_cutoff", is_flag=True, help="Show what the cut hides, too.")
@click.option("--diversity", type=click.FloatRange(0, 1, max_open=True), help="How much results shall differ (MMR).")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
@click.option("--dsl", is_flag=True, help="Print the exact requests sent to OpenSearch.")
def search(  # noqa: PLR0917  (one argument per option)
    image: str | None, like: str | None, crop: str | None, text: str, filters: tuple[str, ...],
    page: int, number: int, no_cutoff: bool, diversity: float | None, as_json: bool, dsl: bool,
) -> None:  # fmt: skip
    """Search by picture, part of a picture, words and filters."""
    from query.ids import full_id  # noqa: PLC0415
    from query.request import SearchRequest  # noqa: PLC0415  (only a search loads what searches)
    from query.search import Searcher  # noqa: PLC0415

    settings = get_settings()
    if like:
        like = full_id(connect(settings), settings, like)
    picture = {"address": image} if image and ADDRESS.match(image) else {"image": _bytes(image) if image else None}
    try:
        request = SearchRequest.model_validate(
            picture
            | {"like": like, "region": crop, "text": text, "filters": _pairs(filters), "page": page, "number": number}
            | {"no_cutoff": no_cutoff, "dsl": dsl, "diversity": diversity}
        )
    except ValidationError as error:
        raise BadQuestion("; ".join(entry["msg"].removeprefix("Value error, ") for entry in error.errors())) from error
    _tell(Searcher(settings).search(request), as_json=as_json, dsl=dsl)


@click.command()
@click.argument("document")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(document: str, *, as_json: bool) -> None:
    """Everything known of one picture; the first letters of its id are enough."""
    from query.document import show as view_of  # noqa: PLC0415
    from query.ids import full_id  # noqa: PLC0415

    settings = get_settings()
    client = connect(settings)
    view = view_of(client, settings, full_id(client, settings, document))
    if as_json:
        click.echo(view.model_dump_json(indent=2))
    else:
        console.print(_facts(view))


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadQuestion(f"{path} cannot be read: {error.strerror}") from error


def _pairs(filters: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in filters:
        name, equals, value = entry.partition("=")
        if not (name and equals):
            raise BadQuestion(f"a filter is name=value, not {entry!r}")
        found.setdefault(name, []).append(value)
    return found


def _tell(answer: "Answer", *, as_json: bool, dsl: bool) -> None:
    if as_json:
        click.echo(answer.model_dump_json(indent=2))
        return
    if dsl:
        for sent in answer.dsl or []:
            click.echo(f"{sent['method']} {sent['path']} {json.dumps(sent['params'])}")
            click.echo(json.dumps(sent["body"], ensure_ascii=False))
    print_answer(answer)


def print_answer(answer: "Answer") -> None:
    """Results as a table, factor by factor; what was cut, and warnings."""
    columns = sorted({name for result in answer.results for name in result.factors})
    table = Table("id", "score", *columns, "title", box=None, pad_edge=False)
    for result in answer.results:
        values = [f"{result.factors[name]:.3f}" if name in result.factors else "" for name in columns]
        more = f" (+{len(result.duplicates)})" if result.duplicates else ""
        table.add_row(result.id[:SHORT], f"{result.score:.3f}", *values, f"{result.title[:40]}{more}")
    for landmark in answer.landmarks:
        where = f" ({landmark.place[0]:.5f}, {landmark.place[1]:.5f})" if landmark.place else ""
        console.print(f"{landmark.name}{where}: {landmark.text}")
    console.print(table)
    console.print(
        f"{answer.total} results, {answer.cutoff.removed} hidden as less related; {answer.took.get('total', 0):.0f} ms"
    )
    for warning in answer.warnings:
        console.print(warning, style="yellow")


def _facts(view: BaseModel) -> Table:
    table = Table("what", "value", box=None)
    for name, value in view.model_dump(mode="json").items():
        if value not in (None, "", [], {}):
            table.add_row(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:2000])
    return table
