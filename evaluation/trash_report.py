"""docs/measurements/trash.md, from the figures of `evaluation.trash`."""

from collections.abc import Iterable
from typing import Any

from evaluation.report import table
from factors.text import TRASH

Json = dict[str, Any]
MOST_WRONG = 12  # mistakes that the page shows; the JSON has all

PAGE = """\
# The trash filter, measured

*Written by `omma evaluate --trash`; run it again to write it anew.*

{snippets} snippets of text from {sites} web sites written for this purpose ([evaluation/sites](../../evaluation/sites)):
shops, a blog, news, an encyclopaedia, a gallery, a forum, a magazine, recipes, in English, German, French, Spanish and Russian.
Every text is labelled where the page's template writes it: about these pictures, or about none, and why. The rules were
made from mistakes on the sites *tuned on*; of the *held out* ones only totals were seen. {not_labelled} snippets have no label.
The same hand wrote the pages, the labels and the rules: sites of others will be harder than the held-out ones.

*Trash* is a snippet that is kept apart (weight below {bound}). Precision of trash: how much of what is kept apart is trash; its
recall: how much of the trash is kept apart. The same of what is kept, and how much of what counts in full is about its picture.

{split}

Without a filter everything is kept: {share} of the snippets of the held-out sites are about their picture.

## By site

{by_site}

## By kind of text

{kinds}

## By label: what a text is, and how much of it is kept apart

{labels}

## By reason: what the filter says, and how much of it is trash

{reasons}

## What search gains

{questions} questions: one for each picture that its author could ask for in other words than the page's. Linked text alone
(BM25), all sites in one index. *Unweighted*: every snippet counts in full. How often the right picture is first, and the
reciprocal rank (of the first ten):

{search}

With weights the right picture is higher for {better} questions and lower for {worse}.

## Mistakes on the sites tuned on

{wrong}
"""
HEAD = ("snippets", "trash", "trash_precision", "trash_recall", "kept_precision", "kept_recall", "full_weight_precision")
NAMED = (
    "snippets",
    "trash",
    "precision of trash",
    "recall of trash",
    "precision of kept",
    "recall of kept",
    "precision in full",
)


def page(figures: Json) -> str:
    """The page in Markdown."""
    held, search = figures["split"]["held out"], figures["search"]
    sites = ((name, _split(one), *_row(one)) for name, one in figures["sites"].items())
    return PAGE.format(
        snippets=figures["snippets"],
        sites=len(figures["sites"]),
        not_labelled=figures["not_labelled"] or "No",
        bound=TRASH,
        split=table(("sites", *NAMED), ((name, *_row(one)) for name, one in figures["split"].items())),
        share=f"{1 - held['trash'] / held['snippets']:.3f}",
        by_site=table(("site", "", *NAMED), sites),
        kinds=table(("kind", *NAMED), ((name, *_row(one)) for name, one in figures["kinds"].items())),
        labels=table(("label", "snippets", "kept apart"), _groups(figures["labels"], "snippets", "kept_apart")),
        reasons=table(
            ("reason", "snippets", "trash", "kept apart"), _groups(figures["reasons"], "snippets", "trash", "kept_apart")
        ),
        questions=search["questions"],
        search=table(("sites", "questions", "", "first", "reciprocal rank"), _search(search)),
        better=search["better"],
        worse=search["worse"],
        wrong=table(("site", "kind", "text", "label", "weight", "reason"), _wrong(figures["wrong"])),
    )


def _split(one: Json) -> str:
    return "tuned on" if one["tuned"] else "held out"


def _row(one: Json) -> list[object]:
    values = (one[name] for name in HEAD)
    return [f"{value:.3f}" if isinstance(value, float) else "–" if value is None else value for value in values]


def _groups(groups: Json, *names: str) -> Iterable[tuple[object, ...]]:
    return ((group, *(figures[name] for name in names)) for group, figures in groups.items())


def _search(search: Json) -> Iterable[tuple[object, ...]]:
    for split in ("tuned on", "held out"):
        for way in ("unweighted", "weighted"):
            one = search[split][way]
            yield split, search[split]["questions"], way, f"{one['first']:.3f}", f"{one['mrr']:.3f}"


def _wrong(wrong: Iterable[Json]) -> list[tuple[object, ...]]:
    """Different mistakes, as they come."""
    found: dict[tuple[str, ...], tuple[object, ...]] = {}
    for one in wrong:
        row = (one["site"], one["kind"], one["text"][:80].replace("|", "/"), one["why"] or "about the picture")
        key = (one["site"], one["kind"], one["why"], one["reason"])
        found.setdefault(key, (*row, f"{one['weight']:.2f}", one["reason"]))
    return list(found.values())[:MOST_WRONG]
