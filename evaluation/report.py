"""What was measured, written where readers look: a page for people, and the figures as JSON."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.client import connect, guard
from engine.settings import Settings

Json = dict[str, Any]
DOCS = Path(__file__).resolve().parents[1] / "docs"
MEASUREMENTS = DOCS / "measurements"


def write(name: str, page: str, figures: Json) -> list[Path]:
    """`docs/measurements/<name>.md` and `docs/measurements/<name>.json`."""
    paths = [MEASUREMENTS / f"{name}.md", MEASUREMENTS / f"{name}.json"]
    for path, text in zip(paths, (page, json.dumps(figures, indent=2, default=asdict) + "\n"), strict=True):
        path.write_text(text)
    return paths


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def surroundings(settings: Settings) -> dict[str, str]:
    """Where it was measured: figures of different machines must not be compared."""
    with guard():
        engine = str(connect(settings).info()["version"]["number"])
    return {
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {_memory() >> 30} GiB, {platform.machine()}",
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
        "opensearch": engine,
    }


def listed(facts: Mapping[str, str]) -> str:
    """Surroundings in one line."""
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _cell(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
