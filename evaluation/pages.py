"""The pages that benchmarks and evaluations write, from their figures."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from evaluation import datasets
from evaluation.ablation import Curve, Step
from evaluation.compare import Comparison, Row
from evaluation.costs import Cost
from evaluation.report import listed, table
from ranking.learning.measures import NAMES, RELEVANT

Json = dict[str, Any]

BENCH = """\
# Benchmarks

*Written by `omma bench`; run it again to write it anew.*

{surroundings}.

## Ingest

{pictures} pictures of {source}, {rounds} rounds of each in turn, {processes} processes. *Models alone* looks at pictures that
are already decoded and does nothing else; *ingest* is everything from reading the folder to the last document.

{ingest}

{extractors}

The extractors' times are those of *models alone*: milliseconds per image in one process, while all of them look.

## More like this

{documents} documents, {questions} questions, each asked in every way in changing order.

{like}

Median milliseconds of its stages: {stages}.

## Putting candidates in order

{ordering_questions} questions like this one, {candidates} candidates each (median): what the order costs beside the request for
the factor table, which is one request for all candidates and factors.

{ordering}

## Search by upload

{questions} pictures that were never seen before.

{upload}
"""

QUALITY = """\
# Quality

*Written by `omma evaluate --data FOLDER`; run it again to write it anew.* The data sets are no part of this repository.

{surroundings}.

One collection of {documents:,} pictures{part}: shop photos and a catalogue of groceries, garments, everyday photos, receipts,
signs, and the demo corpus. {questions:,} questions that no model learned from. *Alone* is one factor with its own
candidates in its own order. The two requests for candidates and the factor table take {requests:.1f} ms (median).

## Factor by factor

{costs}

*Own task* is the question set that is the factor's own (in brackets: no set is, and this one it answers best alone),
*alone* the factor's value there with nothing but its own candidates and order, *best other* the single factor that does
best of the others. *ms per image* is the time of all extractors that the factor reads and of those that must look before them;
*of these its own*, of those that no other factor needs: what leaving it out would save. *Index* is what a document takes on
disk with this factor's fields alone, merged to one segment; *source* what these fields are as JSON.

{tables}

NDCG@10 goes by all grades; the other measures count grades of {relevant} and more as right. *Change* is that of NDCG@10
against {baseline}, with 95 % of the bootstrap's means over questions, and p of a paired t-test. *Found* is the share of
right pictures among the candidates, which no order can make up for. *Empty* is the share of answers that the cut leaves
empty, *left* the median number of results that it leaves (in *nothing relevant* all of them are wrong). *ms* is the median
time of putting candidates in order. How well the cut tells related from unrelated is in
[`ranking/thresholds-packaged.json`](../../ranking/thresholds-packaged.json), written by `omma calibrate`.

## Reading

{reading}
"""

ABLATION = """\
# More factors, more quality

*Written by `omma evaluate --data FOLDER --ablation`; run it again to write it anew.*

{surroundings}.

![NDCG@10 by number of factors](../images/more-factors.svg)

Factors are added the strongest first; each row is a model trained anew on what its factors propose and say, measured on
{questions:,} held-out questions of all sets together.

{added}

The same with all factors but one:

