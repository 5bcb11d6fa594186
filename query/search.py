"""A question in, an answer out."""

import uuid
from collections.abc import Callable, Mapping, Sequence

from opensearchpy import OpenSearch

from engine.client import connect
from engine.settings import Settings
from factors.registry import all_factors, feature_names
from query.answer import Answer, AskedQuestion, Cutoff
from query.browse import browse
from query.candidates import propose
from query.compare import ResultComparison, compare
from query.diversity import diversify
from query.encoder import CanEncode, QueryEncoder
from query.engine_calls import Calls
from query.grouping import group
from query.index import Index
from query.landmarks import recognise
from query.ordering import Found, apply_cutoff, candidate_set, order, supported
from query.page import show
from query.request import SearchRequest
from query.rescoring import rescore
from query.run import Run
from query.table import fill
from query.text_encoder import TextQueryEncoder
from query.understand import Understanding
from ranking.candidate_set import CandidateSet
from ranking.selection import RankerSelector

Stage = tuple[str, Callable[[Run], None]]
CASCADE: tuple[Stage, ...] = (
    ("candidates", propose),
    ("table", fill),
    ("rescore", rescore),
    ("order", order),
    ("cutoff", apply_cutoff),
    ("group", group),
    ("diversify", diversify),
    ("page", show),
    ("landmarks", recognise),
)
BROWSING: tuple[Stage, ...] = (("browse", browse),)


class Searcher:
    """Answers questions; safe to share between threads."""

    def __init__(
        self, settings: Settings, client: OpenSearch | None = None, extractor: Callable[[], CanEncode] | None = None
    ) -> None:
        """`extractor` gives what looks at pictures (by default this process's feature_extractor, made on first use)."""
        self.settings = settings
        self._client = client or connect(settings)
        self._extractor = extractor or self._feature_extractor
        self._factors = all_factors()
        self._index = Index(self._client, settings)
        self._ranker_selector = RankerSelector(settings, feature_names, self.fingerprints)
        self._encoder = QueryEncoder(settings, self._factors, self._extractor)
        self._understanding = Understanding(
            settings,
            self._factors,
            self._index,
            self._encoder,
            TextQueryEncoder(self._extractor),
            lambda: self._extractor().fingerprints(),
        )

    def search(self, request: SearchRequest) -> Answer:
        """The answer; InputError, FetchError, NotFoundError, WeightsMismatchError, EngineUnavailable (engine.errors)."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        with calls.stage("prepare"):
            empty = self._index.meta() is None
        if empty:
            return _nothing_yet(request, calls)
        run = self._understanding.of(request, calls)
        run.ranker_selector = self._ranker_selector
        for name, stage in CASCADE if run.asks else BROWSING:
            with calls.stage(name):
                stage(run)
        return _answer(run)

    def compare(self, request: SearchRequest, one: str, other: str) -> ResultComparison:
        """Why one of two candidates is above the other; NotFoundError where either is none, and the errors of `search`."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        run.ranker_selector = self._ranker_selector
        for stage in (propose, fill, rescore, order):
            stage(run)
        return compare(run, one, other)

    def table(self, request: SearchRequest, ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The factor table of these documents, whether or not they would be candidates: document -> column -> value."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        run.candidates = list(ids)
        fill(run)
        rescore(run)
        return {row.id: row.values for row in run.rows.values()}

    def candidate_set(self, request: SearchRequest) -> CandidateSet:
        """What ranker_selector see of a question; the errors of `search`."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        for stage in (propose, fill, rescore):
            stage(run)
        return candidate_set(run)

    def propose(self, request: SearchRequest) -> Found:
        """What ranker_selector could see of a question: everything that any column proposes, also what fusion leaves out."""
        calls = Calls(self._client, self._index.alias, self.settings.opensearch_timeout)
        run = self._understanding.of(request, calls)
        for name, stage in CASCADE[:2]:
            with calls.stage(name):
                stage(run)
        chosen, rows = list(run.candidates), run.rows
        run.candidates = sorted({document for ids in run.proposals.values() for document in ids} - set(chosen))
        fill(run)
        run.candidates, run.rows = chosen + run.candidates, rows | run.rows
        with calls.stage("rescore"):
            rescore(run)
        run.candidate_set = candidate_set(run)
        speaking = supported(run)
        kept = [document for document in chosen if document in speaking]
        return Found(run.candidate_set, run.proposals, chosen, kept, calls.took)

    def fingerprints(self) -> Mapping[str, str]:
        """Extractor -> fingerprint of the weights that made the index; empty where nothing was indexed."""
        return self._index.fingerprints()

    def warm_up(self) -> None:
        """Load what the first question would wait for."""
        self._extractor().warm_up(self._encoder.extractors)

    def _feature_extractor(self) -> CanEncode:
        # Imported on first use: a question without a picture to look at needs no model library.
        from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

        feature_extractor: CanEncode = get_feature_extractor(self.settings)
        return feature_extractor


def _answer(run: Run) -> Answer:
    return Answer(
        query_id=uuid.uuid4().hex,
        ranker=run.ranker_name,
        candidate_set=run.candidate_set,
        question=run.asked,
        landmarks=run.landmarks,
        results=run.results,
        total=run.total,
        page=run.request.page,
        number=run.request.number,
        more=run.more,
        cutoff=run.cutoff,
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
        cutoff=Cutoff(thresholds={}, removed=0),
        facets={},
        warnings=["nothing has been indexed yet; begin with `omma ingest`"],
        took=calls.took,
        dsl=calls.sent if request.dsl else None,
    )
