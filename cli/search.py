"""`omma search`: a question from the command line, answered by the running page or by this process."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError

from cli import terminal
from cli.page import running_page
from engine.errors import BadQuestion
from engine.settings import Settings, get_settings
from query.answer import Answer, Landmark, Result, Why
from web.parameters import SearchParameters

if TYPE_CHECKING:
    from engine.connections import Context
    from query.request import SearchRequest

ADDRESS = re.compile(r"https?://", re.IGNORECASE)
SHORT_ID_LENGTH = 12  # letters of an id that are shown; every command accepts six
SHOWN_REASONS = 2  # of each result


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, unchecked; the names are those of query.request.SearchRequest."""

    image: bytes | None = None
    address: str | None = None
    like: str | None = None
    region: str | None = None
    text: str = ""
    filters: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    page: int = 1
    number: int = 10
    no_cutoff: bool = False
    diversity: float | None = None
    dsl: bool = False

    def as_parameters(self) -> SearchParameters | None:
        """The parameters of the API; None where the API does not take the question.

        It does not take more than 100 results on a page, or an empty question (which lists everything). Nor is a wrong
        question sent to it, so that the error is the same whether a page runs or not.
        """
        if sum(given is not None for given in (self.image, self.address, self.like)) > 1:
            return None
        given = {name: value for name, value in asdict(self).items() if value is not None}
        renamed = {"filter": list(given.pop("filters")), "everything": given.pop("no_cutoff")}
        given |= {name: list(given[name]) for name in ("more", "less")}
        try:
            parameters = SearchParameters.model_validate(given | renamed)
        except ValidationError:
            return None
        return None if parameters.is_empty and self.image is None else parameters


@click.command()
@click.option("--image", metavar="FILE|URL", help="A picture to ask with.")
@click.option("--like", metavar="ID", help="More like this document; the first letters of its id are enough.")
@click.option("--crop", metavar="X,Y,W,H", help="A part of the picture, in pixels, or `pct:x,y,w,h` in percent.")
@click.option("--text", default="", metavar="WORDS", help='Words; "a phrase", +must, -not, field:value.')
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Narrow down; values of a name are alternatives."
)
@click.option("--more", metavar="ID", multiple=True, help="More like this document; it moves the question, and stays.")
@click.option("--less", metavar="ID", multiple=True, help="Less like this document; it is not shown again.")
@click.option("--page", default=1, show_default=True)
@click.option("--number", default=10, show_default=True, help="Results on a page.")
@click.option("--all", "no_cutoff", is_flag=True, help="Show results below the relevance threshold, too.")
@click.option("--diversity", type=click.FloatRange(0, 1, max_open=True), help="How much results should differ (MMR).")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
@click.option("--dsl", is_flag=True, help="Print the exact requests sent to OpenSearch.")
def search(  # noqa: PLR0917  (one argument per option)
    image: str | None, like: str | None, crop: str | None, text: str, filters: tuple[str, ...],
    more: tuple[str, ...], less: tuple[str, ...], page: int, number: int, no_cutoff: bool, diversity: float | None,
    as_json: bool, dsl: bool,
) -> None:  # fmt: skip
    """Search by picture, part of a picture, words and filters."""
    is_address = bool(image and ADDRESS.match(image))
    question = Question(
        image=bytes_of(image) if image and not is_address else None, address=image if is_address else None,
        like=_id(like) if like else like, region=crop, text=text, filters=filters,
        more=tuple(map(_id, more)), less=tuple(map(_id, less)),
        page=page, number=number, no_cutoff=no_cutoff, diversity=diversity, dsl=dsl,
    )  # fmt: skip
    answer = answered(question, get_settings())
    if as_json:
        click.echo(answer.model_dump_json(indent=2))
        return
    if dsl:
        for sent in answer.dsl or []:
            click.echo(f"{sent['method']} {sent['path']} {json.dumps(sent['params'])}")
            click.echo(json.dumps(sent["body"], ensure_ascii=False))
    print_answer(answer)


