"""The pipeline of a search, and its uses: an answer, a comparison of two results, a factor table, candidates to learn from.

`RANKED` is the pipeline of a question with an image or words, `BROWSED` that of filters alone. Every other use is a slice of
`RANKED`: a comparison runs until "order", training until "rescore", a table from "table" to "rescore".
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from engine.connections import Context
from engine.errors import BadQuestion, NotFoundError
from engine.once_cache import OnceCache
from engine.settings import Settings
from factors.registry import FactorRegistry
from factors.text import Words
from mappings.versions import ENTITIES
from query.answer import Answer, AskedQuestion, Cutoff, PictureRows, ResultComparison
from query.archive import Archive, archived
from query.encoder import CanEncode, QueryEncoder, TextQueryEncoder
from query.engine_calls import Calls, Index
from query.explanation import differences, summary
from query.grouping import Cut, apply_cutoff, diversify, group, keep
from query.landmarks import Landmarks, recognise
from query.ordering import Ranking, candidate_set, order
from query.page import Page, ResultMaker, browse, show
from query.picture_rows import MAX_OBJECTS, make_row, run_rows, unrescored
from query.pipeline import Pipeline, Stage, Values
from query.question import Understanding, Understood
from query.request import SearchRequest
from query.retrieval import Proposals, RescoredTable, fill_table, propose, rescore, widen
from ranking.candidate_set import CandidateSet
from ranking.fusion import NAME as FUSION
from ranking.selection import RankerSelector
from vision.image_features import Vector

MAX_TEXTS_KEPT = 4096  # vectors of phrases: the same ones are compared with many pictures
GIVEN = (Settings, Index, FactorRegistry, RankerSelector, Calls, Understood)
RANKED = Pipeline(
    (
        Stage("candidates", propose),
        Stage("table", fill_table),
        Stage("rescore", rescore),
        Stage("order", order),
        Stage("cutoff", apply_cutoff),
        Stage("group", group),
        Stage("diversify", diversify),
        Stage("page", show),
        Stage("landmarks", recognise),
    ),
    GIVEN,
)
BROWSED = Pipeline((Stage("browse", browse),), GIVEN)
ARCHIVED = Pipeline((Stage("archive", archived),), GIVEN)
TABLE = RANKED.until("rescore").since("table", Proposals)
ROWS = Pipeline(
    (
        Stage("candidates", propose),
        Stage("table", fill_table),
        Stage("rescore", unrescored),
        Stage("order", order),
        Stage("cutoff", apply_cutoff),
        Stage("group", group),
        Stage("row", make_row),
    ),
    GIVEN,
)
WIDE = RANKED.until("table").then(Stage("widen", widen), Stage("rescore", rescore))


@dataclass(frozen=True, slots=True)
class WideCandidates:
    """Everything that any feature proposes for a question, before it is ordered.

    `proposals` are ids by feature, best first. Fusion takes the `chosen` of them, and the cutoff leaves the `kept`.
    """

    candidate_set: CandidateSet
    proposals: Mapping[str, Sequence[str]]
    chosen: Sequence[str]
    kept: Sequence[str]
    took: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, and the values that it was made from; None where nothing is indexed."""

    answer: Answer
    values: Values | None


