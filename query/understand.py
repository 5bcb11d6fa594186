"""From a request to a question: words parsed, filters checked, the picture seen, columns chosen."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import ConfigurationError
from engine.settings import Settings
from factors.base import Clause, Factor, Question
from factors.registry import is_enabled, made_without, word_fields
from factors.words import Term, Words
from mappings import weights as mapping_weights
from query import filters, words
from query.answer import AskedQuestion, FoundObject
from query.encoder import Asked, QueryEncoder
from query.engine_calls import Calls
from query.index import Index
from query.request import SearchRequest
from query.run import Run
from query.text_encoder import TextQueryEncoder
from query.vertical import query_features
from ranking.calibrations import Calibrations
from ranking.fusion import ReciprocalRank, weights
from vision.image_features import Vector

Json = dict[str, Any]
MOST_WORDS = 16  # the engine limits a query to 1,024 clauses, and every word is looked for in some fifty fields
LIKELY = 0.1  # probability from which a label of the question's picture is shown


@dataclass(frozen=True, slots=True)
class Understanding:
    """Turns requests into runs. `fingerprints` tells the weights that look at questions' pictures now."""

    settings: Settings
    factors: Sequence[Factor]
    index: Index
    encoder: QueryEncoder
    reader: TextQueryEncoder
    fingerprints: Callable[[], Mapping[str, str]]

    def of(self, request: SearchRequest, calls: Calls) -> Run:
        """BadQuestion, BadPicture, FetchError, NotFoundError, WeightsMismatchError."""
        names = filters.FilterNames(self.factors, self.index.has_facet, self.index.facet_names)
        parsed = words.parse(request.text, names.check)
        filters.check_number(request.filters, parsed.filters, parsed.excluded)
        conditions = [*names.clauses(request.filters), *names.clauses(parsed.filters), *names.excluding(parsed.excluded)]
        with calls.stage("extract"):
            asked = self._see(request, calls)
        run = Run(request, calls, self.factors, _shown(request, asked), duplicate_bits=self.settings.duplicate_bits)
        run.diversity, run.max_rescored = self.settings.diversity, self.settings.rescored
        run.fingerprints = self.index.fingerprints()
        wanted = _limited(run, parsed.words)
        conditions += filters.of_words(wanted, self.factors)
        with calls.stage("extract"):
            run.question = replace(self._question(asked, wanted, conditions), text_embedding=self._text_embedding(run, wanted))
        run.query_features = query_features(run.question)
        run.left_out = frozenset({request.like} if request.like else ())
        self._choose_columns(run, asked)
        self._load_thresholds(run)
        return run

    def _see(self, request: SearchRequest, calls: Calls) -> Asked | None:
        if request.like is not None:
            return self.encoder.at_document(request, calls.get(request.like, self.encoder.unread))
        return self.encoder.at_bytes(request) if request.has_picture else None

    def _question(self, asked: Asked | None, wanted: Words, conditions: Sequence[Json]) -> Question:
        chosen = asked.chosen if asked else None
        return Question(
            chosen, wanted, bool(asked and asked.box), self.settings.candidates, tuple(conditions), word_fields=word_fields()
        )

    def _text_embedding(self, run: Run, wanted: Words) -> Vector | None:
        """Where the words lie in the joint embedding, if some factor of the index takes it; a warning where they cannot be
        read.
        """
        taking = [factor for factor in self.factors if factor.needs_text_embedding and self.index.has_factor(factor.name)]
        if not taking or not (wanted or wanted.must_not):
            return None
        try:
            now = self.fingerprints()
            for factor in taking:
                mapping_weights.check(self.index.meta() or {}, now, factor.name)
            return self.reader.encode(wanted)
        except Exception as error:  # a model that is not there, or other weights: the words are found as they stand
            titles = ", ".join(factor.title for factor in taking)
            run.warnings.append(f"the meaning of your words was not read ({error}); left out: {titles}")
            return None

    def _choose_columns(self, run: Run, asked: Asked | None) -> None:
        """Every factor's columns; vectors of other weights are refused, a factor that fails is left out."""
        run.warnings += _failures(asked, self.factors)
        without = made_without(self.index.meta() or {}, self.factors)
        for factor in self.factors:
            try:
                clauses = self._asked(factor, run.question)
                by_words = self._asked(factor, replace(run.question, image_features=None))
            except Exception as error:  # a factor is open to anyone, and one that fails must not take the answer with it
                run.warnings.append(f"{factor.title} ({factor.name}) was left out: {type(error).__name__}: {error}")
                continue
            if clauses and factor.name in without:
                run.warnings.append(f"the index was made without {factor.title} ({factor.name}); `omma reindex` adds it")
                continue
            if len(clauses) > len(by_words) and asked and not asked.restored:
                mapping_weights.check(self.index.meta() or {}, self.fingerprints(), factor.name)
            run.columns |= {clause.name: (factor, clause) for clause in clauses}
        declared = {feature.name: feature for factor, _ in run.columns.values() for feature in factor.features}
        median_if_missing = frozenset(name for name in run.columns if declared[name].missing_as == "median")
        run.fusion = ReciprocalRank(self.settings.fusion_k, weights(run.columns, self.settings), median_if_missing)

    def _asked(self, factor: Factor, question: Question) -> list[Clause]:
        """The clauses of the factor's enabled features; a clause that it does not declare is an error of the factor."""
        declared = {feature.name: feature for feature in factor.features}
        clauses = factor.clauses(question)
        if undeclared := [clause.name for clause in clauses if clause.name not in declared]:
            raise ConfigurationError(f"its features do not declare {', '.join(undeclared)}")
        return [clause for clause in clauses if is_enabled(declared[clause.name], self.settings)]

    def _load_thresholds(self, run: Run) -> None:
        """The thresholds that fit the weights of the index; a warning names the features that have none that fit."""
        if not run.columns:
            return
        found = Calibrations(self.settings).in_use(run.fingerprints)
        run.thresholds, run.landmark_thresholds = found.cutoff, found.landmarks
        if found.problem:
            run.warnings.append(found.problem)
        if unused := [name for name in found.stale if name in run.columns]:
            run.warnings.append(
                f"thresholds of {', '.join(unused)} were measured with other weights and are not applied (`omma calibrate`)"
            )


