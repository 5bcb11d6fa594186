"""`omma ask`: what a picture shows, and everything that answers it, in the terminal."""

from collections.abc import Iterator

import click

from answers.intent.goals import GOALS, TITLES
from cli import terminal
from cli.page import running_page
from cli.search import ADDRESS, block, bytes_of
from engine.settings import Settings, get_settings
from query.answer import Answer, AnswerPart, Goal, PartItem
from web.parameters import SearchParameters

SHOWN_ITEMS = 6  # of each part
SHOWN_RESULTS = 3  # below the parts


@click.command()
@click.argument("image", metavar="IMAGE")
@click.option("--text", default="", metavar="WORDS", help="Words that say more: `price`, `who is this`, `red -kids`.")
@click.option("--crop", default="", metavar="X,Y,W,H", help="A part of the picture, in pixels, or `pct:x,y,w,h` in percent.")
@click.option("--goal", type=click.Choice(GOALS), help="What you want to know, instead of what Omma guesses.")
@click.option(
    "--number", default=SHOWN_RESULTS, show_default=True, type=click.IntRange(1, 100), help="Results below the parts."
)
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
def ask(image: str, text: str, crop: str, goal: Goal | None, number: int, *, as_json: bool) -> None:
    """Ask what a picture shows: a file, or an http(s) address."""
    parameters = SearchParameters(
        text=text, region=crop, goal=goal or "", number=None if as_json else max(number, 24), complete=True,
        address=image if ADDRESS.match(image) else "",
    )  # fmt: skip
    data = None if parameters.address else bytes_of(image)
    answer = answered(parameters, data, get_settings())
    if as_json:
        click.echo(answer.model_dump_json(indent=2))
    else:
        click.echo("\n".join(lines(answer, number)))


def answered(parameters: SearchParameters, data: bytes | None, settings: Settings) -> Answer:
    """The answer of the running page; of this process where no page runs."""
    page = running_page(settings)
    if page is None:
        return _answered_here(parameters, data, settings)
    if data is None:
        return page.get("ask", Answer, parameters.pairs())
    return page.send("ask", Answer, parameters.pairs(), data)


def _answered_here(parameters: SearchParameters, data: bytes | None, settings: Settings) -> Answer:
    from answers.answering import Answering, Asking  # noqa: PLC0415  (the imports of a search take seconds)
    from engine.connections import Context  # noqa: PLC0415
    from query.request import SearchRequest  # noqa: PLC0415
    from query.search import Searcher  # noqa: PLC0415

    context = Context(settings)
    request = SearchRequest(
        image=data, address=parameters.address or None, text=parameters.text, region=parameters.region or None,
        number=parameters.number or settings.web_number,
    )  # fmt: skip
    return Answering(context, Searcher(context)).ask(request, Asking(parameters.goal or None))


def lines(answer: Answer, number: int) -> Iterator[str]:
    """The goal, every part with its reason, and the first results."""
    if answer.intent:
        title, about = TITLES[answer.intent.goal]
        yield from terminal.paragraph(f"{title} {answer.intent.reason} First comes {about}.")
    for part in answer.parts:
        if part.name != "similar":
            yield ""
            yield from part_lines(part)
    yield ""
    yield click.style(terminal.ends("Results", f"{answer.total}"), bold=True)
    if answer.perhaps:
        yield from terminal.paragraph("Perhaps: nothing here is certain. These are the closest.")
    for rank, result in enumerate(answer.results[:number], 1):
        yield from block(rank, result)
    for warning in answer.warnings:
        yield from (click.style(line, fg="yellow") for line in terminal.paragraph(warning))


def part_lines(part: AnswerPart) -> Iterator[str]:
    """Title and reason, then its first items."""
    yield click.style(terminal.shorten(part.title, terminal.width()), bold=True)
    yield from terminal.paragraph(part.reason, terminal.INDENT)
    for item in part.items[:SHOWN_ITEMS]:
        yield from terminal.paragraph(item_line(item), terminal.INDENT, most=2)
    if len(part.items) > SHOWN_ITEMS:
        yield from terminal.paragraph(f"and {len(part.items) - SHOWN_ITEMS} more; --json has them", terminal.INDENT)


def item_line(item: PartItem) -> str:
    """What is known of an item, in one line."""
    price = f"{item.price:.2f}" if item.price is not None else ""
    place = f"{item.place[0]:.5f}, {item.place[1]:.5f}" if item.place else ""
    likely = f"{item.confidence:.0%}" if item.confidence is not None else ""
    return " · ".join(filter(None, [item.text, price, item.note, place, likely, item.document[:12], item.page]))