class Searcher:
    """Answers questions; safe to share between threads."""

    def __init__(
        self,
        context: Context,
        extractor: Callable[[], CanEncode] | None = None,
        factors: FactorRegistry | None = None,
    ) -> None:
        """`extractor` gives the feature extractor (by default that of this process, made on first use).

        `factors` are by default those of the settings.
        """
        self.settings, self._context = context.settings, context
        self._extractor = extractor or self._feature_extractor
        self.factors = factors or FactorRegistry.of(context.settings)
        self._index = Index(context.client, context.settings)
        self.entity_index = Index(context.client, context.settings, ENTITIES)
        self._selector = RankerSelector(context.settings, self.factors.feature_names, self.fingerprints)
        self._texts: OnceCache[str, Vector] = OnceCache(LRUCache(MAX_TEXTS_KEPT))
        self._encoder = QueryEncoder(context, self.factors.active, self._extractor)
        self._understanding = Understanding(
            settings=context.settings,
            factors=self.factors,
            index=self._index,
            encoder=self._encoder,
            text_encoder=TextQueryEncoder(self._extractor),
            fingerprints=lambda: self._extractor().fingerprints(),
        )

    @classmethod
    def of_every_feature(cls, context: Context, extractor: Callable[[], CanEncode] | None = None) -> "Searcher":
        """A searcher with all features, also those that are disabled by default."""
        names = FactorRegistry.of(context.settings).every_feature_name
        return cls(context.with_settings(context.settings.model_copy(update={"more_columns": names})), extractor)

    def search(self, request: SearchRequest) -> Answer:
        """The answer; InputError, FetchError, NotFoundError, WeightsMismatchError, EngineUnavailable (engine.errors)."""
        return self.find(request).answer

    def find(self, request: SearchRequest) -> Found:
        """The answer with the values that it was made from, for what else is read from them; the errors of `search`."""
        calls = self._calls()
        with calls.stage("prepare"):
            empty = self._index.meta() is None
        if empty:
            return Found(_nothing_indexed(request, calls), None)
        understood = self._understood(request, calls)
        pipeline = RANKED if understood[Understood].asks else BROWSED
        values = pipeline.run(understood, calls.stage)
        return Found(_answer(values), values)

    def run(self, request: SearchRequest, until: str) -> Values:
        """The values of a question after a named stage of `RANKED`, to be inspected by type; the errors of `search`."""
        calls = self._calls()
        return RANKED.until(until).run(self._understood(request, calls), calls.stage)

    def compare(self, request: SearchRequest, one: str, other: str) -> ResultComparison:
        """Why one of two candidates is above the other; NotFoundError where either is none, errors of `search`."""
        values = self.run(request, until="order")
        understood, ranking = values[Understood], values[Ranking]
        places = {ranked.id: place for place, ranked in enumerate(ranking.ranked)}
        for document in (one, other):
            if document not in places:
                raise NotFoundError(f"{document[:80]!r} is no candidate for this question")
        first, second = sorted((places[one], places[other]))
        maker = ResultMaker(values[Calls], self.factors, understood, values[RescoredTable], ranking)
        above, below = maker.make([ranking.ranked[first], ranking.ranked[second]]).results
        found = differences(above.why, below.why)
        return ResultComparison(
            question=understood.shown,
            ranker=ranking.name,
            above=above,
            below=below,
            places=(first + 1, second + 1),
            differences=found,
            text=summary(found),
            warnings=values[Calls].warnings,
        )

    def everything(self, request: SearchRequest) -> PictureRows:
        """A row of results for the whole picture and for each object in it; BadQuestion without a picture, errors of `search`.

        A part that the request names is ignored.
        """
        if not request.has_picture:
            raise BadQuestion("name the picture whose objects are searched for")
        request = request.model_copy(update={"box": None, "region": None, "page": 1})
        calls = self._calls()
        understood = self._understanding.with_objects(request, calls, MAX_OBJECTS)
        if not understood[0].shown.objects:
            calls.warn("no object was found in this picture")
        with calls.stage("rows"):
            rows = run_rows(ROWS, [self._values(one, calls) for one in understood], calls)
        sent = calls.sent if request.dsl else None
        return PictureRows(question=understood[0].shown, rows=rows, warnings=calls.warnings, took=calls.took, dsl=sent)

    def archive(self, request: SearchRequest) -> Archive:
        """Where and when the pictures that meet the filters of a request were taken; the errors of `search`."""
        calls = self._calls()
        if self._index.meta() is None:
            return Archive(total=0)
        return ARCHIVED.run(self._understood(request, calls), calls.stage)[Archive]

    def table(self, request: SearchRequest, ids: Sequence[str]) -> CandidateSet:
        """A question with these documents as candidates, whether or not any feature would propose them."""
        values = self._understood(request, self._calls())
        proposals = Proposals(values[Understood].columns, candidates=list(ids))
        return self._candidate_set(TABLE.run(values.plus(proposals)))

    def candidate_set(self, request: SearchRequest) -> CandidateSet:
        """A question as rankers read it; the errors of `search`."""
        return self._candidate_set(self.run(request, until="rescore"))

    def propose(self, request: SearchRequest) -> WideCandidates:
        """Everything that any feature proposes for a question, also what fusion leaves out; the errors of `search`."""
        calls = self._calls()
        values = WIDE.run(self._understood(request, calls), calls.stage)
        proposals, candidates = values[Proposals], self._candidate_set(values)
        likely = keep(values[Understood], candidates).documents
        kept = [document for document in proposals.candidates if document in likely]
        return WideCandidates(candidates, proposals.by_feature, proposals.candidates, kept, calls.took)

    def encode_text(self, texts: Sequence[str]) -> list[Vector]:
        """Unit vectors of texts in the joint embedding of images and words; raises whatever the model raises."""
        return self._texts.get_all(list(texts), lambda new: self._extractor().encode_text(new))

    def fingerprints(self) -> Mapping[str, str]:
        """Extractor -> fingerprint of the weights that made the index; empty where nothing was indexed."""
        return self._index.fingerprints()

    def warm_up(self) -> None:
        """Load the models that the first question would wait for."""
        self._extractor().warm_up(self._encoder.extractors)

    def _calls(self) -> Calls:
        return Calls(self._context.client, self._index.alias, self.settings.opensearch_timeout)

    def _understood(self, request: SearchRequest, calls: Calls) -> Values:
        return self._values(self._understanding.of(request, calls), calls)

    def _values(self, understood: Understood, calls: Calls) -> Values:
        return Values(self.settings, self._index, self.factors, self._selector, calls, understood)

    def _candidate_set(self, values: Values) -> CandidateSet:
        return candidate_set(self.settings, values[Understood], values[RescoredTable])

    def _feature_extractor(self) -> CanEncode:
        # Imported on first use: a question without an image to encode needs no model library.
        from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

        feature_extractor: CanEncode = get_feature_extractor(self.settings)
        return feature_extractor


