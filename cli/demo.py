"""`omma demo`: from nothing to a first answer."""

import importlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.console import Console

from engine.installation import paths_of
from engine.settings import Settings, get_settings

EXAMPLE_WORDS = "bird"
EXAMPLE_FOLDER = "animals/birds"  # of the corpus: the first picture in it is the example
SHARED_LIBRARIES = ("celery.bin.worker", "workers.tasks", "workers.runtime", "vision.models")  # with what these import
console = Console(highlight=False)


@click.command()
def demo() -> None:
    """Set up, start, index the demo corpus, answer two questions, print the page's address."""
    from cli.services import address  # noqa: PLC0415

    settings, started = get_settings(), time.monotonic()
    folder = prepare(settings)
    index(settings)
    ask(settings, folder)
    console.print(f"\nReady after {time.monotonic() - started:.0f} s. The page: [bold]{address(settings)}[/]")
    console.print("`./omma down` stops everything; `./omma ingest FOLDER` adds pictures of your own.")


def prepare(settings: Settings) -> Path:
    """Fetch server and corpus, export the models, start the services, as much as possible at once; return the corpus' folder.

    Services that load models wait for those that are being exported.
    """
    from cli.services import start  # noqa: PLC0415
    from engine import demo_corpus  # noqa: PLC0415
    from engine.embedded.artifacts import ensure_server  # noqa: PLC0415

    with ThreadPoolExecutor(3) as pool:
        with console.status("fetching OpenSearch, the demo corpus and the models"):
            engine = pool.submit(lambda: None if settings.opensearch_url else ensure_server(paths_of(settings).root))
            corpus = pool.submit(demo_corpus.ensure, settings)
            import_libraries()
            models = pool.submit(export_models, settings)
            engine.result()
        start(settings)
        with console.status("waiting for the demo corpus and the models"):
            models.result()
            return corpus.result()


def import_libraries() -> None:
    """Import what `index` needs before the services start.

    Their libraries are the same: on a new machine they are compiled here once, and not by each service at the same time.
    """
    for name in SHARED_LIBRARIES:
        importlib.import_module(name)


def export_models(settings: Settings) -> None:
    """Make the files that models need, once per machine."""
    from vision.models import export_all  # noqa: PLC0415  (imports model libraries)

    export_all(settings)


def index(settings: Settings) -> None:
    """Ingest the demo corpus with a progress bar; pictures that are indexed already are not extracted again."""
    from cli.ingest import outcome_of, run  # noqa: PLC0415
    from engine.connections import Context  # noqa: PLC0415
    from ingest.sources import open_source  # noqa: PLC0415

    progress = run(open_source("demo", collection="demo", settings=settings), Context(settings))
    click.echo(outcome_of(progress))


def ask(settings: Settings, folder: Path) -> None:
    """One question by picture, one by words."""
    from cli.search import Question, answered, print_answer  # noqa: PLC0415

    picture = next(iter(sorted((folder / EXAMPLE_FOLDER).rglob("*.png"))), None) or next(folder.rglob("*.png"))
    console.print(f"\n[bold]Like the picture {picture.relative_to(folder)}[/]")
    print_answer(answered(Question(image=picture.read_bytes(), number=8), settings))
    console.print(f"\n[bold]By the words “{EXAMPLE_WORDS}”[/]")
    print_answer(answered(Question(text=EXAMPLE_WORDS, number=8), settings))
