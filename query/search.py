"""A question in, an answer out."""

import uuid
from collections.abc import Callable, Mapping, Sequence

from opensearchpy import OpenSearch

from engine.client import connect
from engine.settings import Settings
from factors.registry import all_factors, feature_names
from query.answer import Answer, AskedQuestion, Cut
from query.browse import browse
from query.candidates import propose
from query.checks import check
from query.diversity import diversify
from query.engine_calls import Calls
from query.grouping import group
from query.index import Index
from query.landmarks import recognise
from query.meaning import Reader
from query.ordering import Found, evident, listing, order, trim
from query.page import show
from query.perceive import Eyes, Looks
from query.request import SearchRequest
from query.run import Run
from query.table import fill
from query.understand import Understanding
from query.versus import Versus, versus
from ranking.choice import Rankers
from ranking.listing import Listing

Stage = tuple[str, Callable[[Run], None]]
CASCADE: tuple[Stage, ...] = (
    ("candidates", propose),
    ("table", fill),
    ("checks", check),
    ("order", order),
    ("cut", trim),
    ("group", group),
    ("diversify", diversify),
    ("page", show),
    ("landmarks", recognise),
)
BROWSING: tuple[Stage, ...] = (("browse", browse),)


class Searcher:
    """Answers questions; safe to share between threads."""

    def __init__(self, settings: Settings, client: OpenSearch | None = None, looks: Callable[[], Looks] | None = None) -> None:
        """`looks` gives what looks at pictures (by default this process's perceiver, made on first use)."""
        self.settings = settings
        self._client = client or connect(settings)
        self._looks = looks or self._perceiver
        self._factors = all_factors()
        self._index = Index(self._client, settings)
        self._rankers = Rankers(settings, feature_names)
        self._eyes = Eyes(settings, self._factors, self._looks)
        self._understanding = Understanding(
            settings, self._factors, self._index, self._eyes, Reader(self._looks), lambda: self._looks().fingerprints()
        )

    def search(self, request: SearchRequest) -> Answer:
        """The answer; InputError, FetchError, NotFoundError, WeightsMismatchError, EngineUnavailable (engine.errors)."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        with calls.stage("prepare"):
            empty = self._index.meta() is None
        if empty:
            return _nothing_yet(request, calls)
        run = self._understanding.of(request, calls)
        run.rankers = self._rankers
        for name, stage in CASCADE if run.asks else BROWSING:
            with calls.stage(name):
                stage(run)
        return _answer(run)

    def versus(self, request: SearchRequest, one: str, other: str) -> Versus:
        """Why one of two candidates is above the other; NotFoundError where either is none, and the errors of `search`."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        run.rankers = self._rankers
        for stage in (propose, fill, check, order):
            stage(run)
        return versus(run, one, other)

    def table(self, request: SearchRequest, ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The factor table of these documents, whether or not they would be candidates: document -> column -> value."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        run.candidates = list(ids)
        fill(run)
        check(run)
        return {row.id: row.values for row in run.rows.values()}

    def listing(self, request: SearchRequest) -> Listing:
        """What rankers see of a question; the errors of `search`."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        for stage in (propose, fill, check):
            stage(run)
        return listing(run)

    def propose(self, request: SearchRequest) -> Found:
        """What rankers could see of a question: everything that any column proposes, also what fusion leaves out."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        for name, stage in CASCADE[:2]:
            with calls.stage(name):
                stage(run)
        chosen, rows = list(run.candidates), run.rows
        run.candidates = sorted({document for ids in run.proposals.values() for document in ids} - set(chosen))
        fill(run)
        run.candidates, run.rows = chosen + run.candidates, rows | run.rows
        with calls.stage("checks"):
            check(run)
        run.listing = listing(run)
        speaking = evident(run)
        kept = [document for document in chosen if document in speaking]
        return Found(run.listing, run.proposals, chosen, kept, calls.took)

    def warm_up(self) -> None:
        """Load what the first question would wait for."""
        self._looks().warm_up(self._eyes.senses)

    def _perceiver(self) -> Looks:
        # Imported on first use: a question without a picture to look at needs no model library.
        from vision.perceiver import get_perceiver  # noqa: PLC0415

        perceiver: Looks = get_perceiver(self.settings)
        return perceiver


def _answer(run: Run) -> Answer:
    return Answer(
        query_id=uuid.uuid4().hex,
        ranker=run.ranker_name,
        listing=run.listing,
        question=run.asked,
        landmarks=run.landmarks,
        results=run.results,
        total=run.total,
        page=run.request.page,
        number=run.request.number,
        more=run.more,
        cut=run.cut,
        facets=run.facets,
        warnings=run.warnings,
        took=run.calls.took,
        dsl=run.calls.sent if run.request.dsl else None,
    )


def _nothing_yet(request: SearchRequest, calls: Calls) -> Answer:
    return Answer(
        question=AskedQuestion(words=request.text, filters=request.filters),
        results=[],
        total=0,
        page=request.page,
        number=request.number,
        cut=Cut(thresholds={}, removed=0),
        facets={},
        warnings=["nothing has been indexed yet; begin with `omma ingest`"],
        took=calls.took,
        dsl=calls.sent if request.dsl else None,
    )
