"""Vectors of different weights are never compared: fingerprints in the mapping's `_meta`, and the checks against them."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import ConfigurationError, WeightsMismatchError

Json = dict[str, Any]


def record(reads: Mapping[str, Iterable[str]], fingerprints: Mapping[str, str]) -> Json:
    """The `_meta` entry: factor -> extractor -> fingerprint, for the extractors that each factor reads.

    ConfigurationError where a factor reads an unknown extractor.
    """
    for factor, extractors in reads.items():
        if missing := sorted(set(extractors) - set(fingerprints)):
            raise ConfigurationError(
                f"factor {factor!r} reads {', '.join(missing)}; extractors are: {', '.join(sorted(fingerprints))}"
            )
    return {"factors": {factor: {s: fingerprints[s] for s in extractors} for factor, extractors in reads.items()}}


def changed(meta: Mapping[str, Any], fingerprints: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Extractors whose weights differ: extractor -> (fingerprint in the index, present fingerprint)."""
    recorded: dict[str, str] = {}
    for extractors in meta.get("factors", {}).values():
        recorded |= extractors
    return {s: (old, fingerprints[s]) for s, old in recorded.items() if s in fingerprints and fingerprints[s] != old}


def lacking(meta: Mapping[str, Any], factors: Iterable[str]) -> list[str]:
    """Factors that the index was made without: new ones, or ones whose extractors were switched off. Empty without a record."""
    recorded = meta.get("factors") or {}
    return sorted(set(factors) - set(recorded)) if recorded else []


def check(meta: Mapping[str, Any], fingerprints: Mapping[str, str], factor: str) -> None:
    """Raise WeightsMismatchError, naming both weights, unless the present weights made the factor's fields."""
    for extractor, old in meta.get("factors", {}).get(factor, {}).items():
        new = fingerprints.get(extractor)
        if new is not None and new != old:
            raise WeightsMismatchError(
                f"factor {factor!r}: the index holds {extractor} made by {old}, but here it would be made by {new}; "
                "run `omma reindex`, or choose the profile that the index was made with (OMMA_PROFILE)"
            )
