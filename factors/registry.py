"""The factors of an installation: files of this folder, of OMMA_PLUGIN_PATH, and entry points of the group `omma.factors`."""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError
from engine.plugins import Broken, Found, discover
from engine.settings import Settings, get_settings
from factors.base import Factor, Feature, Json
from mappings import template, weights
from mappings.core import CORE

logger = logging.getLogger(__name__)
HERE = Path(__file__).parent
GROUP = "omma.factors"


def every_factor() -> tuple[Factor, ...]:
    """Every factor that could be loaded, by name."""
    return _registered(tuple(get_settings().plugin_path))[0]


def broken_factors() -> tuple[Broken, ...]:
    """What was left out, and why."""
    return _registered(tuple(get_settings().plugin_path))[1]


def all_factors() -> tuple[Factor, ...]:
    """Those that take part: all but the ones that read an extractor that is switched off or was left out."""
    every = every_factor()
    settings = get_settings()
    if not settings.extractors_off and not any(_foreign(factor) for factor in every):
        return every
    there = _running_extractors(settings.profile, settings.extractors_off, tuple(settings.plugin_path))
    return tuple(factor for factor in every if set(factor.reads) <= there)


@lru_cache(maxsize=8)
def own_factors() -> tuple[Factor, ...]:
    """The built-in ones alone, by name."""
    return _made(discover(Factor, f"{GROUP}.own", HERE))[0]  # type: ignore[type-abstract]


def feature_names() -> tuple[str, ...]:
    """Names of all features in use, in the order in which an order is learned from them.

    Those of extractors that are switched off are among them: to a model they are missing, as they are of other questions.
    ConfigurationError for a setting that names a feature that no factor gives.
    """
    settings = get_settings()
    if unknown := sorted(set(settings.more_columns) - set(every_feature_name())):
        raise ConfigurationError(f"OMMA_MORE_COLUMNS names {', '.join(unknown)}, which no factor gives")
    return tuple(feature.name for feature in every_feature() if is_enabled(feature, settings))


def is_enabled(feature: Feature, settings: Settings) -> bool:
    """Whether a feature is enabled by default, or the settings enable it."""
    return feature.enabled_by_default or feature.name in settings.more_columns


def every_feature() -> tuple[Feature, ...]:
    """All features that the factor table can have, also those that are disabled."""
    return tuple(feature for factor in every_factor() for feature in factor.features)


def every_feature_name() -> tuple[str, ...]:
    """Their names."""
    return tuple(feature.name for feature in every_feature())


def by_name(name: str) -> Factor:
    """The factor that a feature belongs to: `ocr.picture` belongs to `ocr`."""
    base = name.split(".", maxsplit=1)[0]
    for factor in every_factor():
        if factor.name == base:
            return factor
    raise ConfigurationError(f"no factor is named {base!r}")


def word_fields() -> tuple[str, ...]:
    """Text fields of all active factors in which a match is surely the word itself."""
    return tuple(sorted({path for factor in all_factors() for path in factor.word_fields()}))


def snippet_fields() -> frozenset[str]:
    """Names of all document fields that come from linked text."""
    return frozenset(name for factor in all_factors() for name in factor.snippet_fields)


def made_without(meta: Mapping[str, Any], factors: Iterable[Factor]) -> list[str]:
    """Those of these that need fields which an index (by its `_meta`) was made without: new ones, or switched off then."""
    among = list(factors)
    lacking = weights.lacking(meta, (factor.name for factor in among))
    return [factor.name for factor in among if factor.name in lacking and has_fields(factor)]


def has_fields(factor: Factor) -> bool:
    """Whether a factor keeps anything in documents."""
    return type(factor).fields is not Factor.fields


def index_body(fingerprints: Mapping[str, str], dimensions: Mapping[str, int], settings: Settings | None = None) -> Json:
    """The index body that the factors make together.

    `fingerprints` and `dimensions` are those of the feature extractor, which has them without loading models.
    """
    factors = all_factors()
    parts = {factor.name: factor.fields(dimensions) for factor in factors}
    meta = weights.record({factor.name: factor.reads for factor in factors}, fingerprints)
    return template.index_body(parts, meta, settings or get_settings())


def forget_loaded() -> None:
    """Load everything anew with the next call, for tests that change folders."""
    for cached in (_registered, own_factors, _running_extractors):
        cached.cache_clear()


@lru_cache(maxsize=8)
def _registered(folders: tuple[Path, ...]) -> tuple[tuple[Factor, ...], tuple[Broken, ...]]:
    return _made(discover(Factor, GROUP, HERE, folders))  # type: ignore[type-abstract]


