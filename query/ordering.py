"""The order of the candidates, and where the irrelevant tail begins."""

from query.answer import Cut
from query.grouping import compare, pairs
from query.run import Run
from ranking import cut
from ranking.listing import Listing


def order(run: Run) -> None:
    """By the ranker, from the factor table."""
    run.listing = listing(run)
    run.ranked = run.ranker.order(run.listing)


def listing(run: Run) -> Listing:
    """The table as rankers see it, in the order in which candidates were proposed."""
    run.alike = compare(run)
    proposed = [document for document in run.candidates if document in run.rows]
    return Listing(
        table={document: dict(run.rows[document].values) for document in proposed},
        facts=run.facts,
        twins=pairs(run.alike),
    )


def trim(run: Run) -> None:
    """Leave out what no column gives evidence for. Whoever has all required words is relevant by that."""
    if run.request.uncut or run.question.words.must:
        return
    table = run.listing.table
    proposing = {clause.name for clause in run.clauses() if clause.find is not None}
    reached = cut.limits(table, run.thresholds, proposing)
    kept = [ranked for ranked in run.ranked if cut.evident(table[ranked.id], reached)]
    run.cut = Cut(
        thresholds=reached,
        removed=len(run.ranked) - len(kept),
        rule=run.thresholds.rule if run.thresholds else "",
        calibrated_on=run.thresholds.data if run.thresholds else "",
    )
    run.ranked = kept
