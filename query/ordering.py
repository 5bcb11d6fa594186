"""The order of the candidates, and where the irrelevant tail begins."""

from query.answer import Cut
from query.run import Run
from ranking import cut


def order(run: Run) -> None:
    """By the ranker, from the factor table."""
    run.ranked = run.ranker.order({row.id: row.values for row in run.rows.values()})


def trim(run: Run) -> None:
    """Leave out what no column gives evidence for. Whoever has all required words is relevant by that."""
    if run.request.uncut or run.question.words.must:
        return
    table = {row.id: row.values for row in run.rows.values()}
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
