"""A group of commands that are imported only when they are used."""

import ast
import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


class LazyGroup(click.Group):
    """Commands by name and address (`module:attribute`); candidate_set them imports none, running one imports that one."""

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **kwargs: Any) -> None:
        """`commands_at` is the table, in the order in which commands are listed."""
        super().__init__(*args, **kwargs)
        self._at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(self._at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in self._at:
            return None
        module, attribute = self._at[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and the first sentence of each command's docstring, which is what click itself would show."""
        room = formatter.width - 6 - max(map(len, self._at))
        rows = [(name, click.Command(name, help=_docstring(at)).get_short_help_str(room)) for name, at in self._at.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _docstring(address: str) -> str:
    """The docstring of a function (`module:attribute`), read from its source: importing it may load model libraries."""
    module, attribute = address.split(":")
    # find_spec of `a.b` imports `a`, a room's empty package, and not `a.b`.
    found = importlib.util.find_spec(module)
    source = Path(found.origin).read_text() if found and found.origin else ""
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == attribute)
    return next((ast.get_docstring(function) or "" for function in functions), "")
