"""The pages in docs/measurements: a template filled with measured figures, beside the same figures as JSON.

`evaluation/templates/<name>.md` is the page `<name>.md`; everything in it comes from `<name>.json`, so that a page can be
written again without measuring again.
"""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.connections import connect, guard
from engine.settings import Settings
from evaluation.datasets import MIN_WORD_LETTERS
from factors.text import TRASH
from ranking.learning.measures import NAMES, RELEVANT

Json = dict[str, Any]
DOCS = Path(__file__).resolve().parents[1] / "docs"
MEASUREMENTS = DOCS / "measurements"
TEMPLATES = Path(__file__).parent / "templates"
MAX_MISTAKES = 12  # of the trash filter, on its page; the JSON has all


def write(name: str, figures: Mapping[str, Any]) -> list[Path]:
    """Write `docs/measurements/<name>.md` and `<name>.json`; return both paths. Dataclasses become JSON objects."""
    stored = json.dumps(figures, indent=2, default=asdict) + "\n"
    paths = [MEASUREMENTS / f"{name}.md", MEASUREMENTS / f"{name}.json"]
    for path, text in zip(paths, (render(name, json.loads(stored)), stored), strict=True):
        path.write_text(text)
    return paths


def render(name: str, figures: Mapping[str, Any]) -> str:
    """The Markdown page (or part of one) `name`; jinja2.UndefinedError if the figures lack a value that it shows."""
    return _environment().get_template(f"{name}.md").render(figures)


def surroundings(settings: Settings) -> dict[str, str]:
    """Date, machine and versions of a measurement: figures of different machines must not be compared."""
    with guard():
        engine = str(connect(settings).info()["version"]["number"])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {memory >> 30} GiB, {platform.machine()}",
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
        "opensearch": engine,
    }


def listed(facts: Mapping[str, object]) -> str:
    """Names and values in one line."""
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _environment() -> Environment:
    """Filters and constants of the templates. Markdown is not escaped: the figures are our own."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False,  # noqa: S701
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    made.filters |= {"number": _number, "cells": _cells, "listed": listed, "distinct_mistakes": _distinct_mistakes}
    made.globals |= {"measures": NAMES, "relevant": RELEVANT, "trash_weight": TRASH, "word_letters": MIN_WORD_LETTERS}
    return made


def _number(value: float, spec: str = ",.3g") -> str:
    """A number by a format specification of Python."""
    return format(value, spec)


def _cells(names: Iterable[str], values: Mapping[str, float | None], spec: str) -> str:
    """The values of these names as neighbouring cells of a table row; a value that is missing leaves its cell empty."""
    return " | ".join(_cell(values[name], spec) if name in values else "" for name in names)


def _cell(value: float | None, spec: str) -> str:
    """A dash for None, the share of an empty set."""
    return "–" if value is None else format(value, spec)


def _distinct_mistakes(wrong: Iterable[Json]) -> list[Json]:
    """The first mistake of each site, kind, label and reason."""
    found: dict[tuple[str, ...], Json] = {}
    for one in wrong:
        found.setdefault((one["site"], one["kind"], one["why"], one["reason"]), one)
    return list(found.values())[:MAX_MISTAKES]
