"""The candidate set of a question, and its order: by a learned model, here or in the engine, or by rank fusion."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.errors import ConfigurationError, OmmaError
from engine.settings import Settings
from factors.base import UNSCORED, Clause
from query.engine_calls import COLUMNS_ONLY, Calls, RefusedError, check_shards, id_of
from query.question import Understood
from query.request import SearchRequest
from query.retrieval import RescoredTable, Row
from ranking.candidate_set import CandidateSet, Ranked, Ranker, columns_of, ranks
from ranking.clicks.interleaving import TEAMS, team_draft
from ranking.fusion import ReciprocalRank
from ranking.learning.learned import Learned
from ranking.plugin.featureset import constants_of, params
from ranking.plugin.upload import STORE, model_name
from ranking.selection import RankerSelector

Json = dict[str, Any]
MAX_SHAPE_DIFFERENCE = 0.04  # relative difference of the aspect ratios of near-duplicates
MIN_SHARED_COLOURS = 0.5  # Jaccard index of the names of their dominant colours
HASH_MASK = (1 << 64) - 1
NOT_INTERLEAVED_BY = {"page", "number", "dsl", "no_cutoff", "image"}  # fields of a request: pages of one answer must agree


class NotRankedError(OmmaError):
    """The engine cannot score by a model; the message says why."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates in order, best first; `name` names the ranker, or both of an interleaving.

    `placed_by` has the ranker of each document, `teams` its team while two rankers are compared.
    """

    candidate_set: CandidateSet
    ranked: Sequence[Ranked]
    name: str
    placed_by: Mapping[str, Ranker]
    teams: Mapping[str, str]


def order(calls: Calls, settings: Settings, understood: Understood, table: RescoredTable, selector: RankerSelector) -> Ranking:
    """By the model in use, or by rank fusion; where two rankers are compared, by both in turn.

    The very picture that is asked with comes first.
    """
    ranking = _by_rankers(calls, settings, understood, table, selector)
    own = understood.own_picture
    return replace(ranking, ranked=sorted(ranking.ranked, key=lambda one: one.id != own)) if own else ranking


def _by_rankers(
    calls: Calls, settings: Settings, understood: Understood, table: RescoredTable, selector: RankerSelector
) -> Ranking:
    candidates = candidate_set(settings, understood, table)
    selection = selector.choose()
    for line in (selection.warning, selector.news()):
        if line:
            calls.warn(line)
    if selection.in_engine and selection.model:
        first, ranker = _in_engine(calls, understood, table, candidates, selection.model)
    else:
        first, ranker = _ordered(calls, understood.fusion, candidates, selector, selection.model)
    if selection.compared:
        second = _ordered(calls, understood.fusion, candidates, selector, selection.challenger)
        return _interleaved(understood, candidates, (first, ranker), second)
    name = "sltr" if selection.in_engine and ranker is selection.model else ranker.name
    return Ranking(candidates, first, name, dict.fromkeys(candidates.table, ranker), {})


def candidate_set(settings: Settings, understood: Understood, table: RescoredTable) -> CandidateSet:
    """The table as rankers read it, in the order in which candidates were proposed."""
    return CandidateSet(
        table={document: dict(row.values) for document, row in table.rows.items()},
        query_features=understood.query_features,
        fusion_config=understood.fusion.fusion_config,
        duplicate_pairs=duplicate_pairs(list(table.rows.values()), settings.duplicate_bits),
    )


def duplicate_pairs(rows: Sequence[Row], bits: int) -> list[tuple[str, str]]:
    """Ids of the candidates that show the same image, each pair once."""
    return [(rows[one].id, rows[other].id) for one, other in np.argwhere(np.triu(same_pictures(rows, bits), 1))]


def same_pictures(rows: Sequence[Row], bits: int) -> NDArray[np.bool_]:
    """Whether two rows show the same image, [n, n]: hashes differ in at most `bits` bits; shape and colours are the same.

    A perceptual hash knows only brightness: a red ball and a blue ball have the same. Hence the comparison of colours, by their
    names: half of them must agree, as a colour may be at the edge of being named.
    """
    hashes = np.array([int(_first(row, "phash_bits") or 0) & HASH_MASK for row in rows], dtype=np.uint64)
    known = np.array([_first(row, "phash_bits") is not None for row in rows], dtype=bool)
    shapes = np.array([_shape(row) for row in rows], dtype=np.float64)
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    shaped = np.abs(shapes[:, None] / shapes[None, :] - 1) <= MAX_SHAPE_DIFFERENCE
    alike: NDArray[np.bool_] = (distance <= bits) & shaped & known[:, None] & known[None, :]
    for one, other in np.argwhere(np.triu(alike, 1)):
        alike[one, other] = alike[other, one] = _same_colours(rows[one], rows[other])
    return alike


def _same_colours(one: Row, other: Row) -> bool:
    """Whether the colours are the same; True where either is unknown."""
    ours, theirs = set(one.fields.get("colour", ())), set(other.fields.get("colour", ()))
    return not (ours and theirs) or len(ours & theirs) / len(ours | theirs) >= MIN_SHARED_COLOURS


def _first(row: Row, name: str) -> int | None:
    values = row.fields.get(name)
    return values[0] if values else None


def _shape(row: Row) -> float:
    """Width over height; 1 where they are unknown."""
    width, height = _first(row, "width"), _first(row, "height")
    return width / height if width and height else 1.0


def _ordered(
    calls: Calls, fusion: ReciprocalRank, candidates: CandidateSet, selector: RankerSelector, model: Learned | None
) -> tuple[list[Ranked], Ranker]:
    """By a model; by rank fusion where there is none, or where it fails."""
    if model is None:
        return fusion.order(candidates), fusion
    begun = time.perf_counter()
    try:
        ranked = model.order(candidates)
    except Exception as error:  # whatever is wrong with a model, there is an order without it
        calls.warn(f"results are in the order of rank fusion: model {model.name} failed ({error})")
        return fusion.order(candidates), fusion
    selector.took(model.name, 1000 * (time.perf_counter() - begun))
    return ranked, model


def _interleaved(
    understood: Understood,
    candidates: CandidateSet,
    ours: tuple[list[Ranked], Ranker],
    theirs: tuple[list[Ranked], Ranker],
) -> Ranking:
    """Team draft: the rankers take turns in choosing; the draft of a question stays the same all day, so that pages agree."""
    sides = {TEAMS[0]: ours, TEAMS[1]: theirs}
    seed = _seed(understood.request, understood.shown.picture)
    drafted = team_draft([ranked.id for ranked in ours[0]], [ranked.id for ranked in theirs[0]], seed)
    by_id = {team: {ranked.id: ranked for ranked in ranked_list} for team, (ranked_list, _) in sides.items()}
    return Ranking(
        candidate_set=candidates,
        ranked=[by_id[team][document] for document, team in drafted],
        name=f"{ours[1].name}|{theirs[1].name}",
        placed_by={document: sides[team][1] for document, team in drafted},
        teams=dict(drafted),
    )


def _seed(request: SearchRequest, picture: str | None) -> int:
    day = datetime.now(UTC).date().isoformat()
    asked = f"{day} {picture} {request.model_dump_json(exclude=NOT_INTERLEAVED_BY)}"
    return int(hashlib.sha256(asked.encode()).hexdigest()[:8], 16)


def _in_engine(
    calls: Calls, understood: Understood, table: RescoredTable, candidates: CandidateSet, model: Learned
) -> tuple[list[Ranked], Ranker]:
    """By the engine's scores; by rank fusion, with a warning, where the engine does not have the model."""
    if not candidates.table:
        return [], model
    try:
        found = scores_of(calls, understood, table, model)
    except NotRankedError as error:
        calls.warn(f"results are in the order of rank fusion: the engine cannot rank by {model.name} ({error})")
        return understood.fusion.order(candidates), understood.fusion
    by_column = {column: ranks(candidates.table, column) for column in columns_of(candidates.table)}
    placed = [Ranked(i, found.get(i, 0.0), {c: r[i] for c, r in by_column.items() if i in r}) for i in candidates.table]
    return sorted(placed, key=lambda ranked: (-ranked.score, ranked.id)), model


