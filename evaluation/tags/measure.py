"""Measure tags on every set: each by a confidence that was fitted on the others, beside the methods that others use."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from answers.tags.confidence import Confidence
from answers.tags.phrases import Keys
from answers.tags.tagging import ordered
from engine.settings import Settings
from evaluation import pages
from evaluation.tags.asking import FREQUENCY, LABELS, TAG_VOTE, Asked, ask_all
from evaluation.tags.fitting import RULE, fit
from evaluation.tags.judging import MAX_KIND_SHARE, Truth
from evaluation.tags.measures import Answered, Listed, measures
from evaluation.tags.sets import ENGLISH, TagSet, sets_in
from evaluation.tags.synonyms import Pair, pairs

Json = dict[str, Any]
Tell = Callable[[str], None]
TAGS = "tags"
METHODS = (TAGS, FREQUENCY, TAG_VOTE, LABELS)
TARGETS = {"P@1": 0.6, "P at 50%": 0.9}
MAX_EXAMPLES = 12  # of merged pairs, on the page


def measure(data: Path, settings: Settings, tell: Tell) -> Json:
    """All figures of the page; ConfigurationError where `data` has none of the sets."""
    surroundings, there = pages.surroundings(settings), sets_in(data)
    return {"surroundings": surroundings} | figures(there, ask_all(there, data, settings, tell), tell)


def figures(sets: Sequence[TagSet], asked: Sequence[Asked], tell: Tell) -> Json:
    """The figures of these sets, whose questions were asked."""
    models = {one.name: _without(asked, one.name, tell) for one in sets if one.measured}
    return {
        "rule": RULE, "targets": TARGETS, "trivial": MAX_KIND_SHARE,
        "sets": [{"name": one.name, "about": one.about, "measured": one.measured,
                  "questions": sum(question.question.set == one.name for question in asked)} for one in sets],
        "rows": [row for name, model in models.items() for row in _rows(name, asked, model)],
        "synonyms": synonyms(asked, models),
    }  # fmt: skip


def _without(asked: Sequence[Asked], name: str, tell: Tell) -> Confidence:
    """Fitted on the other sets; on the set itself where it is the only one."""
    tell(f"fitting without {name}")
    return fit([one for one in asked if one.question.set != name] or asked)


def _rows(name: str, asked: Sequence[Asked], model: Confidence) -> Iterator[Json]:
    """A row of measures for each language and method."""
    own = [one for one in asked if one.question.set == name]
    for language in dict.fromkeys(one.question.language for one in own):
        questions = [one for one in own if one.question.language == language]
        for method in METHODS:
            answers = [_answered(one, method, model) for one in questions]
            if any(one.tags for one in answers):
                yield {
                    "set": name, "language": language, "method": method, "questions": len(questions),
                    "measures": measures(answers), "certain": _certain(answers, model) if method == TAGS else None,
                    "said": measures([_answered(one, method, model, kinds=False) for one in questions])["P@1"],
                }  # fmt: skip


def _answered(asked: Asked, method: str, model: Confidence, *, kinds: bool = True) -> Answered:
    """The tags of a method, judged; `kinds`: whether synonyms and kinds of what the texts name are right."""
    language, truth = asked.question.language, asked.truth
    if method != TAGS:
        return _judged(asked.others.get(method, []), truth, kinds=kinds)
    scored = asked.described.scored(model, language)
    first = ordered(scored, asked.described.related, asked.described.general)
    passed = {one.candidate.keys for one in first} | asked.described.general
    rest = [one for one in scored if one.candidate.keys not in passed]
    found = [(one.candidate.keys, one.confidence) for one in (*first, *rest)]
    return _judged(found, truth, kinds=kinds)


def _judged(found: Sequence[tuple[Keys, float]], truth: Truth, *, kinds: bool) -> Answered:
    listed = [Listed(" ".join(keys), confidence, truth.is_right(keys, kinds=kinds)) for keys, confidence in found]
    return Answered(listed, truth.named)


def _certain(answers: Sequence[Answered], model: Confidence) -> Json:
    """How many pictures have a certain first tag, and how many of these are right."""
    certain = [one.tags[0].right for one in answers if one.tags and one.tags[0].confidence >= model.certain]
    return {"share": len(certain) / len(answers), "right": sum(certain) / len(certain) if certain else None}


def synonyms(asked: Sequence[Asked], models: dict[str, Confidence]) -> Json:
    """Purity (precision) and recall of merging, over labelled pairs of all measured sets."""
    found: list[Pair] = []
    for name, model in models.items():
        found += pairs([one for one in asked if one.question.set == name and one.question.language == ENGLISH], model)
    real, made = [one for one in found if not one.made], [one for one in found if one.made]
    merged = [one for one in real if one.merged]
    same = [one for one in real if one.same]
    return {
        "real": len(real), "same": len(same), "merged": len(merged), "made": len(made),
        "purity": sum(one.same for one in merged) / len(merged) if merged else None,
        "recall": sum(one.merged for one in same) / len(same) if same else None,
        "made_merged": sum(one.merged for one in made),
        "examples": [asdict(one) | {"one": " ".join(one.one), "other": " ".join(one.other)} for one in merged[:MAX_EXAMPLES]],
    }  # fmt: skip
