"""What local descriptors add: altered pictures of the demo corpus, and phone photos of packages, each found among everything.

The same questions are answered by `similar` alone, by visual words alone, by words and matched points, by both factors
together, and by these with near-duplicates. What points match in pictures of something else tells how many must match before a
picture is said to show the same thing, and how like two pictures must be: that is what landmarks are named by.
"""

import statistics
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.demo_corpus import ensure
from engine.settings import Settings
from evaluation import datasets, report
from evaluation.alterations import ALTERATIONS, PASTED, altered, pasted
from evaluation.asking import Asked, ask
from evaluation.collection import Collection as Index
from evaluation.datasets import Known
from evaluation.evaluation_set import Posed
from factors.local import INLIERS_AT_HALF
from ingest.item import Item
from ingest.sources.demo import DemoSource
from mappings.versions import alias
from ranking.cutoff import Threshold, Thresholds
from ranking.judgements.judgement import Topic
from training.held_out import is_held_out

Json = dict[str, Any]
EXTRACTORS = ("embedding", "local", "phash")  # of the others, detector and reader take long and say little of these questions
PICTURES = {"similar", "local", "near_duplicate"}
WAYS: dict[str, Collection[str]] = {
    "similar alone": {"similar"}, "words and points": {"local"}, "both": {"similar", "local"}, "with phash": PICTURES,
}  # fmt: skip
STAMPS = 80  # pictures that are altered, in each way
SCENES, DISTRACTORS = 50, 200  # photographs that are pasted onto, and that are indexed beside everything
LEAST_SIDE = 100  # px of the longer side of a picture that is asked with
DEPTHS = (1, 10)
DEPTHS_OF_CANDIDATES = (1, 5, 10, 50)
PACKAGES = "/Packages/"  # folder of the catalogue's pictures of packages
COUNTS = (6, 8, 10, 12, 15, 20)  # matched points
WRONG = 0.01  # of questions, in which something else may seem to be the same


def measure(data: Path, settings: Settings, tell: Callable[[str], None]) -> Json:
    """All figures; ConfigurationError where data sets are missing."""
    datasets.need(data, datasets.GROCERY, datasets.FLICKR)
    index = Index("local", settings, EXTRACTORS)
    try:
        stamps, photos, catalogue = _indexed(index, data, settings, tell)
        searcher = index.searcher()
        asked = list(ask(searcher, _altered(index, stamps, photos), tell))
        shop = list(ask(searcher, _packages(index, data, catalogue), tell))
        thresholds = _thresholds([*asked, *shop], index.fingerprints())
        figures: Json = {
            "surroundings": report.surroundings(settings), "documents": index.count(), "questions": len(asked),
            "embedding": index.fingerprints()["embedding"], "bytes": _bytes(index), "took_ms": _took([*asked, *shop]),
            "altered": {kind: _recalls([one for one in asked if one.set == kind]) for kind in (*ALTERATIONS, PASTED)},
            "altered_all": _recalls(asked), "other_things": _others(asked), "packages": _of_packages(shop, catalogue, index),
            "landmarks": thresholds.model_dump(mode="json"),
        }  # fmt: skip
        return figures
    finally:
        index.remove()


def _indexed(
    index: Index, data: Path, settings: Settings, tell: Callable[[str], None]
) -> tuple[list[Item], Sequence[bytes], list[Known]]:
    """Everything that is searched: all stamps, the catalogue, photographs; and photographs that are not indexed."""
    ensure(settings)
    stamps = [item for item in DemoSource("demo", "demo", index.settings).items() if isinstance(item, Item)]
    catalogue = datasets.grocery_catalogue(data)
    everyday = datasets.everyday(data, SCENES + DISTRACTORS)
    tell(f"indexing {len(stamps) + len(catalogue) + DISTRACTORS} pictures")
    index.add_items(stamps)
    index.add([*catalogue, *everyday[SCENES:]])
    return stamps, [known.path.read_bytes() for known in everyday[:SCENES]], catalogue


