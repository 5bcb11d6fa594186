"""What the picture asked with shows, where a reference picture of a landmark is surely the same thing.

Surely is measured (`omma evaluate --local`): by matched points, or by likeness of the whole, from the value on that hardly
any question finds in a picture of something else. Looked at are the results of the page, near-duplicates included.
"""

from collections.abc import Iterator, Mapping

from factors.registry import by_name
from query.answer import Landmark, Result
from query.run import Run
from ranking.cutoff import Threshold, same_thing

BY = ("local.inliers", "similar")  # the surer one first: a likeness of the whole says less than points that lie alike


def recognise(run: Run) -> None:
    """Name each landmark once, by its best reference picture."""
    there = [result for best in run.results for result in (best, *best.duplicates) if result.landmarks]
    if not (there and run.request.has_picture):
        return
    sure = thresholds(run)
    found: dict[str, Landmark] = {}
    for landmark in (named for result in there for named in _named(result, sure)):
        known = found.get(landmark.name)
        if known is None or _rank(landmark) > _rank(known):
            found[landmark.name] = landmark
    run.landmarks = sorted(found.values(), key=_rank, reverse=True)


def thresholds(run: Run) -> dict[str, Threshold]:
    """By column; only what was measured with the weights that made the index."""
    measured = same_thing(run.profile)
    if measured is None:
        return {}
    usable, _ = measured.usable(run.fingerprints)
    return {name: usable.columns[name] for name in BY if name in usable.columns}


def _named(result: Result, sure: Mapping[str, Threshold]) -> Iterator[Landmark]:
    """The landmarks of a reference picture, if it is surely the same thing."""
    by = {name: result.factors[name] for name, least in sure.items() if result.factors.get(name, 0.0) >= least.value}
    if not by:
        return
    told = {why.factor: why.text for why in result.why}
    text = " ".join(told.get(name, by_name(name).title) for name in by)
    share = max(1 - sure[name].passed for name in by)
    for name in result.landmarks:
        yield Landmark(name=name, place=result.place, result=result.id, by=by, sure=round(share, 4), text=text)


def _rank(landmark: Landmark) -> tuple[float, ...]:
    return tuple(landmark.by.get(name, 0.0) for name in BY)