{dropped}
"""


def benchmarks(figures: Json) -> str:
    """docs/measurements/benchmarks.md."""
    ingest = figures["ingest"]
    head = (
        "sum of the extractors' times, pictures/s",
        "models alone, pictures/s",
        "ingest with all extractors, pictures/s",
        "overhead",
    )
    whole = 1000 * ingest["processes"] / max(sum(row["ms"] for row in ingest["extractors"]), 1e-9)
    rate = (round(whole, 2), ingest["models_alone_per_s"], ingest["ingest_per_s"], f"{ingest['overhead']:.1%}")
    return BENCH.format(
        surroundings=listed(figures["surroundings"]),
        documents=f"{figures['documents']:,}",
        questions=figures["questions"],
        stages=listed(figures["stages_ms"]),
        ingest=table(head, [rate]),
        extractors=_extractors(ingest["extractors"]),
        like=_likes(figures["like"]),
        upload=_uploads(figures["upload"]),
        ordering=_uploads(figures["ordering"]["times"]),
        ordering_questions=figures["ordering"]["questions"],
        candidates=figures["ordering"]["candidates"],
        **{name: ingest[name] for name in ("pictures", "source", "rounds", "processes")},
    )


def quality(comparison: Comparison, facts: Json, reading: Json, costs: Sequence[Cost]) -> str:
    """docs/measurements/quality.md; `facts`: surroundings, documents, requests (ms), abouts (by set)."""
    figures = {name: facts[name] for name in ("documents", "requests")}
    figures["part"] = f" (one in {every} of the large sets, and of the questions)" if (every := facts["every"]) > 1 else ""
    return QUALITY.format(
        surroundings=listed(facts["surroundings"]), tables=tables(comparison, facts["abouts"]), costs=factors(costs),
        baseline=comparison.baseline, relevant=RELEVANT,
        questions=max(row.questions for row in comparison.rows), reading=_reading(reading), **figures,
    )  # fmt: skip


def tables(comparison: Comparison, abouts: Mapping[str, str]) -> str:
    """A table per question set."""
    groups = groupby(comparison.rows, key=lambda row: row.set)
    return "\n\n".join(_group(name, list(rows), abouts.get(name, "")) for name, rows in groups)


def factors(costs: Sequence[Cost]) -> str:
    """A row per factor: its own task, and what it costs."""
    head = (
        "factor", "own task", "measure", "alone", "best other", "ms per image", "of these its own", "index, bytes",
        "source, bytes",
    )  # fmt: skip
    return table(head, [_cost(cost) for cost in costs])


def ablation(curve: Curve, surroundings: Mapping[str, str]) -> str:
    """docs/measurements/ablation.md."""
    head = ("factor", "NDCG@10", "95 % of means", "change", "p")
    added, dropped = ([_step(step, sign) for step in steps] for steps, sign in ((curve.added, "+"), (curve.dropped, "−")))
    return ABLATION.format(
        surroundings=listed(surroundings), questions=curve.questions, added=table(head, added), dropped=table(head, dropped)
    )


def _cost(cost: Cost) -> list[str]:
    worth = cost.worth
    task = ["", "", "", ""]
    if worth:
        other = f"{worth.other} {worth.other_value:.3f}" if worth.other else ""
        task = [f"({worth.set})" if worth.chosen else worth.set, worth.measure, f"{worth.value:.3f}", other]
    return [cost.factor, *task, f"{cost.ms:.1f}", f"{cost.own_ms:.1f}", f"{cost.index:,.0f}", f"{cost.source:,.0f}"]


def _group(name: str, rows: Sequence[Row], about: str) -> str:
    """One question set: a line per configuration."""
    head = ("configuration", *NAMES, "change", "p", "found", "empty", "left", "ms")
    lead = f"## {name[:1].upper()}{name[1:]}\n\n{rows[0].questions:,} questions. {about}".rstrip()
    return f"{lead}\n\n{table(head, [_row(row) for row in rows])}"


def _row(row: Row) -> list[str]:
    means = [f"{row.means[name]:.3f}" if row.means else "" for name in NAMES]
    against = row.against
    change = f"{against.change:+.3f} ({against.low:+.3f} to {against.high:+.3f})" if against else ""
    found = f"{row.recall:.3f}" if row.means else ""
    rest = [f"{against.p:.2g}" if against else "", found, f"{row.zero:.3f}", f"{row.left:g}", f"{row.milliseconds:.2f}"]
    return [row.configuration, *means, change, *rest]


def _step(step: Step, sign: str) -> list[str]:
    against = step.against
    change = [f"{against.change:+.4f}", f"{against.p:.2g}"] if against else ["", ""]
    return [f"{sign} {step.factor}", f"{step.mean:.4f}", f"{step.low:.4f} to {step.high:.4f}", *change]


def _reading(reading: Json) -> str:
    if not reading:
        return "No receipts were there to read."
    words = f"the words of {datasets.LONG} letters or more"
    return f"{reading['recall']:.1%} of {words} of {reading['scans']} scanned receipts were read."


def _extractors(rows: Sequence[Json]) -> str:
    """Time of each extractor, and of all of them one after another."""
    cells = [(row["extractor"], f"{row['ms']:.1f}", f"{row['share']:.1%}") for row in rows]
    return table(("extractor", "ms per image", "share"), [*cells, ("all", f"{sum(row['ms'] for row in rows):.1f}", "100%")])


def _likes(rows: Sequence[Json]) -> str:
    cells = [(row["what"], row["p50_ms"], row["p95_ms"], f"{row['times']:.2f}") for row in rows]
    return table(("what", "p50, ms", "p95, ms", "times the k-NN request with what a page shows"), cells)


def _uploads(parts: Json) -> str:
    return table(("part", "p50, ms", "p95, ms"), [(name, part["p50_ms"], part["p95_ms"]) for name, part in parts.items()])
