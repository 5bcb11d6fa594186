"""`omma entities`: load things that have a name, list, show and delete them."""

import json
from typing import TYPE_CHECKING

import click

from cli import terminal
from engine.settings import get_settings

if TYPE_CHECKING:
    from answers.entities.card import EntityCard
    from answers.entities.store import Entities

SHOWN_PAGE = 50


@click.group()
def entities() -> None:
    """Load the things that a question may show: from WordNet, Wikidata, tables, or the collection itself."""


@entities.command()
@click.argument("address", default="wordnet")
@click.option("--class", "classes", multiple=True, metavar="NAME", help="Only entities of this class; may be repeated.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
def load(address: str, classes: tuple[str, ...], limit: int | None) -> None:
    """Load the entities of ADDRESS: wordnet, collection, a table, or a dump of Wikidata.

    Broken records go to quarantine, each with its reason; the others are loaded.
    """
    from answers.entities.loading import load as load_now  # noqa: PLC0415  (each command loads only what it needs)
    from engine.connections import Context  # noqa: PLC0415
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    context = Context(get_settings())
    done = load_now(context, lambda: get_feature_extractor(context.settings), address, classes=classes, limit=limit)
    parts = [f"{done.loader}: {done.written} loaded", f"{done.refused} refused", f"{done.deleted} deleted"]
    click.echo("\n".join(terminal.flow(parts, separator=", ")))
    if done.refused:
        click.echo("omma quarantine list --collection entities shows what was refused, and why", err=True)


@entities.command("list")
@click.option("--name", default="", help="Only those of this name or alias.")
@click.option("--type", "kind", default="", help="Only those of this type, as `landmark`.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_entities(*, name: str, kind: str, page: int, as_json: bool) -> None:
    """List entities, the best known first."""
    from answers.entities.card import shown  # noqa: PLC0415

    found = _store().page(name=name, kind=kind, page=page, number=SHOWN_PAGE)
    cards = [shown(entity) for entity in found.entities]
    if as_json:
        click.echo(json.dumps({"total": found.total, "entities": [_plain(card) for card in cards]}, ensure_ascii=False))
        return
    for card in cards:
        click.echo(terminal.ends(card.name, f"{card.type}{terminal.GAP}{terminal.shorten(card.id, terminal.width() // 2)}"))
    if found.total:
        first = (page - 1) * SHOWN_PAGE + 1
        click.echo(f"{first} to {first + len(cards) - 1} of {found.total}" if cards else f"{found.total} in all", err=True)
    else:
        click.echo("there are no such entities; `omma entities load wordnet` loads some")


@entities.command()
@click.argument("entity")
@click.option("--language", default="en", show_default=True, help="Of the reader (BCP 47).")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def show(entity: str, *, language: str, as_json: bool) -> None:
    """Show the card of an entity by its id."""
    from answers.entities.card import shown  # noqa: PLC0415

    card = shown(_store().get(entity), language)
    if as_json:
        click.echo(json.dumps(_plain(card), ensure_ascii=False))
        return
    click.echo(terminal.ends(card.name, card.type))
    click.echo("\n".join(terminal.paragraph(card.description, terminal.INDENT)), nl=bool(card.description))
    facts = [*card.facts.items(), ("page", card.page), ("licence", card.licence), ("source", card.source), ("id", card.id)]
    facts += [("pictures", " ".join(one[:12] for one in card.pictures))]
    lines = terminal.columns_of([(name, value) for name, value in facts if value], terminal.INDENT)
    click.echo("\n".join(lines))


@entities.command()
@click.argument("entities_", metavar="ENTITY...", nargs=-1)
@click.option("--loader", default="", help="All that this loader loaded, as `wordnet`.")
def delete(entities_: tuple[str, ...], loader: str) -> None:
    """Delete entities by id, or all of a loader."""
    if bool(entities_) == bool(loader):
        raise click.UsageError("name the entities by id, or a loader by --loader")
    store = _store()
    count = store.delete(entities_) if entities_ else store.delete_loaded(loader)
    click.echo(f"{count} deleted")


def _store() -> "Entities":
    from answers.entities.store import Entities  # noqa: PLC0415
    from engine.connections import Context  # noqa: PLC0415
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    context = Context(get_settings())
    return Entities(context, lambda: get_feature_extractor(context.settings))


def _plain(card: "EntityCard") -> dict[str, object]:
    return card.model_dump(exclude_defaults=True)
