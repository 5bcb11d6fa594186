"""The neighbours of a question: the groups of near-duplicates in the order of a search, with the documents that they hold.

Everything that says what a picture shows reads them: tags by their text, entities by their votes. They are taken after the
cutoff, so a neighbour has at least some evidence, and its `probability` is calibrated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from factors.registry import FactorRegistry
from factors.text import TextSnippet
from query.engine_calls import Calls
from query.grouping import Cut, Groups
from query.pipeline import Values

Json = dict[str, Any]
MAX_NEIGHBOURS = 50  # groups that are read
UNCALIBRATED = 0.5  # weight of the first neighbour where no probability is calibrated; those after it fade


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A group of near-duplicates that a search found.

    `place` counts from 1. `probability` is that it answers the question (of the best document of the group); None where this
    kind of question is not calibrated. `documents` are the `_source` of the group's documents, the best first, by id.
    """

    place: int
    score: float
    probability: float | None
    documents: Mapping[str, Json]

    @property
    def id(self) -> str:
        """The id of its best document."""
        return next(iter(self.documents))

    @property
    def weight(self) -> float:
        """How much its vote counts: its probability, or less the further down it is."""
        return UNCALIBRATED / self.place if self.probability is None else self.probability

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of the pages that its documents are on; none for files."""
        entries = (entry for document in self.documents.values() for entry in document.get("sources", []))
        return frozenset(host for entry in entries if (host := host_of(entry)))

    def snippets(self) -> list[TextSnippet]:
        """The text linked to its documents, without what the trash filter keeps apart."""
        entries = [entry for document in self.documents.values() for entry in document.get("texts", [])]
        return [one for one in map(TextSnippet.from_json, entries) if not one.is_trash]


def neighbours_of(values: Values, number: int = MAX_NEIGHBOURS) -> list[Neighbour]:
    """The first groups of a search, with their documents: `values` are those of `Searcher.run(request, until="group")`.

    One request to the engine; RefusedError, EngineUnavailable.
    """
    groups, cut = values[Groups].groups[:number], values[Cut]
    members = [[ranked.id for ranked in (group.best, *group.others)] for group in groups]
    found = _documents(values[Calls], values[FactorRegistry], [one for ids in members for one in ids])
    return [
        Neighbour(
            place=place,
            score=group.best.score,
            probability=cut.probabilities.get(group.best.id),
            documents={one: found[one] for one in ids if one in found},
        )
        for place, (group, ids) in enumerate(zip(groups, members, strict=True), start=1)
        if any(one in found for one in ids)  # a document may have been deleted meanwhile
    ]


def site_of(source: Mapping[str, str]) -> str:
    """The host of a source's page; without a page, its collection."""
    return host_of(source) or source.get("collection", "")


def host_of(source: Mapping[str, str]) -> str:
    """The host of a source's page; empty without one."""
    return urlsplit(source.get("page") or "").netloc.lower()


def _documents(calls: Calls, factors: FactorRegistry, ids: Sequence[str]) -> dict[str, Json]:
    """`_source` by id, in the order of `ids`, without vectors."""
    if not ids:
        return {}
    vectors = sorted({path for factor in factors.active for path in factor.unshown_fields()})
    body = {
        "size": len(ids),
        "_source": {"excludes": vectors},
        "track_total_hits": False,
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}]}},
    }
    found = {hit["_id"]: hit["_source"] for hit in calls.search(body)["hits"]["hits"]}
    return {one: found[one] for one in ids if one in found}
