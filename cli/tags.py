"""`omma tags`: what a picture shows, in the words of the text linked to similar ones."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from answers.tag import Tag, Tags
from cli import terminal
from cli.page import running_page
from cli.search import ADDRESS, SHORT_ID_LENGTH, Question, bytes_of, request_of
from engine.settings import Settings, get_settings

ID = re.compile(r"[0-9a-f]{6,64}")
SHOWN_EVIDENCE = 2  # neighbours of each tag


@click.command()
@click.argument("picture", metavar="FILE|URL|ID")
@click.option("--crop", metavar="X,Y,W,H", help="A part of the picture, in pixels, or `pct:x,y,w,h` in percent.")
@click.option("--language", "languages", multiple=True, metavar="CODE", help="Of the tags; by default that of most text.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def tags(picture: str, crop: str | None, languages: tuple[str, ...], *, as_json: bool) -> None:
    """Say what a picture shows: tags from the text of similar pictures, with confidence and evidence."""
    found = tagged(question_of(picture, crop), languages, get_settings())
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    click.echo("\n".join(lines(found)))
    for warning in found.warnings:
        click.secho("\n".join(terminal.paragraph(warning)), fg="yellow")


def question_of(picture: str, crop: str | None) -> Question:
    """A file, an address, or the first letters of the id of a document; BadQuestion for a file that cannot be read."""
    if ADDRESS.match(picture):
        return Question(address=picture, region=crop)
    if ID.fullmatch(picture.strip().lower()) and not Path(picture).exists():
        return Question(like=picture.strip().lower(), region=crop)
    return Question(image=bytes_of(picture), region=crop)


def tagged(question: Question, languages: Sequence[str], settings: Settings) -> Tags:
    """The answer of the running page; of this process where no page runs or the API does not take the question."""
    parameters = question.as_parameters()
    page = running_page(settings) if parameters else None
    if parameters is None or page is None:
        return _tagged_here(question, languages, settings)
    asked = [*parameters.pairs(), *(("language", language) for language in languages)]
    return page.get("tags", Tags, asked) if question.image is None else page.send("tags", Tags, asked, question.image)


def _tagged_here(question: Question, languages: Sequence[str], settings: Settings) -> Tags:
    from answers.tags import tags_for  # noqa: PLC0415  (the imports of a search take seconds)
    from engine.connections import Context  # noqa: PLC0415
    from query.search import Searcher  # noqa: PLC0415

    context = Context(settings)
    return tags_for(Searcher(context), request_of(question, context), languages)


def lines(found: Tags) -> Iterator[str]:
    """A block for each tag, after "Perhaps" where none is certain; or why there are none."""
    if not found.tags:
        yield from terminal.paragraph(f"No tags: {found.note}.")
    elif found.perhaps:
        yield from terminal.paragraph("Perhaps: no tag is certain. These are the closest.")
    for tag in found.tags:
        yield from _block(tag)


def _block(tag: Tag) -> Iterator[str]:
    """Name and confidence; broader tags and other words; the strongest neighbours with their words."""
    yield click.style(terminal.ends(tag.name, f"{tag.confidence:.0%}"), bold=tag.is_certain)
    also = f"also {', '.join(tag.also)}" if tag.also else ""
    yield from terminal.flow([" < ".join(tag.broader), also], terminal.INDENT)
    for one in tag.evidence[:SHOWN_EVIDENCE]:
        yield from terminal.paragraph(f"{one.id[:SHORT_ID_LENGTH]} {one.kind}: {one.words}", terminal.INDENT, most=1)
