"""`omma up | down | status | doctor | logs`: the services of this machine."""

import json
import subprocess
import sys
from dataclasses import asdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from cli import terminal
from engine.errors import ConfigurationError
from engine.installation import paths_of
from engine.settings import Settings, get_settings

if TYPE_CHECKING:
    from engine.doctor import Finding
    from web.services import Status

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
    """Print a warning for each variable that begins with OMMA_ and is not a setting."""
    from engine import doctor as examination  # noqa: PLC0415

    for finding in examination.warnings():
        click.echo("\n".join(terminal.paragraph(f"warning: {finding.text}", 0)))


def start(settings: Settings) -> None:
    """Start the services that do not run, and wait until all answer."""
    from engine import supervision  # noqa: PLC0415  (here and below: --help needs no servers' libraries)

    with console.status("starting services") as status:
        started = supervision.up(settings)
        supervision.wait(settings, lambda name: status.update(f"waiting for {name}"))
    console.print(f"started {', '.join(started)}" if started else "all services were running")


def address(settings: Settings) -> str:
    """The address of the page."""
    return f"http://{settings.web_host}:{settings.web_port}/"


@click.command()
def down() -> None:
    """Stop everything that `omma up` started, and nothing else."""
    from engine import supervision  # noqa: PLC0415

    with console.status("stopping services"):
        ran = supervision.down(get_settings())
    console.print("stopped" if ran else "nothing was running")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(*, as_json: bool) -> None:
    """Show services, documents and queues; exit status 1 when a service is not running."""
    from engine import supervision  # noqa: PLC0415

    settings = get_settings()
    services = supervision.states(settings)
    figures = _figures(settings)
    if as_json:
        click.echo(json.dumps({"services": services, **figures.model_dump(), "address": address(settings)}, indent=2))
    else:
        rows = [(name, _figure_text(figure)) for name, figure in figures]
        lines = list(terminal.columns_of([*((name, state.lower()) for name, state in services.items()), *rows]))
        for line, state in zip_longest(lines, services.values(), fillvalue=""):
            click.secho(line, fg={"RUNNING": "green", "": None}.get(state, "red"))
        click.echo(f"page: {address(settings)}" if services else "nothing runs; `./omma up` starts it")
    sys.exit(0 if services and set(services.values()) == {"RUNNING"} else 1)


def _figures(settings: Settings) -> "Status":
    """The figures of the running page; those of the servers themselves where no page runs."""
    from cli.page import running_page  # noqa: PLC0415
    from web.services import Status  # noqa: PLC0415

    if page := running_page(settings):
        return page.get("status", Status)
    from engine.connections import Context  # noqa: PLC0415
    from web.wiring import status as of_servers  # noqa: PLC0415

    return of_servers(Context(settings))


def _figure_text(figure: Any) -> str:
    """A number, numbers by name, lines, or a text."""
    if figure is None:
        return "unknown: its server does not answer"
    if isinstance(figure, str):
        return figure
    if isinstance(figure, list):
        return "; ".join(figure) or "none"
    return ", ".join(f"{name} {n:,}" for name, n in figure.items()) or "none" if isinstance(figure, dict) else f"{figure:,}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(*, as_json: bool) -> None:
    """Check every part, and say how to repair those that are missing or wrong; exit status 1 when there are any."""
    from engine import doctor as examination  # noqa: PLC0415

    found = []
    for finding in examination.examine(get_settings(), {"models": _models, "plugins": _plugins}):
        found.append(finding)
        if not as_json:
            mark = _mark(finding)
            first, *more = terminal.paragraph(f"{finding.name}: {finding.text}", len("warning "))
            click.echo("\n".join([f"{mark} {first.strip()}", *more]))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False))
    sys.exit(0 if all(finding.well for finding in found) else 1)


def _mark(finding: "Finding") -> str:
    """The first word of a finding's line, as wide as `warning`."""
    if finding.warning:
        return click.style("warning", fg="yellow")
    return click.style("well   ", fg="green") if finding.well else click.style("wrong  ", fg="red")


def _models(settings: Settings) -> str:
    from vision.models import listed, missing  # noqa: PLC0415  (imports model libraries)

    wrong = missing(settings)
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    models = listed(settings)
    off = [f"{model.extractor} ({model.off})" for model in models if model.off]
    counted = f"{len(models) - len(off)} extractors of profile {settings.profile}"
    return f"{counted}; off: {', '.join(off)}" if off else counted


def _plugins(settings: Settings) -> str:
    from engine.connections import Context  # noqa: PLC0415
    from factors.registry import FactorRegistry  # noqa: PLC0415
    from ingest.sources.registry import sources  # noqa: PLC0415
    from workers.overview import left_out  # noqa: PLC0415  (the rooms above are only needed here)

    if wrong := left_out(Context(settings)):
        raise ConfigurationError("; ".join(wrong))
    return f"{len(FactorRegistry.of(settings).every)} factors, {len(sources(settings))} sources"


@click.command()
@click.argument("service", required=False, type=click.Choice(SERVICES))
@click.option("-f", "--follow", is_flag=True, help="Print new lines as they are written.")
@click.option("-n", "--lines", default=50, show_default=True, help="Number of last lines of each log.")
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
