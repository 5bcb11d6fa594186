"""`omma docs`: write the pages of the documentation that come from the code."""

import importlib
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"docs/reference/factors.md": "factors.docs:page", "docs/reference/settings.md": "engine.settings_table:page"}


@click.command()
@click.option("--check", is_flag=True, help="Only tell which pages are not up to date.")
def docs(check: bool) -> None:
    """Write the pages that come from the code."""
    old = [name for name in PAGES if not current(name)]
    for name in old:
        if not check:
            (ROOT / name).write_text(written(name))
        click.echo(f"{name}: {'not up to date' if check else 'written'}")
    if check and old:
        raise SystemExit(1)


def written(name: str) -> str:
    """A page as the code has it now."""
    module, function = PAGES[name].split(":")
    text: str = getattr(importlib.import_module(module), function)()
    return text


def current(name: str) -> bool:
    """Whether the page says what the code says."""
    path = ROOT / name
    return path.exists() and path.read_text() == written(name)
