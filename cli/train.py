"""`omma train`: fit the small weights that the repository ships, and measure them."""

import click

from cli.lazy import LazyGroup

COMMANDS = {
    "similar": "training.similar:main",
    "text-presence": "training.text_presence:main",
    "joint": "training.joint:main",
    "reading": "training.reading:main",
    "words": "training.words:main",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS)
def train() -> None:
    """Fit the small weights that this repository ships, from the development data; each command writes what it measured."""