def answered(question: Question, settings: Settings) -> Answer:
    """The answer of the running page; of this process where no page runs or the API does not take the question."""
    parameters = question.as_parameters()
    page = running_page(settings) if parameters else None
    if parameters is None or page is None:
        return _answered_here(question, settings)
    if question.image is None:
        return page.get("search", Answer, parameters.pairs())
    return page.send("search", Answer, parameters.pairs(), question.image)


def _answered_here(question: Question, settings: Settings) -> Answer:
    from answers.answering import Answering  # noqa: PLC0415  (the imports of a search take seconds)
    from engine.connections import Context  # noqa: PLC0415
    from query.search import Searcher  # noqa: PLC0415

    context = Context(settings)
    return Answering(context, Searcher(context)).begin(request_of(question, context))


def request_of(question: Question, context: "Context") -> "SearchRequest":
    """The question, checked, with whole ids; BadQuestion, NotFoundError."""
    from query.engine_calls import full_id  # noqa: PLC0415  (as above)
    from query.request import SearchRequest  # noqa: PLC0415

    full = partial(full_id, context.client, context.settings)
    like = None if question.like is None else full(question.like)
    marked = {"more": [*map(full, question.more)], "less": [*map(full, question.less)]}
    try:
        return SearchRequest.model_validate(asdict(question) | marked | {"like": like, "filters": _pairs(question.filters)})
    except ValidationError as error:
        raise BadQuestion("; ".join(entry["msg"].removeprefix("Value error, ") for entry in error.errors())) from error


def _id(given: str) -> str:
    return given.strip().lower()


def bytes_of(path: str) -> bytes:
    """The bytes of a file; BadQuestion where it cannot be read."""
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


def print_answer(answer: Answer) -> None:
    """Print landmarks, a block for each result, the number of results, and warnings."""
    for landmark in answer.landmarks:
        click.echo("\n".join(terminal.paragraph(f"{landmark.name}{_place(landmark)}: {landmark.text}")))
    if answer.perhaps:
        click.echo("\n".join(terminal.paragraph("Perhaps: nothing here is certain. These are the closest.")))
    if answer.refinements:
        words = " ".join(f"{one.require} ({one.count})" for one in answer.refinements)
        click.echo("\n".join(terminal.paragraph(f"Narrow down: {words}", most=1)))
    for rank, result in enumerate(answer.results, 1 + (answer.page - 1) * answer.number):
        click.echo("\n".join(block(rank, result)))
    hidden = f"{answer.cutoff.removed} hidden as less related"
    shown = [f"page {answer.page} of {-(-answer.total // answer.number)}"] if answer.total > answer.number else []
    took = f"{answer.took.get('total', 0):.0f} ms"
    click.echo("\n".join(terminal.flow([f"{answer.total} results", hidden, *shown, took])))
    for warning in answer.warnings:
        click.secho("\n".join(terminal.paragraph(warning)), fg="yellow")


def block(rank: int, result: Result) -> Iterator[str]:
    """A result as lines: rank, title and score; id, collections, category and size; the strongest reasons."""
    where = result.sources[0].reference if result.sources else ""
    title = terminal.plain(result.title) or terminal.shorten_middle(where, terminal.width() // 2) or "untitled"
    yield click.style(terminal.ends(f"{rank}. {title}", f"{result.score:.3f}"), bold=True)
    size = f"{result.width} × {result.height}" if result.width else ""
    alike = f"{len(result.duplicates)} near-duplicate{'s' * (len(result.duplicates) != 1)}" if result.duplicates else ""
    likely = "" if result.probability is None else f"{result.probability:.0%} likely"
    facts = [result.id[:SHORT_ID_LENGTH], likely, *result.collections, result.category, size, alike]
    yield from terminal.flow(facts, terminal.INDENT)
    for why in reasons(result):
        yield from terminal.paragraph(why.text or why.title, terminal.INDENT, most=2)


def reasons(result: Result) -> list[Why]:
    """The parts that contribute most: of the factors with a value, or of all parts where no factor has one."""
    known = [why for why in result.why if why.value is not None] or result.why
    return sorted(known, key=lambda why: -why.contribution)[:SHOWN_REASONS]


def _place(landmark: Landmark) -> str:
    return f" ({landmark.place[0]:.5f}, {landmark.place[1]:.5f})" if landmark.place else ""
