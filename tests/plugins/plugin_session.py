"""One installation's work with a plugin, in a process that sees the plugin; the outcome goes to `session.json`.

Usage: plugin_session.py FOLDER, the folder in which `index_images.py` drew and indexed the collection.
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from cli import reference
from cli.main import main
from engine.connections import Context
from engine.settings import get_settings
from evaluation.evaluation_set import evaluation_sets
from ingest.item import Item
from ingest.sources import open_source
from query.document import show
from query.request import SearchRequest
from query.search import Searcher
from ranking.learning.models import Models
from web.app import create_app
from workers.overview import left_out
from workers.runtime import make_runtime


def omma(*arguments: str) -> None:
    """A command of the command line; its output goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr):
        main(list(arguments), standalone_mode=False)


def search(image: Path) -> dict[str, Any]:
    """The first answers to one question: of a fresh service, and the next one."""
    searcher = Searcher(Context(get_settings()))
    first = searcher.search(SearchRequest(image=image.read_bytes(), number=10))
    second = searcher.search(SearchRequest(image=image.read_bytes(), number=10))
    return {
        "ranker": first.ranker, "removed": first.cutoff.removed, "warnings": first.warnings, "again": second.warnings,
        "ids": [result.id for result in first.results], "values": [dict(result.factors) for result in first.results],
        "why": [{why.factor: why.text for why in result.why} for result in first.results],
    }  # fmt: skip


def read_source(address: str) -> dict[str, Any]:
    """Index what a source gives; its collection."""
    source = open_source(address, settings=get_settings())
    found = list(source.items())
    items = [item for item in found if isinstance(item, Item)]
    progress = make_runtime(get_settings()).process_now(items, source.spec, source.collection)
    return {"indexed": progress.indexed, "refused": len(found) - len(items), "collection": source.collection}


def learn(folder: Path) -> dict[str, Any]:
    """Train on judgements generated from the collection; the new model's features.

    Two copies of every image: of few questions, by chance none would be on the validation side.
    """
    logs = []
    for seed in ("1", "2"):
        questions, log = str(folder / f"questions-{seed}"), str(folder / f"candidates-{seed}.jsonl")
        omma("rank", "generate", questions, "--number", "36", "--seed", seed)
        omma("rank", "collect", log, "--questions", questions)
        logs += ["--candidate-log", log]
    omma("rank", "train", *logs, "--keep")
    models = Models(get_settings())
    card = next(card for card in models.list() if card.id != models.packaged())
    return {"columns": list(card.recipe.features.columns), "parent": card.parent}


def session(folder: Path) -> dict[str, Any]:
    """Everything, in the order of an installation's life."""
    settings, asked = get_settings(), folder / "asked.jpg"
    omma("reindex")
    found: dict[str, Any] = {"left_out": left_out(Context(settings)), "search": search(asked)}
    found["read"] = read_source("gradients:left,right,up")
    first = found["search"]["ids"][0]
    found["described"] = {part.title: part.items[0].text for part in show(Context(settings), first).descriptions}
    found["page"] = create_app(settings).test_client().get(f"/picture/{first}").text
    found["docs"] = reference.factors_here(settings)
    found["sets"] = sorted(evaluation_sets(settings))
    found["packaged"] = Models(settings).packaged()
    found["learned"] = learn(folder)
    return found


if __name__ == "__main__":
    work = Path(sys.argv[1])
    (work / "session.json").write_text(json.dumps(session(work)))
