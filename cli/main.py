"""The command `omma`: subcommands are imported only when they are used."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from engine.errors import OmmaError

# Name -> `module:attribute`, in the order of `omma --help`.
COMMANDS = {
    "up": "cli.services:up",
    "down": "cli.services:down",
    "status": "cli.services:status",
    "doctor": "cli.services:doctor",
    "logs": "cli.services:logs",
    "demo": "cli.demo:demo",
    "ingest": "cli.ingest:ingest",
    "watch": "cli.watch:watch",
    "jobs": "cli.jobs:jobs",
    "quarantine": "cli.quarantine:quarantine",
    "search": "cli.search:search",
    "ask": "cli.ask:ask",
    "tags": "cli.tags:tags",
    "show": "cli.pictures:show",
    "delete": "cli.pictures:delete",
    "landmarks": "cli.landmarks:landmarks",
    "mcp": "cli.mcp:mcp",
    "entities": "cli.entities:entities",
    "reindex": "cli.reindex:reindex",
    "rank": "cli.rank:rank",
    "judgements": "cli.judgements:judgements",
    "models": "cli.models:models",
    "bench": "cli.evaluate:bench",
    "evaluate": "cli.evaluate:evaluate",
    "backup": "cli.backup:backup",
    "restore": "cli.backup:restore",
    "calibrate": "cli.calibrate:calibrate",
    "train": "cli.models:train",
    "docs": "cli.docs:docs",
}


class LazyGroup(click.Group):
    """Commands by name and address (`module:attribute`): listing them imports none, running one imports that one."""

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
        """Names and the first sentence of each command's docstring, as click itself shows them."""
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


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    from engine.installation import version  # noqa: PLC0415

    if wanted and not context.resilient_parsing:
        click.echo(f"omma {version()}")
        context.exit()


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version.")
def main() -> None:
    """Omma: search pictures by picture, by a part of it, by words, or by all of them."""


def run(arguments: list[str] | None = None) -> Any:
    """Entry point: prints an expected error as one line, without a traceback."""
    try:
        return main.main(args=arguments, prog_name="omma", standalone_mode=True)
    except OmmaError as error:
        _fail(str(error))
    except Exception as error:
        from redis.exceptions import RedisError  # noqa: PLC0415  (most commands never ask Redis)

        if isinstance(error, RedisError):
            _fail(f"Redis cannot be reached ({error}); see `omma status`")
        if not all(_is_text(argument) for argument in arguments or sys.argv[1:]):
            _fail("an argument is not valid UTF-8; only the path of a file may be other bytes")
        raise


def _is_text(argument: str) -> bool:
    """Whether the argument is valid Unicode; bytes that are not UTF-8 arrive as unpaired surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


def _fail(message: str) -> NoReturn:
    click.secho(f"omma: {' '.join(message.split())}", fg="red", err=True)
    sys.exit(1)


if __name__ == "__main__":
    run()
