"""`omma up | down | status | doctor | logs`: the services of this machine."""

import subprocess
import sys
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine import doctor as examination
from engine import readiness, supervision
from engine.errors import ConfigurationError, OmmaError
from engine.paths import paths_of
from engine.settings import Settings, get_settings

SERVICES = ("opensearch", "redis", "worker-bulk", "worker-interactive", "beat", "web", "supervisord")
console = Console(highlight=False)


@click.command()
def up() -> None:
    """Start the services in the background."""
    settings = get_settings()
    warn()
    start(settings)
    console.print(f"Omma is up: [bold]{address(settings)}[/]")


def warn() -> None:
    """Show variables that look like settings and are none."""
    for finding in examination.warnings():
        console.print(f"[yellow]warning:[/] {escape(finding.text)}", soft_wrap=True)


def start(settings: Settings) -> None:
    """Start what does not run, and wait until everything answers."""
    with console.status("starting services") as status:
        started = supervision.up(settings)
        readiness.wait(settings, lambda name: status.update(f"waiting for {name}"))
    console.print(f"started {', '.join(started)}" if started else "all services were running")


def address(settings: Settings) -> str:
    """Where the page is."""
    return f"http://{settings.web_host}:{settings.web_port}/"


@click.command()
def down() -> None:
    """Stop everything that `omma up` started, and nothing else."""
    with console.status("stopping services"):
        ran = supervision.down(get_settings())
    console.print("stopped" if ran else "nothing was running")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(*, as_json: bool) -> None:
    """Show services, documents and queues; exit status 1 when a service is not running."""
    settings = get_settings()
    services = supervision.states(settings)
    figures = {name: _figure(name, settings) for name in ("documents", "quarantined", "missing", "queues")}
    if as_json:
        click.echo(_dumps({"services": services, **figures, "address": address(settings)}))
    else:
        console.print(_table(services, figures))
        console.print(f"page: {address(settings)}" if services else "nothing runs; `./omma up` starts it")
    sys.exit(0 if services and set(services.values()) == {"RUNNING"} else 1)


def _figure(name: str, settings: Settings) -> Any:
    """A figure, or None where its server does not answer."""
    from workers.overview import FIGURES  # noqa: PLC0415  (the rooms above are only needed here)

    try:
        return FIGURES[name](settings)
    except OmmaError:
        return None


def _dumps(value: Any) -> str:
    import json  # noqa: PLC0415

    return json.dumps(value, indent=2)


def _table(services: dict[str, str], figures: dict[str, Any]) -> Table:
    table = Table("what", "state", box=None)
    for name, state in services.items():
        table.add_row(name, f"[{'green' if state == 'RUNNING' else 'red'}]{state.lower()}[/]")
    for name, figure in figures.items():
        table.add_row(name, "?" if figure is None else _told(figure))
    return table


def _told(figure: Any) -> str:
    """A number, or numbers by name."""
    return ", ".join(f"{name} {n:,}" for name, n in figure.items()) or "none" if isinstance(figure, dict) else str(figure)


@click.command()
def doctor() -> None:
    """Name each missing or wrong part and its mend; exit status 1 when there is one."""
    well = True
    for finding in examination.examine(get_settings(), {"models": _models}):
        well &= finding.well
        mark = "[yellow]warning[/]" if finding.warning else "[green]well [/]" if finding.well else "[red]wrong[/]"
        console.print(f"{mark} {finding.name}: {escape(finding.text)}", soft_wrap=True)
    sys.exit(0 if well else 1)


def _models(settings: Settings) -> str:
    from vision.models import listed, missing  # noqa: PLC0415  (imports model libraries)

    wrong = missing(settings)
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    models = listed(settings)
    off = [f"{model.extractor} ({model.off})" for model in models if model.off]
    told = f"{len(models) - len(off)} extractors of profile {settings.profile}"
    return f"{told}; off: {', '.join(off)}" if off else told


@click.command()
@click.argument("service", required=False, type=click.Choice(SERVICES))
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written.")
@click.option("-n", "--lines", default=50, show_default=True, help="Last lines to show of each.")
def logs(service: str | None, *, follow: bool, lines: int) -> None:
    """Show the end of the services' logs."""
    folder = paths_of(get_settings()).logs
    names = [service] if service else SERVICES
    paths = [path for name in names if (path := folder / f"{name}.log").exists()]
    if not paths:
        raise ConfigurationError("there are no logs yet; `./omma up` starts the services")
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, paths)]
    try:
        sys.exit(subprocess.run(command, check=False).returncode)
    except KeyboardInterrupt:
        sys.exit(0)
