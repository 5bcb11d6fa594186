"""The order of the candidates, and where the irrelevant tail begins."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from query.answer import Cut
from query.grouping import compare, pairs
from query.run import Run
from query.sltr import in_engine
from ranking import cut
from ranking.choice import Choice
from ranking.interleaving import TEAMS, team_draft
from ranking.learning.learned import Learned
from ranking.listing import Listing
from ranking.order import Ranked, Ranker

PAGING = {"page", "number", "dsl", "uncut", "image"}


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a question before anything is put in order.

    `proposals` are ids by column, best first; of all of them fusion takes the `chosen`, and the cut leaves `kept`.
    """

    listing: Listing
    proposals: Mapping[str, Sequence[str]]
    chosen: Sequence[str]
    kept: Sequence[str]
    took: Mapping[str, float]


def limits(run: Run) -> dict[str, float]:
    """What a document must reach in at least one column."""
    telling = {clause.name for clause in run.clauses() if clause.is_evidence}
    return cut.limits(run.listing.table, run.thresholds, telling)


def evident(run: Run) -> set[str]:
    """The documents for which some column gives evidence."""
    reached = limits(run)
    return {document for document, values in run.listing.table.items() if cut.evident(values, reached)}


def order(run: Run) -> None:
    """By the model in use, or by rank fusion; where two rankers are compared, by both in turn."""
    run.listing = listing(run)
    choice = run.rankers.choose() if run.rankers else Choice()
    if choice.warning:
        run.warnings.append(choice.warning)
    first, ranker = in_engine(run, choice.model) if choice.in_engine and choice.model else _ordered(run, choice.model)
    if choice.compared:
        _interleave(run, (first, ranker), _ordered(run, choice.challenger))
    else:
        run.ranked, run.ranker_name = first, "sltr" if choice.in_engine and ranker is choice.model else ranker.name
        run.rankers_used = dict.fromkeys(run.listing.table, ranker)


def _ordered(run: Run, model: Learned | None) -> tuple[list[Ranked], Ranker]:
    """By a model; by rank fusion where there is none, or where it fails."""
    if model is None:
        return run.fusion.order(run.listing), run.fusion
    begun = time.perf_counter()
    try:
        ranked = model.order(run.listing)
    except Exception as error:  # whatever is wrong with a model, there is an order without it
        run.warnings.append(f"results are in the order of rank fusion: model {model.name} failed ({error})")
        return run.fusion.order(run.listing), run.fusion
    if run.rankers:
        run.rankers.took(model.name, 1000 * (time.perf_counter() - begun))
    return ranked, model


def _interleave(run: Run, ours: tuple[list[Ranked], Ranker], theirs: tuple[list[Ranked], Ranker]) -> None:
    """Team draft: the rankers take turns in choosing; the same question is drafted alike all day, so that pages agree."""
    day = datetime.now(UTC).date().isoformat()
    asked = f"{day} {run.asked.picture} {run.request.model_dump_json(exclude=PAGING)}"
    seed = int(hashlib.sha256(asked.encode()).hexdigest()[:8], 16)
    sides = {TEAMS[0]: ours, TEAMS[1]: theirs}
    drafted = team_draft([ranked.id for ranked in ours[0]], [ranked.id for ranked in theirs[0]], seed)
    by_id = {team: {ranked.id: ranked for ranked in ranked_list} for team, (ranked_list, _) in sides.items()}
    run.ranked = [by_id[team][document] for document, team in drafted]
    run.teams = dict(drafted)
    run.rankers_used = {document: sides[team][1] for document, team in drafted}
    run.ranker_name = f"{ours[1].name}|{theirs[1].name}"


def listing(run: Run) -> Listing:
    """The table as rankers see it, in the order in which candidates were proposed."""
    run.alike = compare(run)
    proposed = [document for document in run.candidates if document in run.rows]
    return Listing(
        table={document: dict(run.rows[document].values) for document in proposed},
        facts=run.facts,
        weighing=run.fusion.weighing,
        twins=pairs(run.alike),
    )


def trim(run: Run) -> None:
    """Leave out what no column gives evidence for. Whoever has all required words is relevant by that."""
    if run.request.uncut or run.question.words.must:
        return
    reached, found = limits(run), evident(run)
    kept = [ranked for ranked in run.ranked if ranked.id in found]
    run.cut = Cut(
        thresholds=reached,
        removed=len(run.ranked) - len(kept),
        rule=run.thresholds.rule if run.thresholds else "",
        calibrated_on=run.thresholds.data if run.thresholds else "",
    )
    run.ranked = kept
