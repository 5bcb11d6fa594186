"""What was measured, written where readers look: a page, the figures as JSON, and one HTML file with pictures."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from engine.connections import connect, guard
from engine.errors import NotFoundError
from engine.settings import Settings
from evaluation.asking import Asked, small
from evaluation.compare import Comparison
from ranking.judgements.judgement import BEST
from ranking.learning.measures import NAMES

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


CASES, RESULTS = 8, 6
LEAST = 0.05  # NDCG@10 by which a question must differ to be shown
Thumbnail = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Shown:
    """A result in a list."""

    id: str
    picture: str
    grade: int

    @property
    def mark(self) -> str:
        """How it is framed."""
        return "right" if self.grade == BEST else "near" if self.grade else ""


@dataclass(frozen=True, slots=True)
class Case:
    """A question, and what two configurations answered."""

    set: str
    words: str
    picture: str
    before: float
    after: float
    lists: list[tuple[str, list[Shown]]]


def page(
    comparison: Comparison, asked: Sequence[Asked], configuration: str, thumbnail: Thumbnail, *, facts: Mapping[str, str],
    abouts: Mapping[str, str],
) -> str:  # fmt: skip
    """The report; `thumbnail` gives the bytes of a document's thumbnail, or raises NotFoundError."""
    cases = sorted(_cases(comparison, asked, configuration, thumbnail), key=lambda case: case.after - case.before)
    losers, winners = cases[:CASES], cases[::-1][:CASES]
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True)
    rows = groupby(comparison.rows, key=lambda row: row.set)
    return environment.get_template("report.html").render(
        comparison=comparison,
        configuration=configuration,
        groups=[(name, list(group)) for name, group in rows],
        measures=NAMES,
        measured=listed(facts),
        abouts=abouts,
        extremes=[
            ("Questions that gained most", [c for c in winners if c.after > c.before]),
            ("Questions that lost most", [c for c in losers if c.after < c.before]),
        ],
    )


def _cases(
    comparison: Comparison, asked: Sequence[Asked], configuration: str, thumbnail: Thumbnail
) -> Iterator[Case]:  # fmt: skip
    """The questions that differ most, in either direction."""
    before, after = (comparison.outcomes[name].figures["NDCG@10"] for name in (comparison.baseline, configuration))
    differing = [one for one in asked if abs(after.get(one.topic, 0.0) - before.get(one.topic, 0.0)) >= LEAST]
    differing.sort(key=lambda one: after[one.topic] - before[one.topic])
    for one in differing if len(differing) <= 2 * CASES else [*differing[:CASES], *differing[-CASES:]]:
        names = (comparison.baseline, configuration)
        lists = [(name, _shown(one, comparison.outcomes[name].orders[one.topic], thumbnail)) for name in names]
        yield Case(one.set, one.words, one.picture, before[one.topic], after[one.topic], lists)


def _shown(one: Asked, order: Sequence[str], thumbnail: Thumbnail) -> list[Shown]:
    return [Shown(i, _picture(i, thumbnail), one.grades.get(i, 0)) for i in order[:RESULTS]]


def _picture(document: str, thumbnail: Thumbnail) -> str:
    """Empty where the store no longer has it."""
    try:
        return small(thumbnail(document))
    except NotFoundError:
        return ""
