"""docs/measurements/local.md, from the figures of evaluation.local."""

from collections.abc import Iterator
from typing import Any

from evaluation.report import listed, table

Json = dict[str, Any]


def page(figures: Json) -> str:
    """The page."""
    return "\n".join(_lines(figures)) + "\n"


def _lines(figures: Json) -> Iterator[str]:
    yield "# Local descriptors"
    yield ""
    yield "*Written by `omma evaluate --local --data FOLDER`; change evaluation/local.py.*"
    yield ""
    yield f"Measured: {listed(figures['surroundings'])}. {figures['documents']} documents; embedding {figures['embedding']}."
    yield ""
    yield from _altered(figures)
    yield from _other_things(figures)
    yield from _packages(figures["packages"])
    yield from _cost(figures)


def _altered(figures: Json) -> Iterator[str]:
    yield "## Altered pictures of the demo corpus"
    yield ""
    yield (
        "Held-out pictures, each altered in every way (evaluation/alterations.py), asked of everything; the picture itself is "
        "right. Share of questions with the right answer first / among the first ten."
    )
    yield ""
    kinds = [*figures["altered"].items(), ("all", figures["altered_all"])]
    yield _recalls(kinds)
    yield ""


def _recalls(rows: list[tuple[str, Json]]) -> str:
    ways = [way for way in rows[0][1] if way != "questions"]
    lines = [
        [kind, row["questions"], *(f"{row[way]['r_at_1']:.2f} / {row[way]['r_at_10']:.2f}" for way in ways)]
        for kind, row in rows
    ]
    return table(["", "questions", *ways], lines)


def _other_things(figures: Json) -> Iterator[str]:
    yield "## Matched points in pictures of something else"
    yield ""
    yield (
        "Share of these questions whose own picture, and in which any other picture, has at least so many matched points. "
        "Other pictures of the corpus that have the same drawing in them count as something else."
    )
    yield ""
    rows = [[least, f"{row['own']:.3f}", f"{row['other']:.3f}"] for least, row in figures["other_things"].items()]
    yield table(["points", "own picture", "any other"], rows)
    yield ""
    rule = figures["landmarks"]
    yield f"A landmark is named from these values on ({rule['rule']}; {rule['data']}):"
    yield ""
    found = [[name, f"{c['value']:.4f}", f"{c['kept']:.3f}", f"{c['passed']:.3f}"] for name, c in rule["columns"].items()]
    yield table(["column", "value", "own picture reaches it", "another one does"], found)
    yield ""


def _packages(found: Json) -> Iterator[str]:
    yield "## Phone photos of packages"
    yield ""
    yield (
        "Photos taken in shops (GroceryStoreDataset, part `val`, of which nothing is ever fitted on) of products in the "
        "catalogue's folder `Packages`, asked of everything; the catalogue's picture of the same product is right. Candidates, "
        "as each factor proposes them:"
    )
    yield ""
    depths = list(next(iter(found["candidates"].values())))
    rows = [[way, *(f"{found['candidates'][way][depth]:.2f}" for depth in depths)] for way in found["candidates"]]
    yield table(["candidates by", *(depth.replace("r_at_", "recall at ") for depth in depths)], rows)
    yield ""
    yield "The answer first / among the first ten:"
    yield ""
    yield _recalls([("packages", found["ways"])])
    yield ""
    sure = found["verified"]
    yield (
        f"Of {sure['pairs']} pictures in which points match, {sure['same_product']:.0%} show the same product and "
        f"{sure['same_maker']:.0%} one of the same maker, whose name and pattern stand on all its packages. "
        f"{sure['photos_with_any']:.0%} of the photos have a picture in which points match, {sure['photos_with_own']:.0%} "
        "their own product's."
    )
    yield ""
    yield f"Products: {', '.join(found['classes'])}."
    yield ""


def _cost(figures: Json) -> Iterator[str]:
    size, took = figures["bytes"], figures["took_ms"]
    yield "## What it costs"
    yield ""
    yield (
        f"A document has {size['points']} points on average: {size['local']} bytes of words and {size['local_points']} bytes "
        f"of points. The median question takes {took['candidates']} ms for candidates, {took['table']} ms for the factor "
        f"table, and {took['checks']} ms for matching points of the best candidates."
    )
