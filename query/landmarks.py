"""Name the landmarks in the image asked with, by reference images among the results of the page and their duplicates.

Features that can identify a thing declare it (`Feature.identifies`). `omma calibrate` measures the value that images of other
things hardly ever reach (ranking/calibrations.py); a result that reaches it shows the same thing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from factors.registry import FactorRegistry
from query.answer import Landmark, Result
from query.engine_calls import Calls
from query.page import Page
from query.question import Understood
from ranking.thresholds import Threshold

UNCALIBRATED = "landmarks are not named: no thresholds fit the weights that made the index (`omma calibrate`)"


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The landmarks that the image asked with shows, the surest first."""

    found: tuple[Landmark, ...] = ()


def recognise(calls: Calls, factors: FactorRegistry, understood: Understood, page: Page) -> Landmarks:
    """Name each landmark once, by its best reference image; a warning if there are reference images but no thresholds."""
    shown = [result for best in page.results for result in (best, *best.duplicates) if result.landmarks]
    if not (shown and understood.request.has_picture):
        return Landmarks()
    sure = thresholds(factors, understood)
    if not sure:
        calls.warn(UNCALIBRATED)
        return Landmarks()
    found: dict[str, Landmark] = {}
    for landmark in (named for result in shown for named in _named(result, sure, factors)):
        known = found.get(landmark.name)
        if known is None or _strength(landmark, sure) > _strength(known, sure):
            found[landmark.name] = landmark
    return Landmarks(tuple(sorted(found.values(), key=lambda landmark: _strength(landmark, sure), reverse=True)))


def thresholds(factors: FactorRegistry, understood: Understood) -> dict[str, Threshold]:
    """Feature -> threshold, of the features that identify; first the one that recognises most altered images of a thing."""
    measured = understood.landmark_thresholds.columns if understood.landmark_thresholds else {}
    usable = [feature.name for feature in factors.every_feature if feature.identifies and feature.name in measured]
    return {name: measured[name] for name in sorted(usable, key=lambda name: -measured[name].kept)}


def _named(result: Result, sure: Mapping[str, Threshold], factors: FactorRegistry) -> Iterator[Landmark]:
    """The landmarks of a reference image that reaches a threshold."""
    by = {name: result.factors[name] for name, least in sure.items() if result.factors.get(name, 0.0) >= least.value}
    if not by:
        return
    texts = {why.factor: why.text for why in result.why}
    text = " ".join(texts.get(name, factors.by_name(name).title) for name in by)
    share = max(1 - sure[name].passed for name in by)
    for name in result.landmarks:
        yield Landmark(name=name, place=result.place, result=result.id, by=by, sure=round(share, 4), text=text)


def _strength(landmark: Landmark, sure: Mapping[str, Threshold]) -> tuple[float, ...]:
    return tuple(landmark.by.get(name, 0.0) for name in sure)