def _made(found: Found[Factor]) -> tuple[tuple[Factor, ...], tuple[Broken, ...]]:
    """One object per factor, by name; one that breaks the contract, or whose name or field is taken, is left out."""
    made: dict[str, Factor] = {}
    owners = dict.fromkeys(CORE, "every document")
    broken = list(found.broken)
    for kind in found.kinds:
        try:
            factor = kind()
            _check(factor, made, owners)
            _guard(factor)
        except Exception as error:  # a plugin's constructor may do anything
            logger.warning("%s was left out: %s", found.origins[kind], error)
            broken.append(Broken(found.origins[kind], f"{error}"))
            continue
        made[factor.name] = factor
        owners |= dict.fromkeys(_field_names(factor), factor.name)
    return tuple(made[name] for name in sorted(made)), tuple(broken)


def _check(factor: Factor, made: Mapping[str, Factor], owners: Mapping[str, str]) -> None:
    """ConfigurationError for a factor that cannot take part beside the others."""
    if factor.name in made:
        raise ConfigurationError(f"a factor {factor.name!r} exists already")
    if not getattr(factor, "features", ()):
        raise ConfigurationError(f"factor {factor.name!r} declares no features")
    for feature in factor.features:
        if feature.name.split(".", maxsplit=1)[0] != factor.name:
            raise ConfigurationError(f"feature {feature.name!r} must be named {factor.name!r}, or begin with '{factor.name}.'")
    for name in _field_names(factor):
        if name in owners:
            raise ConfigurationError(f"field {name!r} of factor {factor.name!r} already belongs to {owners[name]!r}")


# What stands for a result where a method of a factor fails. `clauses` is missing: a search reports its failure as a warning.
# So are the methods between documents and features: ingest records their failure in the document.
FALLBACKS: dict[str, Callable[..., Any]] = {
    "describe": lambda *_: (),
    "highlight": lambda *_: {},
    "inner": lambda *_: None,
    "box": lambda *_: None,
}


def _guard(factor: Factor) -> None:
    """A method that fails on one image is logged with the factor's name, and neither the image nor the answer is lost."""
    declared = frozenset(_field_names(factor))
    for name, fallback in FALLBACKS.items():
        setattr(factor, name, _guarded(f"{factor.name}.{name}", getattr(factor, name), fallback))
    for name in ("image_fields", "snippet_fields_of"):
        setattr(factor, name, _only_declared(factor.name, getattr(factor, name), declared))
    factor.explain = _guarded(f"{factor.name}.explain", factor.explain, partial(Factor.explain, factor))  # type: ignore[method-assign]


def _guarded(name: str, method: Callable[..., Any], fallback: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            found = method(*arguments, **named)
        except Exception:
            logger.warning("factor method %s failed", name, exc_info=True)
            found = None
        return fallback(*arguments) if found is None else found

    return call


def _only_declared(name: str, method: Callable[..., Json], declared: frozenset[str]) -> Callable[..., Json]:
    """Without fields that the factor does not declare: the engine would refuse the whole document for them."""

    def call(*arguments: Any, **named: Any) -> Json:
        fields = method(*arguments, **named)
        if unknown := sorted(set(fields) - declared):
            logger.warning("factor %s gave fields that it does not declare, which are left out: %s", name, ", ".join(unknown))
        return {field: value for field, value in fields.items() if field in declared}

    return call


def _field_names(factor: Factor) -> list[str]:
    """Fields are known by name without knowing how long vectors are."""
    return list(factor.fields(_AnyDimension())) if has_fields(factor) else []


class _AnyDimension(dict[str, int]):
    """Stands for the lengths of vectors while only names of fields matter."""

    def __missing__(self, key: str) -> int:
        return 8


def ignored_factors() -> dict[str, str]:
    """Plugins' factors that take no part because an extractor that they read is off or was left out, each with its reason."""
    taking = {factor.name for factor in all_factors()}
    return {
        factor.name: f"it reads {', '.join(factor.reads)}, of which an extractor is off or was left out"
        for factor in every_factor()
        if factor.name not in taking and _foreign(factor)
    }


def _foreign(factor: Factor) -> bool:
    return not type(factor).__module__.startswith("factors.")


@lru_cache(maxsize=8)
def _running_extractors(profile: str, off: tuple[str, ...], folders: tuple[Path, ...]) -> frozenset[str]:
    """Of the settings of this process, of which these are all that counts."""
    from vision.registry import extractors_of  # noqa: PLC0415  (imports model libraries, which a plain search does not need)

    return frozenset(extractor.name for extractor in extractors_of(get_settings()))