def _limited(run: Run, wanted: Words) -> Words:
    """No more words than the engine can look for at once: what is wanted begins with as many, what is not goes whole."""
    left = MOST_WORDS
    parts: list[tuple[Term, ...]] = []
    for terms, whole in ((wanted.must, False), (wanted.should, False), (wanted.must_not, True)):
        kept = []
        for term in terms:
            found = _words_in(term.text)
            if left > 0 and len(found) > left and not whole:
                kept.append(replace(term, text=" ".join(found[:left])))
            elif len(found) <= left:
                kept.append(term)
            left -= len(found)
        parts.append(tuple(kept))
    if left < 0:
        run.warnings.append(f"only the first {MOST_WORDS} words of the question are looked for")
    must, should, must_not = parts
    return Words(should, must, must_not)


def _words_in(text: str) -> list[str]:
    """As analyzers have it: `a,b` are two."""
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text).split()


def _failures(asked: Asked | None, factors: Sequence[Factor]) -> list[str]:
    """What could not be seen of the question's picture, and what that leaves out."""
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
    shown = AskedQuestion(words=request.text, filters=request.filters)
    if asked is None:
        return shown
    whole = asked.whole
    shown.picture = whole.picture_id
    shown.box = asked.box.as_list() if asked.box else None
    shown.objects = [
        FoundObject(
            label=found.label,
            confidence=found.confidence,
            box=found.box.as_list(),
            chosen=asked.box is not None and found.box.as_list() == asked.box.as_list(),
        )
        for found in whole.objects or ()
    ]
    shown.labels = [label.names[0] for label in whole.labels or () if label.confidence >= LIKELY]
    shown.text = "\n".join(whole.text.lines) if whole.text else ""
    return shown
