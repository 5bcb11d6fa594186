"""The command `omma`: subcommands are imported only when they are used."""

import sys
from typing import Any, NoReturn

import click

from cli.lazy import LazyGroup
from engine.errors import OmmaError

COMMANDS = {
    "up": "cli.services:up",
    "down": "cli.services:down",
    "status": "cli.services:status",
    "doctor": "cli.services:doctor",
    "logs": "cli.services:logs",
    "demo": "cli.demo:demo",
    "ingest": "cli.ingest:ingest",
    "jobs": "cli.jobs:jobs",
    "quarantine": "cli.quarantine:quarantine",
    "search": "cli.search:search",
    "show": "cli.show:show",
    "delete": "cli.delete:delete",
    "landmarks": "cli.landmarks:landmarks",
    "reindex": "cli.reindex:reindex",
    "rank": "cli.rank:rank",
    "judgements": "cli.judgements:judgements",
    "models": "cli.vision:models",
    "bench": "cli.evaluate:bench",
    "evaluate": "cli.evaluate:evaluate",
    "calibrate": "cli.calibrate:calibrate",
    "train": "cli.train:train",
    "docs": "cli.docs:docs",
}


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
    """Entry point: an error made on purpose is one clear line, never a traceback."""
    try:
        return main.main(args=arguments, prog_name="omma", standalone_mode=True)
    except OmmaError as error:
        _fail(str(error))
    except Exception as error:
        from redis.exceptions import RedisError  # noqa: PLC0415  (most commands never ask Redis)

        if isinstance(error, RedisError):
            _fail(f"Redis cannot be reached ({error}); see `omma status`")
        if not all(_is_text(argument) for argument in arguments or sys.argv[1:]):
            _fail("what was typed is not UTF-8, which only the path of a file may be")
        raise


def _is_text(argument: str) -> bool:
    """Whether it can be sent; bytes that are no UTF-8 arrive as halves of characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


def _fail(message: str) -> NoReturn:
    click.secho(f"omma: {' '.join(message.split())}", fg="red", err=True)
    sys.exit(1)


if __name__ == "__main__":
    run()
