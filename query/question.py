"""From a request to a question: words parsed, filters checked, the image encoded, features chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import ConfigurationError
from engine.settings import Settings
from factors.base import Clause, Factor, Marked, Question
from factors.registry import FactorRegistry
from factors.text import Words
from mappings import versions
from query import filters
from query.answer import AskedQuestion, FoundObject
from query.encoder import Asked, QueryEncoder, TextQueryEncoder, objects_in
from query.engine_calls import Calls, Index
from query.feedback import Rocchio
from query.request import MAX_QUERY_WORDS, SearchRequest, limit_words, parse_words
from ranking.calibrations import Calibrations, InUse
from ranking.candidate_set import Intent, QueryFeatures, vertical
from ranking.evidence import Evidence, Evidences
from ranking.fusion import ReciprocalRank, weights
from ranking.thresholds import Thresholds
from vision.image_features import Object, Vector

Json = dict[str, Any]
Columns = Mapping[str, tuple[Factor, Clause]]  # the features of a question, by name
MIN_LABEL_CONFIDENCE = 0.1  # from which a label of the question's image is shown


@dataclass(frozen=True, slots=True)
class Understood:
    """A request as it was understood; `shown` is its form in the answer.

    `columns` are the features of the question. `evidences` (of the cutoff) and `landmark_thresholds` were measured with the
    index's weights. Documents of `left_out` are no candidates (the document asked with). Those that were marked "more"
    (`request.more`) are candidates, and stay, wherever they meet the filters.
    """

    request: SearchRequest
    shown: AskedQuestion
    question: Question
    columns: Columns
    query_features: QueryFeatures
    fusion: ReciprocalRank
    evidences: Evidences | None
    landmark_thresholds: Thresholds | None
    left_out: frozenset[str]

    @property
    def asks(self) -> bool:
        """Whether there is anything to search by, even if no factor can; filters alone only narrow down."""
        return self.request.has_picture or bool(self.request.more or self.question.words) or self.is_signs_only

    @property
    def own_picture(self) -> str | None:
        """The id of the document that is the very picture asked with (its sha256), if there is one; None for a part of it."""
        return None if self.shown.box else self.shown.picture

    @property
    def evidence(self) -> Evidence | None:
        """The evidence for this kind of question; None where it is not calibrated."""
        return self.evidences.of(self.query_features.intent) if self.evidences else None

    @property
    def is_signs_only(self) -> bool:
        """Whether the words have no letter or digit (`???`, an emoji): they find nothing, rather than everything."""
        return bool(self.request.text.strip()) and not any(character.isalnum() for character in self.request.text)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a question is made of: its encoded image and words, features of marked documents, filters as queries."""

    asked: Asked | None
    marked: Marked
    words: Words
    conditions: Sequence[Json]
    text_embedding: Vector | None


