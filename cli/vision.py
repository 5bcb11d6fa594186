"""`omma models`: what looks at pictures."""

import click
from rich.console import Console
from rich.table import Table

from engine.settings import get_settings


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List models, export them, or check that all are there."""
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@models.command("list")
def list_models() -> None:
    """Every sense with model and weights."""
    from vision.models import listed  # noqa: PLC0415  (imports model libraries)

    table = Table("sense", "model and weights")
    for model in listed(get_settings()):
        table.add_row(model.sense, model.fingerprint)
    Console().print(table)


@models.command()
@click.option("--force", is_flag=True, help="Make them again even where they are.")
def export(*, force: bool) -> None:
    """Make the files that inference needs."""
    from vision.models import export_all  # noqa: PLC0415

    export_all(get_settings(), force=force)
    click.echo(f"models are in {get_settings().home / 'models'}")


@models.command()
def check() -> None:
    """Say what is missing; exit status 1 when anything is."""
    from vision.models import missing  # noqa: PLC0415

    wrong = missing(get_settings())
    for line in wrong:
        click.secho(line, fg="red")
    raise SystemExit(1 if wrong else 0)