def _altered(index: Index, stamps: Sequence[Item], scenes: Sequence[bytes]) -> Iterator[Posed]:
    """Held-out stamps, altered in every way."""
    large = _large(index)
    held = [item for item in stamps if is_held_out("demo", Path(item.reference).name) and item.original in large]
    for seed, item in enumerate(held[n * len(held) // STAMPS] for n in range(min(STAMPS, len(held)))):
        data = index.original(item.original)
        for kind in ALTERATIONS:
            yield _posed(kind, altered(data, kind, seed), item.original, item.reference)
        yield _posed(PASTED, pasted(data, scenes[seed % len(scenes)], seed), item.original, item.reference)


def _large(index: Index) -> set[str]:
    """Documents whose longer side has enough pixels."""
    sides: list[Json] = [{"range": {name: {"gte": LEAST_SIDE}}} for name in ("width", "height")]
    body = {"size": 10_000, "_source": False, "query": {"bool": {"should": sides}}}
    hits = index.client.search(index=alias(index.settings), body=body)["hits"]["hits"]
    return {str(hit["_id"]) for hit in hits}


def _packages(index: Index, data: Path, catalogue: Sequence[Known]) -> Iterator[Posed]:
    """Phone photos of packages; the catalogue's picture of the same product answers."""
    packages = {known.fine: index.ids[known.path] for known in catalogue if PACKAGES in str(known.path)}
    for photo in datasets.grocery_photos(data, "val"):
        if photo.fine in packages:
            yield _posed("packages", photo.path.read_bytes(), packages[photo.fine], photo.path.name)


def _posed(kind: str, picture: bytes, answer: str, name: str) -> Posed:
    return Posed(set=kind, topic=Topic(id=f"{kind}/{name}"), picture=picture, family=name, part=None, grades={answer: 3})


def _recalls(asked: Sequence[Asked]) -> Json:
    """By way of asking: the share of questions whose answer is among the first."""
    rows: Json = {way: _at(asked, [_place(_ordered(one, factors), one) for one in asked]) for way, factors in WAYS.items()}
    words = [_place(_proposed(one, "local"), one) for one in asked]
    return {"questions": len(asked), "words alone": _at(asked, words)} | rows


def _at(asked: Sequence[Asked], places: Sequence[int], depths: Sequence[int] = DEPTHS) -> dict[str, float]:
    return {f"r_at_{k}": round(sum(place <= k for place in places) / max(len(asked), 1), 3) for k in depths}


def _ordered(one: Asked, factors: Collection[str]) -> list[str]:
    """Documents as rank fusion puts them, by these factors alone."""
    columns = one.columns_of(factors)
    return [ranked.id for ranked in one.fusion(columns).order(one.example(columns).candidate_set)]


def _proposed(one: Asked, column: str) -> list[str]:
    ids = list(one.wide.table)
    return [ids[at] for at in one.proposals.get(column, [])]


def _place(order: Sequence[str], one: Asked) -> int:
    """Of the first right answer; beyond everything where there is none."""
    return next((at for at, document in enumerate(order, start=1) if document in one.grades), 10**6)


def _counts(one: Asked) -> dict[str, int]:
    """Matched points of every document that has any."""
    values = {document: row["local.inliers"] for document, row in one.wide.table.items() if "local.inliers" in row}
    return {document: round(INLIERS_AT_HALF * value / (1 - value)) for document, value in values.items()}


def _others(asked: Sequence[Asked]) -> Json:
    """How often points match in a picture of something else: the share of questions, by the number that must match."""
    most = [max((count for i, count in _counts(one).items() if i not in one.grades), default=0) for one in asked]
    own = [max((count for i, count in _counts(one).items() if i in one.grades), default=0) for one in asked]
    return {str(least): {"own": _share(own, least), "other": _share(most, least)} for least in COUNTS}


def _share(counts: Sequence[float], least: float) -> float:
    return round(sum(count >= least for count in counts) / max(len(counts), 1), 3)


def _of_packages(shop: Sequence[Asked], catalogue: Sequence[Known], index: Index) -> Json:
    """Candidates' recall, and the precision of what is verified: the same product, or at least the same maker."""
    fine = {index.ids[known.path]: known.texts[0] for known in catalogue}
    verified = [(one, document) for one in shop for document in _counts(one)]
    right = sum(document in one.grades for one, document in verified)
    maker = sum(_maker(fine, document) == _maker(fine, next(iter(one.grades))) for one, document in verified)
    candidates = {
        way: _at(shop, [_place(_proposed(one, way), one) for one in shop], DEPTHS_OF_CANDIDATES) for way in ("similar", "local")
    }
    return {
        "classes": sorted({fine[next(iter(one.grades))] for one in shop}),
        "candidates": candidates,
        "ways": _recalls(shop),
        "verified": {
            "photos_with_any": round(len({id(one) for one, _ in verified}) / max(len(shop), 1), 3),
            "photos_with_own": round(sum(any(i in one.grades for i in _counts(one)) for one in shop) / max(len(shop), 1), 3),
            "pairs": len(verified), "same_product": round(right / max(len(verified), 1), 3),
            "same_maker": round(maker / max(len(verified), 1), 3),
        },
    }  # fmt: skip


def _maker(names: dict[str, str], document: str) -> str:
    """The first word of a product's name; empty for what is no product."""
    return names.get(document, "").split(" ")[0] or document


def _thresholds(asked: Sequence[Asked], fingerprints: dict[str, str]) -> Thresholds:
    """For each column the value that at most a hundredth of questions find in something else."""
    found = {}
    for column, extractor in (("similar", "embedding"), ("local.inliers", "local")):
        own, other = ([_best(one, column, right=right) for one in asked] for right in (True, False))
        value = float(np.quantile(other, 1 - WRONG, method="higher")) + 1e-4
        found[column] = Threshold(
            rule="at-least", value=round(value, 4), pairs=len(own), unrelated=len(other), kept=_share(own, value),
            passed=_share(other, value), weights={extractor: fingerprints[extractor]},
        )  # fmt: skip
    rule = f"the least value that at most {WRONG:.0%} of questions find in a picture of something else"
    data = "altered pictures of the demo corpus, phone photos of packages"
    return Thresholds(rule=rule, data=data, columns=found)


def _best(one: Asked, column: str, *, right: bool) -> float:
    return max((row.get(column, 0.0) for i, row in one.wide.table.items() if (i in one.grades) == right), default=0.0)


def _took(asked: Sequence[Asked]) -> Json:
    """Median milliseconds of each stage."""
    stages = ("candidates", "table", "rescore")
    return {stage: round(statistics.median(one.took[stage] for one in asked), 1) for stage in stages}


def _bytes(index: Index) -> Json:
    """What the factor keeps of a document, on average, as it is sent."""
    body = {"size": 1000, "_source": ["local", "local_points"], "query": {"exists": {"field": "local"}}}
    hits = index.client.search(index=alias(index.settings), body=body)["hits"]["hits"]
    sizes = {name: round(statistics.mean(len(hit["_source"][name]) for hit in hits)) for name in ("local", "local_points")}
    return sizes | {"points": round(statistics.mean(len(hit["_source"]["local"].split()) for hit in hits))}