@dataclass(frozen=True, slots=True)
class Understanding:
    """Turns requests into questions. `fingerprints` gives the weights that encode images of questions at present."""

    settings: Settings
    factors: FactorRegistry
    index: Index
    encoder: QueryEncoder
    text_encoder: TextQueryEncoder
    fingerprints: Callable[[], Mapping[str, str]]

    def of(self, request: SearchRequest, calls: Calls) -> Understood:
        """BadQuestion, BadPicture, FetchError, NotFoundError, WeightsMismatchError."""
        return self._understood(request, self._prepared(request, calls), calls)

    def with_objects(self, request: SearchRequest, calls: Calls, most: int) -> list[Understood]:
        """The question about its whole image, then about each object in it (at most so many); the errors of `of`."""
        prepared = self._prepared(request, calls)
        parts = objects_in(prepared.asked, most) if prepared.asked else []
        each = [prepared, *(replace(prepared, asked=part) for part in parts)]
        return [self._understood(request, one, calls) for one in each]

    def _prepared(self, request: SearchRequest, calls: Calls) -> _Prepared:
        words, conditions = self._parsed(request, calls)
        with calls.stage("extract"):
            asked = self._encoded(request, calls)
            marked = self.encoder.marked(request, calls)
            return _Prepared(asked, marked, words, conditions, self._text_embedding(words, calls))

    def _understood(self, request: SearchRequest, prepared: _Prepared, calls: Calls) -> Understood:
        asked, question = prepared.asked, self._question(prepared)
        columns = self._columns(question, asked, calls)
        calibrated = calibration(self.settings, self.index, columns, calls) if columns else None
        understood = Understood(
            request=request,
            shown=_shown(request, asked),
            question=question,
            columns=columns,
            query_features=query_features(question),
            fusion=self._fusion(columns),
            evidences=calibrated.evidence if calibrated else None,
            landmark_thresholds=calibrated.landmarks if calibrated else None,
            left_out=frozenset({request.like} if request.like else ()),
        )
        if understood.is_signs_only:
            calls.warn("there is no letter or digit in your words to search by")
        return understood

    def _parsed(self, request: SearchRequest, calls: Calls) -> tuple[Words, list[Json]]:
        """The words to search for, and every filter as a query: those of the request, and those among the words."""
        names = filters.FilterNames(self.factors.active, self.index.has_facet, self.index.facet_names)
        parsed = parse_words(request.text, names.check)
        words, dropped = limit_words(parsed.words)
        if dropped:
            calls.warn(f"only the first {MAX_QUERY_WORDS} words of the question are looked for")
        filters.check_number(request.filters, parsed.filters, parsed.excluded)
        conditions = [*names.clauses(request.filters), *names.clauses(parsed.filters), *names.excluding(parsed.excluded)]
        return words, [*conditions, *filters.of_words(words, self.factors.active)]

    def _encoded(self, request: SearchRequest, calls: Calls) -> Asked | None:
        if request.like is not None:
            return self.encoder.at_document(request, calls.get(request.like, self.encoder.unused_fields))
        return self.encoder.at_bytes(request) if request.has_picture else None

    def _question(self, prepared: _Prepared) -> Question:
        """The question, moved by the documents that were marked; those that were marked "less" are filtered out."""
        asked, marked, rocchio = prepared.asked, prepared.marked, Rocchio.of(self.settings)
        image = asked.chosen if asked else None
        unwanted = [{"bool": {"must_not": [{"ids": {"values": list(marked.less)}}]}}] if marked.less else []
        return Question(
            image_features=rocchio.image(image, marked),
            words=prepared.words,
            region=bool(asked and asked.box),
            k=self.settings.candidates,
            filters=(*prepared.conditions, *unwanted),
            text_embedding=rocchio.text(prepared.text_embedding, marked),
            marked=marked,
            word_fields=self.factors.word_fields,
        )

    def _text_embedding(self, words: Words, calls: Calls) -> Vector | None:
        """The vector of the words, if some factor of the index compares it; a warning where they cannot be encoded."""
        comparing = [f for f in self.factors.active if f.needs_text_embedding and self.index.has_factor(f.name)]
        if not comparing or not (words or words.must_not):
            return None
        try:
            fingerprints = self.fingerprints()
            for factor in comparing:
                versions.check_weights(self.index.meta() or {}, fingerprints, factor.name)
            vector = self.text_encoder.encode(words)
        except Exception as error:  # a model that is missing, or other weights: the words themselves are still matched
            titles = ", ".join(factor.title for factor in comparing)
            calls.warn(f"the meaning of your words was not read ({error}); left out: {titles}")
            return None
        if vector is None and _is_foreign(words.text):
            calls.warn("the text model does not know the language of your words: they are matched as they are written")
        return vector

    def _columns(self, question: Question, asked: Asked | None, calls: Calls) -> Columns:
        """The features of every factor; vectors of other weights are refused, a factor that fails is left out."""
        for line in _failures(asked, self.factors.active):
            calls.warn(line)
        meta = self.index.meta() or {}
        without = self.factors.made_without(meta)
        columns: dict[str, tuple[Factor, Clause]] = {}
        for factor in self.factors.active:
            clauses, compares_image = self._tried(factor, question, calls)
            if clauses and factor.name in without:
                calls.warn(f"the index was made without {factor.title} ({factor.name}); `omma reindex` adds it")
                continue
            if compares_image and asked and not asked.restored:
                versions.check_weights(meta, self.fingerprints(), factor.name)
            columns |= {clause.name: (factor, clause) for clause in clauses}
        return columns

    def _tried(self, factor: Factor, question: Question, calls: Calls) -> tuple[list[Clause], bool]:
        """The clauses of a factor, and whether any compares the image; none, and a warning, where the factor fails."""
        try:
            clauses = self._clauses(factor, question)
            return clauses, len(clauses) > len(self._clauses(factor, replace(question, image_features=None)))
        except Exception as error:  # a factor is open to anyone, and one that fails must not take the answer with it
            calls.warn(f"{factor.title} ({factor.name}) was left out: {type(error).__name__}: {error}")
            return [], False

    def _clauses(self, factor: Factor, question: Question) -> list[Clause]:
        """The clauses of the factor's enabled features; a clause that it does not declare is an error of the factor."""
        declared = {feature.name: feature for feature in factor.features}
        clauses = factor.clauses(question)
        if undeclared := [clause.name for clause in clauses if clause.name not in declared]:
            raise ConfigurationError(f"its features do not declare {', '.join(undeclared)}")
        return [clause for clause in clauses if self.factors.is_enabled(declared[clause.name])]

    def _fusion(self, columns: Columns) -> ReciprocalRank:
        declared = {feature.name: feature for factor, _ in columns.values() for feature in factor.features}
        median_if_missing = frozenset(name for name in columns if declared[name].missing_as == "median")
        return ReciprocalRank(self.settings.fusion_k, weights(columns, self.settings), median_if_missing)


