"""The filter itself: extracted texts become snippets with a weight and a reason."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import prod

from factors.text import Kind, TextSnippet
from ingest.text import clean, language_of
from ingest.trash.phrases import plain
from ingest.trash.rules import ALONE, RULES, TWICE, PageContext
from ingest.web.extracted import ExtractedText

__all__ = ["PageContext", "filtered", "filtered_alone"]

# Of two snippets with the same text, the kind that comes first here keeps its weight.
KINDS = (
    Kind.PRODUCT, Kind.CAPTION, Kind.TITLE, Kind.ALT, Kind.KEYWORDS, Kind.HEADING, Kind.ANCHOR, Kind.PAGE_TITLE, Kind.NEARBY,
    Kind.FILE_NAME, Kind.FOLDER_NAME,
)  # fmt: skip
ORDER = {kind: place for place, kind in enumerate(KINDS)}
NAMES = {
    Kind.ALT: "alternative text",
    Kind.PAGE_TITLE: "page's title",
    Kind.PRODUCT: "product's name",
    Kind.FILE_NAME: "file's name",
    Kind.FOLDER_NAME: "folder's name",
}


def filtered(extracted: Iterable[ExtractedText], context: PageContext, page: str = "") -> list[TextSnippet]:
    """One snippet for each kind and text, strongest kinds first; `page` is the address that the snippets name."""
    best: dict[tuple[Kind, str], TextSnippet] = {}
    for one in extracted:
        snippet = _snippet(one, context, page)
        known = best.get((snippet.kind, plain(snippet.text)))
        if snippet.text and (known is None or snippet.weight > known.weight):
            best[snippet.kind, plain(snippet.text)] = snippet
    return list(_once(sorted(best.values(), key=lambda snippet: ORDER[snippet.kind])))


def filtered_alone(snippets: Iterable[TextSnippet]) -> tuple[TextSnippet, ...]:
    """Snippets of files and feeds, weighed by the rules that need no page."""
    return tuple(
        _weighed(snippet, ExtractedText(snippet.kind, snippet.text), PageContext(alone=True), ALONE) for snippet in snippets
    )


def _snippet(extracted: ExtractedText, context: PageContext, page: str) -> TextSnippet:
    language = language_of(extracted.text) or extracted.language or context.language
    snippet = TextSnippet(extracted.kind, clean(extracted.text), language, page)
    return _weighed(snippet, extracted, context, RULES)


def _weighed(snippet: TextSnippet, extracted: ExtractedText, context: PageContext, rules: Iterable[str]) -> TextSnippet:
    """Multiply the weights of the rules; keep the reason of the lowest."""
    verdicts = [verdict for name in rules if (verdict := RULES[name](extracted, context))]
    if not verdicts:
        return snippet
    strongest = min(verdicts, key=lambda verdict: verdict.weight)
    weight = snippet.weight * prod(verdict.weight for verdict in verdicts)
    return replace(snippet, weight=round(weight, 4), reason=strongest.reason)


def _once(snippets: Iterable[TextSnippet]) -> Iterator[TextSnippet]:
    """Lower snippets that repeat the text of an earlier one with at least the same weight."""
    known: dict[str, TextSnippet] = {}
    for snippet in snippets:
        first = known.setdefault(plain(snippet.text), snippet)
        if first is snippet or first.weight < snippet.weight:
            yield snippet
        else:
            yield snippet.lowered(TWICE, f"the same as its {NAMES.get(first.kind, first.kind.value)}")
