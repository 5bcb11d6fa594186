"""From what was extracted to snippets with a weight and a reason."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import prod

from factors.text import Kind, TextSnippet
from ingest.text import clean, language_of
from ingest.trash.phrases import plain
from ingest.trash.rules import ALONE, RULES, TWICE, PageContext
from ingest.web.extracted import ExtractedText

__all__ = ["PageContext", "filtered", "filtered_alone"]

# Of two snippets that say the same, the one that stands first here keeps its weight.
KINDS = (
    Kind.PRODUCT, Kind.CAPTION, Kind.TITLE, Kind.ALT, Kind.KEYWORDS, Kind.HEADING, Kind.ANCHOR, Kind.PAGE_TITLE, Kind.NEARBY,
    Kind.FILE_NAME,
)  # fmt: skip
ORDER = {kind: place for place, kind in enumerate(KINDS)}
NAMES = {
    Kind.ALT: "alternative text",
    Kind.PAGE_TITLE: "page's title",
    Kind.PRODUCT: "product's name",
    Kind.FILE_NAME: "file's name",
}


def filtered(extracted: Iterable[ExtractedText], context: PageContext, page: str = "") -> list[TextSnippet]:
    """A snippet for each text, strongest kinds first; weights of the rules multiplied, the weightiest reason kept."""
    best: dict[tuple[Kind, str], TextSnippet] = {}
    for one in extracted:
        snippet = _judge(one, context, page)
        known = best.get((snippet.kind, plain(snippet.text)))
        if snippet.text and (known is None or snippet.weight > known.weight):
            best[snippet.kind, plain(snippet.text)] = snippet
    return list(_once(sorted(best.values(), key=lambda snippet: ORDER[snippet.kind])))


def filtered_alone(snippets: Iterable[TextSnippet]) -> tuple[TextSnippet, ...]:
    """TextSnippet that come without a page, from files and feeds: what can be extracted of the text itself."""
    return tuple(
        _weighed(snippet, ExtractedText(snippet.kind, snippet.text), PageContext(alone=True), ALONE) for snippet in snippets
    )


def _judge(extracted: ExtractedText, context: PageContext, page: str) -> TextSnippet:
    language = language_of(extracted.text) or extracted.language or context.language
    snippet = TextSnippet(extracted.kind, clean(extracted.text), language, page)
    return _weighed(snippet, extracted, context, RULES)


def _weighed(snippet: TextSnippet, extracted: ExtractedText, context: PageContext, rules: Iterable[str]) -> TextSnippet:
    """Weights multiply; the reason of the rule that lowers most is kept."""
    verdicts = [verdict for name in rules if (verdict := RULES[name](extracted, context))]
    if not verdicts:
        return snippet
    strongest = min(verdicts, key=lambda verdict: verdict.weight)
    weight = snippet.weight * prod(verdict.weight for verdict in verdicts)
    return replace(snippet, weight=round(weight, 4), reason=strongest.reason)


def _once(snippets: Iterable[TextSnippet]) -> Iterator[TextSnippet]:
    """What was said already, by a snippet of at least the same weight, counts less."""
    said: dict[str, TextSnippet] = {}
    for snippet in snippets:
        first = said.setdefault(plain(snippet.text), snippet)
        if first is snippet or first.weight < snippet.weight:
            yield snippet
        else:
            yield snippet.lowered(TWICE, f"the same as its {NAMES.get(first.kind, first.kind.value)}")
