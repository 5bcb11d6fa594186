"""What local descriptors add, on altered pictures of the demo corpus and on phone photos of packages.

The same questions are answered by `similar` alone, by visual words alone, by words and matched points, by both factors
together, and by both with near-duplicates. Thresholds of landmarks follow from pictures of something else: from the number of
points that match in them, and from their similarity.
"""

import statistics
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.demo_corpus import ensure
from engine.settings import Settings
from evaluation import datasets, pages
from evaluation.alterations import ALTERATIONS, PASTED, altered, pasted
from evaluation.asking import ask
from evaluation.candidate_log import Asked
from evaluation.collection import Collection as Index
from evaluation.datasets import Known
from evaluation.evaluation_set import Posed
from factors.local import INLIERS_AT_HALF
from ingest.item import Item
from ingest.sources.demo import DemoSource
from mappings.versions import alias
from ranking.judgements.judgement import Topic
from ranking.thresholds import Threshold, Thresholds
from training.held_out import is_held_out

Json = dict[str, Any]
EXTRACTORS = ("embedding", "local", "phash")  # detector and OCR take long and add little for these questions
PICTURES = {"similar", "local", "near_duplicate"}
WAYS: dict[str, Collection[str]] = {
    "similar alone": {"similar"}, "words and points": {"local"}, "both": {"similar", "local"}, "with phash": PICTURES,
}  # fmt: skip
MAX_ALTERED = 80  # pictures that are altered in every way
SCENES, DISTRACTORS = 50, 200  # photographs that are pasted onto; that are indexed, too
MIN_SIDE = 100  # px of the longer side of a picture that is altered
DEPTHS = (1, 10)
DEPTHS_OF_CANDIDATES = (1, 5, 10, 50)
PACKAGES = "/Packages/"  # folder of the catalogue's pictures of packages
COUNTS = (6, 8, 10, 12, 15, 20)  # matched points
MAX_WRONG = 0.01  # of questions, in which an image of something else may reach a threshold


