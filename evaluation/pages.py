"""The pages that benchmarks and evaluations write, from their figures."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluation.report import table, told

Json = dict[str, Any]

BENCH = """\
# Benchmarks

*Written by `omma bench`; run it again to write it anew.*

{surroundings}.

## Ingest

{pictures} pictures of {source}, {rounds} rounds of each in turn, {processes} processes. *Models alone* looks at pictures that
are already decoded and does nothing else; *ingest* is everything from reading the folder to the last document.

{ingest}

## More like this

{documents} documents, {questions} questions, each asked in every way in changing order.

{like}

Median milliseconds of its stages: {stages}.

## Search by upload

{questions} pictures that were never seen before.

{upload}
"""

QUALITY = """\
# Quality

*Written by `omma evaluate --data FOLDER`; run it again to write it anew.* The data sets are no part of this repository.

{surroundings}.

{table}

Success@k: the share of questions with a right answer among the first k. P@k: the share of right ones among the first k. RR: the
reciprocal rank of the first right one. All without the cut of the irrelevant tail; milliseconds are the median of a search
without the time for looking at its picture. How well the cut tells related from unrelated is in
[`ranking/thresholds-{profile}.json`](../ranking/thresholds-{profile}.json), written by `omma calibrate`.
"""


def benchmarks(figures: Json) -> str:
    """docs/benchmarks.md."""
    ingest, head = figures["ingest"], ("models alone, pictures/s", "ingest, pictures/s", "overhead")
    rate = (ingest["models_alone_per_s"], ingest["ingest_per_s"], f"{ingest['overhead']:.1%}")
    return BENCH.format(
        surroundings=told(figures["surroundings"]),
        documents=f"{figures['documents']:,}",
        questions=figures["questions"],
        stages=told(figures["stages_ms"]),
        ingest=table(head, [rate]),
        like=_likes(figures["like"]),
        upload=_uploads(figures["upload"]),
        **{name: ingest[name] for name in ("pictures", "source", "rounds", "processes")},
    )


def quality(surroundings: Mapping[str, str], rows: Iterable[Json], profile: str) -> str:
    """docs/quality.md."""
    return QUALITY.format(surroundings=told(surroundings), table=quality_table(rows), profile=profile)


def quality_table(rows: Iterable[Json]) -> str:
    """One line per question set and configuration."""
    head = ("set", "what is asked", "questions", "documents", "configuration", "figures", "ms")
    return table(head, [_quality_row(row) for row in rows])


def _likes(rows: Sequence[Json]) -> str:
    cells = [(row["what"], row["p50_ms"], row["p95_ms"], f"{row['times']:.2f}") for row in rows]
    return table(("what", "p50, ms", "p95, ms", "times the k-NN request with what a page shows"), cells)


def _uploads(parts: Json) -> str:
    return table(("part", "p50, ms", "p95, ms"), [(name, part["p50_ms"], part["p95_ms"]) for name, part in parts.items()])


def _quality_row(row: Json) -> list[object]:
    figures = ", ".join(f"{name} {value}" for name, value in row["measures"].items())
    told = (row["set"], row["about"], row["questions"], row["documents"], row["configuration"], figures)
    return [*told, row.get("ms_without_looking", "")]