def _is_foreign(text: str) -> bool:
    """Whether most letters are of another script than Latin: these words have a meaning, unlike a part number."""
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(not character.isascii() for character in letters) > len(letters)


def calibration(settings: Settings, index: Index, columns: Columns, calls: Calls) -> InUse:
    """What was calibrated with the weights of the index; a warning names the features that have none that fits."""
    found = Calibrations(settings).in_use(index.fingerprints())
    if found.problem:
        calls.warn(found.problem)
    if unused := [name for name in found.stale if name in columns]:
        calls.warn(f"calibrated for other weights only, and not counted by the cutoff: {', '.join(unused)} (`omma calibrate`)")
    return found


def query_features(question: Question) -> QueryFeatures:
    """Intent, category and number of words."""
    labels = question.image_features.labels if question.image_features else None
    return QueryFeatures(intent=_intent(question), category=vertical(labels or ()), words=len(question.words.text.split()))


def _intent(question: Question) -> Intent:
    if question.image_features is None:
        return "words"
    if question.words:
        return "picture and words"
    return "part" if question.region else "picture"


def _failures(asked: Asked | None, factors: Sequence[Factor]) -> list[str]:
    """Extractors that failed on the question's image, and the factors that are left out by that."""
    if asked is None:
        return []
    failed = dict(asked.chosen.failures)
    readers = {extractor: [f.title for f in factors if extractor in f.reads] for extractor in failed}
    return [
        f"{extractor} failed on your picture ({why}); left out: {', '.join(readers[extractor])}"
        for extractor, why in sorted(failed.items())
        if readers[extractor]
    ]


def _shown(request: SearchRequest, asked: Asked | None) -> AskedQuestion:
    """The question as the answer repeats it."""
    shown = AskedQuestion(words=request.text, filters=request.filters, more=request.more, less=request.less)
    if asked is None:
        return shown
    whole = asked.whole
    box = asked.box.as_list() if asked.box else None
    return shown.model_copy(
        update={
            "picture": whole.picture_id,
            "box": box,
            "objects": [_object(found, box) for found in whole.objects or ()],
            "labels": [label.names[0] for label in whole.labels or () if label.confidence >= MIN_LABEL_CONFIDENCE],
            "text": "\n".join(whole.text.lines) if whole.text else "",
        }
    )


def _object(found: Object, box: list[float] | None) -> FoundObject:
    own = found.box.as_list()
    return FoundObject(label=found.label, confidence=found.confidence, box=own, chosen=own == box)