def measure(data: Path, settings: Settings, tell: Callable[[str], None]) -> Json:
    """All figures; ConfigurationError if data sets are missing."""
    datasets.need(data, datasets.GROCERY, datasets.FLICKR)
    index = Index("local", settings, EXTRACTORS)
    try:
        stamps, photos, catalogue = _indexed(index, data, settings, tell)
        searcher = index.searcher()
        asked = list(ask(searcher, _altered(index, stamps, photos), tell))
        shop = list(ask(searcher, _packages(index, data, catalogue), tell))
        thresholds = _thresholds([*asked, *shop], index.fingerprints())
        figures: Json = {
            "surroundings": pages.surroundings(settings), "documents": index.count(), "questions": len(asked),
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
    """Index the demo corpus, the catalogue and photographs; return stamps, bytes of other photographs, and the catalogue."""
    ensure(settings)
    stamps = [item for item in DemoSource("demo", "demo", index.settings).items() if isinstance(item, Item)]
    catalogue = datasets.grocery_catalogue(data)
    everyday = datasets.everyday(data, SCENES + DISTRACTORS)
    tell(f"indexing {len(stamps) + len(catalogue) + DISTRACTORS} pictures")
    index.add_items(stamps)
    index.add([*catalogue, *everyday[SCENES:]])
    return stamps, [known.path.read_bytes() for known in everyday[:SCENES]], catalogue


def _altered(index: Index, stamps: Sequence[Item], scenes: Sequence[bytes]) -> Iterator[Posed]:
    """Held-out stamps ask, altered in every way."""
    large = _large(index)
    held = [item for item in stamps if is_held_out("demo", Path(item.reference).name) and item.original in large]
    for seed, item in enumerate(datasets.thinned(held, MAX_ALTERED)):
        data = index.original(item.original)
        for kind in ALTERATIONS:
            yield _posed(kind, altered(data, kind, seed), item.original, item.reference)
        yield _posed(PASTED, pasted(data, scenes[seed % len(scenes)], seed), item.original, item.reference)


def _large(index: Index) -> set[str]:
    """Documents whose longer side has MIN_SIDE pixels or more."""
    sides: list[Json] = [{"range": {name: {"gte": MIN_SIDE}}} for name in ("width", "height")]
    body = {"size": 10_000, "_source": False, "query": {"bool": {"should": sides}}}
    hits = index.client.search(index=alias(index.settings), body=body)["hits"]["hits"]
    return {str(hit["_id"]) for hit in hits}


def _packages(index: Index, data: Path, catalogue: Sequence[Known]) -> Iterator[Posed]:
    """Phone photos of packages ask; the catalogue's picture of the same product is right."""
    packages = {known.fine: index.ids[known.path] for known in catalogue if PACKAGES in str(known.path)}
    for photo in datasets.grocery_photos(data, "val"):
        if photo.fine in packages:
            yield _posed("packages", photo.path.read_bytes(), packages[photo.fine], photo.path.name)


def _posed(kind: str, picture: bytes, answer: str, name: str) -> Posed:
    return Posed(set=kind, topic=Topic(id=f"{kind}/{name}"), picture=picture, family=name, part=None, grades={answer: 3})


def _recalls(asked: Sequence[Asked]) -> Json:
    """Way of asking -> recall at DEPTHS."""
    rows: Json = {way: _at(asked, [_place(_ordered(one, factors), one) for one in asked]) for way, factors in WAYS.items()}
    words = [_place(_proposed(one, "local"), one) for one in asked]
    return {"questions": len(asked), "words alone": _at(asked, words)} | rows


def _at(asked: Sequence[Asked], places: Sequence[int], depths: Sequence[int] = DEPTHS) -> dict[str, float]:
    """Depth -> share of questions whose answer has that rank or a better one."""
    return {f"r_at_{k}": round(sum(place <= k for place in places) / max(len(asked), 1), 3) for k in depths}


def _ordered(one: Asked, factors: Collection[str]) -> list[str]:
    """Documents in the order of rank fusion over these factors alone."""
    columns = one.columns_of(factors)
    return [ranked.id for ranked in one.fusion(columns).order(one.example(columns).candidate_set)]


def _proposed(one: Asked, column: str) -> list[str]:
    """Documents in the order in which one feature proposes them."""
    ids = list(one.wide.table)
    return [ids[at] for at in one.proposals.get(column, [])]


def _place(order: Sequence[str], one: Asked) -> int:
    """Rank of the first right answer; beyond every depth if there is none."""
    return next((at for at, document in enumerate(order, start=1) if document in one.grades), 10**6)


def _matched_points(one: Asked) -> dict[str, int]:
    """Document -> number of matched points, the inverse of the factor's saturation n / (n + HALFWAY)."""
    values = {document: row["local.inliers"] for document, row in one.wide.table.items() if "local.inliers" in row}
    return {document: round(INLIERS_AT_HALF * value / (1 - value)) for document, value in values.items()}


def _others(asked: Sequence[Asked]) -> Json:
    """Number of matched points -> share of questions in which the own picture, and any other picture, has as many."""
    most = [max((count for i, count in _matched_points(one).items() if i not in one.grades), default=0) for one in asked]
    own = [max((count for i, count in _matched_points(one).items() if i in one.grades), default=0) for one in asked]
    return {str(least): {"own": _share(own, least), "other": _share(most, least)} for least in COUNTS}


def _share(counts: Sequence[float], least: float) -> float:
    return round(sum(count >= least for count in counts) / max(len(counts), 1), 3)


def _of_packages(shop: Sequence[Asked], catalogue: Sequence[Known], index: Index) -> Json:
    """Recall of candidates, and precision of pictures with matched points: the same product, or the same maker."""
    names = {index.ids[known.path]: known.texts[0] for known in catalogue}
    candidates = {
        way: _at(shop, [_place(_proposed(one, way), one) for one in shop], DEPTHS_OF_CANDIDATES) for way in ("similar", "local")
    }
    classes = sorted({names[_answer(one)] for one in shop})
    return {"classes": classes, "candidates": candidates, "ways": _recalls(shop), "verified": _verified(shop, names)}


def _verified(shop: Sequence[Asked], names: Mapping[str, str]) -> Json:
    """How often pictures with matched points show the same product, and how many photos have such pictures."""
    points = [(one, _matched_points(one)) for one in shop]
    pairs = [(one, document) for one, found in points for document in found]
    return {
        "photos_with_any": _rate([bool(found) for _, found in points]),
        "photos_with_own": _rate([any(i in one.grades for i in found) for one, found in points]),
        "pairs": len(pairs),
        "same_product": _rate([document in one.grades for one, document in pairs]),
        "same_maker": _rate([_maker(names, document) == _maker(names, _answer(one)) for one, document in pairs]),
    }


def _rate(which: Sequence[bool]) -> float:
    return round(sum(which) / max(len(which), 1), 3)


def _answer(one: Asked) -> str:
    return next(iter(one.grades))


def _maker(names: Mapping[str, str], document: str) -> str:
    """The first word of a product's name; the document itself if it is not a product."""
    return names.get(document, "").split(" ")[0] or document


def _thresholds(asked: Sequence[Asked], fingerprints: dict[str, str]) -> Thresholds:
    """For each column the value that at most MAX_WRONG of the questions reach with something else."""
    found = {}
    for column, extractor in (("similar", "embedding"), ("local.inliers", "local")):
        own, other = ([_best(one, column, right=right) for one in asked] for right in (True, False))
        value = float(np.quantile(other, 1 - MAX_WRONG, method="higher")) + 1e-4
        found[column] = Threshold(
            value=round(value, 4), pairs=len(own), unrelated=len(other), kept=_share(own, value),
            passed=_share(other, value), weights={extractor: fingerprints[extractor]},
        )  # fmt: skip
    rule = f"the least value that at most {MAX_WRONG:.0%} of questions find in a picture of something else"
    data = "altered pictures of the demo corpus, phone photos of packages"
    return Thresholds(rule=rule, data=data, columns=found)


def _best(one: Asked, column: str, *, right: bool) -> float:
    return max((row.get(column, 0.0) for i, row in one.wide.table.items() if (i in one.grades) == right), default=0.0)


def _took(asked: Sequence[Asked]) -> Json:
    """Median milliseconds of each stage."""
    stages = ("candidates", "table", "rescore")
    return {stage: round(statistics.median(one.took[stage] for one in asked), 1) for stage in stages}


def _bytes(index: Index) -> Json:
    """Mean sizes of the factor's fields per document, as they are sent: bytes, and number of points."""
    body = {"size": 1000, "_source": ["local", "local_points"], "query": {"exists": {"field": "local"}}}
    hits = index.client.search(index=alias(index.settings), body=body)["hits"]["hits"]
    sizes = {name: round(statistics.mean(len(hit["_source"][name]) for hit in hits)) for name in ("local", "local_points")}
    return sizes | {"points": round(statistics.mean(len(hit["_source"]["local"].split()) for hit in hits))}
