"""The order of the candidates, and where the irrelevant tail begins."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from query.answer import Cutoff
from query.grouping import find_duplicates, pairs
from query.run import Run
from query.sltr import in_engine
from ranking import cutoff
from ranking.candidate_set import CandidateSet
from ranking.interleaving import TEAMS, team_draft
from ranking.learning.learned import Learned
from ranking.order import Ranked, Ranker
from ranking.selection import Selection

PAGING = {"page", "number", "dsl", "no_cutoff", "image"}


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a question before anything is put in order.

    `proposals` are ids by column, best first; of all of them fusion takes the `chosen`, and the cut leaves `kept`.
    """

    candidate_set: CandidateSet
    proposals: Mapping[str, Sequence[str]]
    chosen: Sequence[str]
    kept: Sequence[str]
    took: Mapping[str, float]


def limits(run: Run) -> dict[str, float]:
    """What a document must reach in at least one column."""
    features = {feature.name: feature for factor, _ in run.columns.values() for feature in factor.features}
    return cutoff.limits(run.candidate_set.table, run.thresholds, features)


def supported(run: Run) -> set[str]:
    """The documents for which some feature gives evidence; all of them where no feature of the question is calibrated."""
    table = run.candidate_set.table
    if not cutoff.is_calibrated(table, run.thresholds):
        return set(table)
    reached = limits(run)
    return {document for document, values in table.items() if cutoff.supported(values, reached)}


def order(run: Run) -> None:
    """By the model in use, or by rank fusion; where two ranker_selector are compared, by both in turn."""
    run.candidate_set = candidate_set(run)
    selection = run.ranker_selector.choose() if run.ranker_selector else Selection()
    run.warnings += [line for line in (selection.warning, run.ranker_selector.news() if run.ranker_selector else "") if line]
    first, ranker = (
        in_engine(run, selection.model) if selection.in_engine and selection.model else _ordered(run, selection.model)
    )
    if selection.compared:
        _interleave(run, (first, ranker), _ordered(run, selection.challenger))
    else:
        run.ranked, run.ranker_name = first, "sltr" if selection.in_engine and ranker is selection.model else ranker.name
        run.rankers_used = dict.fromkeys(run.candidate_set.table, ranker)


def _ordered(run: Run, model: Learned | None) -> tuple[list[Ranked], Ranker]:
    """By a model; by rank fusion where there is none, or where it fails."""
    if model is None:
        return run.fusion.order(run.candidate_set), run.fusion
    begun = time.perf_counter()
    try:
        ranked = model.order(run.candidate_set)
    except Exception as error:  # whatever is wrong with a model, there is an order without it
        run.warnings.append(f"results are in the order of rank fusion: model {model.name} failed ({error})")
        return run.fusion.order(run.candidate_set), run.fusion
    if run.ranker_selector:
        run.ranker_selector.took(model.name, 1000 * (time.perf_counter() - begun))
    return ranked, model


def _interleave(run: Run, ours: tuple[list[Ranked], Ranker], theirs: tuple[list[Ranked], Ranker]) -> None:
    """Team draft: the ranker_selector take turns in choosing; the same question is drafted alike all day, so that pages
    agree.
    """
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


def candidate_set(run: Run) -> CandidateSet:
    """The table as ranker_selector see it, in the order in which candidates were proposed."""
    run.alike = find_duplicates(run)
    proposed = [document for document in run.candidates if document in run.rows]
    return CandidateSet(
        table={document: dict(run.rows[document].values) for document in proposed},
        query_features=run.query_features,
        fusion_config=run.fusion.fusion_config,
        duplicate_pairs=pairs(run.alike),
    )


def apply_cutoff(run: Run) -> None:
    """Leave out what no column gives evidence for. Whoever has all required words is relevant by that."""
    if run.request.no_cutoff or run.question.words.must:
        return
    reached, found = limits(run), supported(run)
    kept = [ranked for ranked in run.ranked if ranked.id in found]
    run.cutoff = Cutoff(
        thresholds=reached,
        removed=len(run.ranked) - len(kept),
        rule=run.thresholds.rule if run.thresholds else "",
        calibrated_on=run.thresholds.data if run.thresholds else "",
    )
    run.ranked = kept
