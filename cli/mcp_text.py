"""Answers of the page as short text for a language model."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from cli.ask import SHOWN_ITEMS, item_line
from cli.pictures import View, rows
from cli.search import SHORT_ID_LENGTH, reasons
from cli.terminal import plain
from query.answer import Answer, AnswerPart, Facet, Result, ResultComparison

SHOWN_TEXT = 500  # characters of the text in a picture
SHOWN_VALUES = 20  # of one facet


def heading(answer: Answer) -> str:
    """How many results there are, what is certain about them, and what the page warns of."""
    pages = f", page {answer.page} of {-(-answer.total // answer.number)}" if answer.total > answer.number else ""
    certain = "Perhaps: no result is certain; these are the closest." if answer.perhaps else ""
    return "\n".join(filter(None, [f"{_results(answer)}{pages}", certain, *answer.warnings]))


def identity(answer: Answer) -> str:
    """What the picture asked with shows: its landmarks, the parts of the answer, objects, labels and text."""
    asked = answer.question
    named = [f"It shows {one.name} (sure {one.sure:.0%}): {one.text}" for one in answer.landmarks]
    parts = [_part(part) for part in answer.parts if part.name != "similar" and part.items]
    objects = ", ".join(f"{one.label} {one.confidence:.0%} at {_box(one.box)}" for one in asked.objects)
    text = plain(asked.text)[:SHOWN_TEXT]
    seen = {"objects": objects, "labels": ", ".join(asked.labels), "text in it": text}
    return _lines("\n".join([*named, *parts, heading(answer)]), seen)


def _part(part: AnswerPart) -> str:
    """A part of the answer, such as its tags or its card: title and reason, then its first items."""
    items = [f"- {plain(item_line(item))}" for item in part.items[:SHOWN_ITEMS]]
    return "\n".join([f"{part.title}: {plain(part.reason)}", *items])


def result(found: Result) -> str:
    """A result in two or more lines: place and name; id and facts; the strongest reasons."""
    where = found.sources[0].reference if found.sources else ""
    likely = "" if found.probability is None else f"{found.probability:.0%} likely"
    alike = f"{len(found.duplicates)} near-duplicates" if found.duplicates else ""
    facts = filter(None, [found.id[:SHORT_ID_LENGTH], likely, *found.collections, found.category, alike])
    why = [f"  {plain(one.text or one.title)}" for one in reasons(found)]
    return "\n".join([f"{found.position}. {plain(found.title) or where or 'untitled'}", f"  {' · '.join(facts)}", *why])


def explained(found: Result) -> str:
    """Every reason for a result, the weightiest first, each with its share of the score."""
    weighed = sorted((one for one in found.why if one.text), key=lambda one: -one.share)
    return "\n".join([result(found), *(f"- {one.title} ({one.share:.0%}): {plain(one.text)}" for one in weighed)])


def compared(found: ResultComparison) -> str:
    """Why one result is above the other, factor by factor."""
    pair = zip(found.places, (found.above, found.below), strict=True)
    names = [f"{place}. {plain(one.title) or 'untitled'} {one.id[:SHORT_ID_LENGTH]}" for place, one in pair]
    return "\n".join([*names, found.text, *(f"- {one.title}: {one.contribution:+.3f}" for one in found.differences)])


def document(view: View) -> str:
    """Everything known about a picture: a line for each field, and for each further entry of a list."""
    return "\n".join(f"{name}: {value}" if name else f"  {value}" for name, value in rows(view.root))


def facets(answer: Answer) -> str:
    """What the results of a question can be narrowed down by."""
    words = ", ".join(f"{one.require} ({one.count})" for one in answer.refinements)
    named = {name: _counted(values) for name, values in answer.facets.items()} | {"words": words}
    return _lines(_results(answer), named)


def overview(view: View) -> str:
    """How much there is to search, and its collections and categories."""
    named = {name: _counted(map(Facet.model_validate, view.root[name])) for name in ("collections", "categories")}
    return _lines(f"{view.root['documents']} pictures", named)


def _results(answer: Answer) -> str:
    return f"{answer.total} result{'s' * (answer.total != 1)}"


def _lines(head: str, named: Mapping[str, str]) -> str:
    return "\n".join([head, *(f"{name}: {value}" for name, value in named.items() if value)])


def _counted(values: Iterable[Facet]) -> str:
    return ", ".join(f"{plain(one.value)} ({one.count})" for one in islice(values, SHOWN_VALUES))


def _box(box: Sequence[float]) -> str:
    return "[" + ", ".join(f"{number:.2f}" for number in box) + "]"
