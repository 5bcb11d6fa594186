"""`omma docs`: write the files that are generated from the code."""

import importlib
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
# File -> `module:function`, or `module:function:argument`; the function returns the file's text.
PAGES = {
    "docs/reference/cli.md": "cli.reference:commands_page",
    "docs/reference/factors.md": "cli.reference:factors_page",
    "docs/reference/settings.md": "cli.reference:settings_page",
    "docs/reference/api.md": "web.docs:page",
    "client/omma_client/models/__init__.py": "web.client_models:package",
    "client/omma_client/models/ingest.py": "web.client_models:subject_file:ingest",
    "client/omma_client/models/picture.py": "web.client_models:subject_file:picture",
    "client/omma_client/models/quarantine.py": "web.client_models:subject_file:quarantine",
    "client/omma_client/models/search.py": "web.client_models:subject_file:search",
    "client/omma_client/models/tags.py": "web.client_models:subject_file:tags",
    "docs/reference/sources.md": "ingest.sources.registry:page",
    "docs/reference/entities.md": "answers.entities.loading:page",
}


@click.command()
@click.option("--check", is_flag=True, help="Only list files that are not up to date; exit status 1 when there is one.")
def docs(check: bool) -> None:
    """Write the files that are generated from the code: reference pages, and the models of the Python client."""
    old = [name for name in PAGES if not current(name)]
    for name in old:
        if not check:
            (ROOT / name).write_text(written(name))
        click.echo(f"{name}: {'not up to date' if check else 'written'}")
    if check and old:
        raise SystemExit(1)


def written(name: str) -> str:
    """The text of the file as the code is now."""
    module, function, *arguments = PAGES[name].split(":")
    text: str = getattr(importlib.import_module(module), function)(*arguments)
    return text


def current(name: str) -> bool:
    """Whether the file is up to date."""
    path = ROOT / name
    return path.exists() and path.read_text() == written(name)