def _answer(values: Values) -> Answer:
    """The answer of either pipeline; browsing has no ranking."""
    understood, page, calls = values[Understood], values[Page], values[Calls]
    ranking, cut, proposals, landmarks = values.get(Ranking), values.get(Cut), values.get(Proposals), values.get(Landmarks)
    request = understood.request
    if not page.total and (lacking := _conditions(understood.question.words)):
        calls.warn(f"no picture is left {lacking}")
    return Answer(
        query_id=uuid.uuid4().hex,
        ranker=ranking.name if ranking else FUSION,
        candidate_set=ranking.candidate_set if ranking else CandidateSet(table={}),
        question=understood.shown,
        landmarks=list(landmarks.found) if landmarks else [],
        results=list(page.results),
        total=page.total,
        page=request.page,
        number=request.number,
        more=proposals.more if proposals else False,
        perhaps=cut.perhaps if cut else False,
        cutoff=cut.cutoff if cut else Cutoff(),
        facets=dict(page.facets),
        refinements=list(page.refinements),
        warnings=calls.warnings,
        took=calls.took,
        dsl=calls.sent if request.dsl else None,
    )


def _conditions(words: Words) -> str:
    """What required and excluded words ask, in words: `with red and without cat, dog`."""
    named = {"with": words.must, "without": words.must_not}
    return " and ".join(f"{how} {', '.join(term.text[:80] for term in terms)}" for how, terms in named.items() if terms)


def _nothing_indexed(request: SearchRequest, calls: Calls) -> Answer:
    return Answer(
        question=AskedQuestion(words=request.text, filters=request.filters),
        results=[],
        total=0,
        page=request.page,
        number=request.number,
        cutoff=Cutoff(),
        facets={},
        warnings=["nothing has been indexed yet; begin with `omma ingest`"],
        took=calls.took,
        dsl=calls.sent if request.dsl else None,
    )