def scores_of(calls: Calls, understood: Understood, table: RescoredTable, model: Learned) -> dict[str, float]:
    """The model's score of every candidate, best first; NotRankedError where the engine does not have the model."""
    try:
        body = rescore_body(list(table.rows), model_name(model.name), params_of(understood, table))
        return scores(calls.search(body))
    except (RefusedError, MissingError, ConfigurationError) as error:
        raise NotRankedError(str(error)) from error


def params_of(understood: Understood, table: RescoredTable) -> Json:
    """Parameters of the model's features: the clauses of the features in play, and the features of the question."""
    return params({clause.name: _scoring(table, clause) for clause in table.clauses()}, constants_of(understood.query_features))


def _scoring(table: RescoredTable, clause: Clause) -> Json:
    """The clause that gives a feature's value; of a feature that was computed here, the values themselves."""
    if clause.rescore is None:
        return clause.score
    known = [(i, found.value) for (i, name), found in table.rescored.items() if name == clause.name]
    if not known:
        return UNSCORED
    return {"bool": {"should": [{"constant_score": {"filter": {"ids": {"values": [i]}}, "boost": v}} for i, v in known]}}


def rescore_body(ids: Sequence[str], model: str, asked: Json, store: str = STORE) -> Json:
    """The search that scores these documents by the model; `asked` are the parameters of its features.

    The window is counted by shard, so it takes in all of them, wherever they are. At most 10,000 documents, or what
    `index.max_rescore_window` says.
    """
    number = max(len(ids), 1)  # the engine takes no window of none
    sltr = {"store": store, "model": model, "params": asked}
    return {
        "size": number,
        **COLUMNS_ONLY,
        "docvalue_fields": ["id"],
        "track_total_hits": False,
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}]}},
        "rescore": {
            "window_size": number,
            "query": {"rescore_query": {"sltr": sltr}, "query_weight": 0, "rescore_query_weight": 1},
        },
    }


def scores(response: Json, lift: float = 0.0) -> dict[str, float]:
    """The model's score of every document found, best first; `lift` is what the plugin's form of the model adds to each.

    RefusedError where the engine refused, a shard failed, or a score is missing.
    """
    check_shards(response)
    hits = response.get("hits", {}).get("hits", [])
    found = {id_of(hit): hit.get("_score") for hit in hits}
    if any(score is None for score in found.values()):
        raise RefusedError("the engine gave documents without scores: a search that is sorted is not rescored")
    return {document: float(score) - lift for document, score in found.items()}
