"""Everything in a picture at once: a row of results for each object detected in it, and one for the whole.

Each row is a search of its own until its results are grouped; keypoints are not matched, which takes longer than all the rest.
The rows run side by side: what they ask for by `_msearch` is sent as one, and their tables, for which the engine takes no
`_msearch`, are asked for at the same time.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from factors.registry import FactorRegistry
from query.answer import PictureRow
from query.engine_calls import Calls, check_shards
from query.grouping import Cut, Groups
from query.page import plain_result, source_filter
from query.pipeline import Pipeline, Values
from query.question import Understood
from query.retrieval import FactorTable, RescoredTable

Json = dict[str, Any]
Params = dict[str, str]
MAX_OBJECTS = 8  # that have a row


@dataclass(frozen=True, slots=True)
class Row:
    """What the stages of a row end with."""

    row: PictureRow


def unrescored(table: FactorTable) -> RescoredTable:
    """The table without the features that are computed in our own process."""
    return RescoredTable({name: own for name, own in table.columns.items() if own[1].rescore is None}, table.rows)


def make_row(calls: Calls, factors: FactorRegistry, understood: Understood, cut: Cut, grouped: Groups) -> Row:
    """The first results of a row, without explanations: its heading leads to the search that has them."""
    best = [group.best for group in grouped.groups[: understood.request.number]]
    found = _documents(calls, [one.id for one in best], source_filter(factors.active)) if best else {}
    results = [plain_result(one.id, found[one.id], one.score) for one in best if one.id in found]
    box = understood.shown.box
    shown = next((one for one in understood.shown.objects if one.box == box), None)
    label, confidence = (shown.label, shown.confidence) if shown else ("", None)
    row = PictureRow(label=label, confidence=confidence, box=box, results=results, total=len(grouped.groups))
    return Row(row.model_copy(update={"perhaps": cut.perhaps}))


def _documents(calls: Calls, ids: Sequence[str], source: Json) -> dict[str, Json]:
    """The fields that a result shows, by id."""
    query: Json = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
    (response,) = calls.msearch([{"size": len(ids), "_source": source, "track_total_hits": False, "query": query}])
    check_shards(response)
    return {hit["_id"]: hit["_source"] for hit in response["hits"]["hits"]}


def run_rows(pipeline: Pipeline, rows: Sequence[Values], calls: Calls) -> list[PictureRow]:
    """Every row, in the order given; warnings of all rows are added to `calls`, each once."""
    gathered = Gathered(calls, len(rows))
    parts = [calls.part(gathered.msearch) for _ in rows]

    def one(values: Values, part: Calls) -> PictureRow:
        with gathered.taking_part():
            return pipeline.run(values.plus(part))[Row].row

    with ThreadPoolExecutor(len(rows)) as pool:
        found = list(pool.map(one, rows, parts))
    for line in dict.fromkeys(line for part in parts for line in part.warnings):
        calls.warn(line)
    return found


@dataclass(slots=True)
class _Waiting:
    """One search's request, and what became of it."""

    bodies: Sequence[Json]
    params: Params
    responses: Sequence[Json] | None = None
    error: Exception | None = None


class Gathered:
    """Requests of several searches at the same time: sent as one as soon as every search that still runs waits for its own."""

    def __init__(self, calls: Calls, searches: int) -> None:
        """`calls` sends them."""
        self._calls, self._running = calls, searches
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()

    @contextmanager
    def taking_part(self) -> Iterator[None]:
        """Run one of the searches; when it ends, the others do not wait for it."""
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._send_if_all_wait()

    def msearch(self, bodies: Sequence[Json], params: Params) -> list[Json]:
        """The responses to these searches, once all are sent; whatever sending raises."""
        mine = _Waiting(bodies, params)
        with self._changed:
            self._waiting.append(mine)
            self._send_if_all_wait()
            self._changed.wait_for(lambda: mine.responses is not None or mine.error is not None)
        if mine.error is not None:
            raise mine.error
        return list(mine.responses or ())

    def _send_if_all_wait(self) -> None:
        if not self._waiting or len(self._waiting) < self._running:
            return
        waiting, self._waiting = self._waiting, []
        for params in {tuple(sorted(one.params.items())): one.params for one in waiting}.values():
            self._send([one for one in waiting if one.params == params], params)
        self._changed.notify_all()

    def _send(self, together: Sequence[_Waiting], params: Params) -> None:
        """One request; its error is that of every search that waits for it."""
        try:
            responses = iter(self._calls.msearch([body for one in together for body in one.bodies], **params))
        except Exception as error:  # raised again where it is waited for
            for one in together:
                one.error = error
            return
        for one in together:
            one.responses = [next(responses) for _ in one.bodies]
