"""The factors of an installation: files of this folder, of OMMA_PLUGIN_PATH, and entry points of the group `omma.factors`."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

from cachetools import LRUCache

from engine.errors import ConfigurationError
from engine.once_cache import OnceCache
from engine.plugins import Broken, Found, discover
from engine.settings import Settings
from factors.base import Factor, Feature, Json
from mappings import template, versions
from mappings.template import CORE

logger = logging.getLogger(__name__)
HERE = Path(__file__).parent
GROUP = "omma.factors"
# Settings that decide which factors and features are active. Models of plugins' extractors have no influence on that.
FACTOR_SETTINGS = (
    "profile",
    "extractors_off",
    "plugin_path",
    "more_columns",
    "embedding_model",
    "objects_model",
    "joint_model",
)
MAX_REGISTRIES_KEPT = 8  # a process uses one; tests and measurements several


class FactorRegistry:
    """The factors and features of an installation; immutable, so that it can be shared and handed down.

    `every` has all factors that could be loaded, by name; `broken` has those that were left out, with the reason.
    """

    def __init__(self, settings: Settings, every: Sequence[Factor], broken: Sequence[Broken] = ()) -> None:
        """A registry of these factors; `FactorRegistry.of` discovers those of the installation."""
        self._settings = settings
        self.every, self.broken = tuple(every), tuple(broken)

    @classmethod
    def of(cls, settings: Settings) -> "FactorRegistry":
        """The factors that these settings discover, loaded once for the same values."""
        key = settings.model_dump_json(include=set(FACTOR_SETTINGS))
        return _kept.get(key, lambda: cls(settings, *_registered(tuple(settings.plugin_path))))

    @cached_property
    def active(self) -> tuple[Factor, ...]:
        """The factors whose extractors all run: none is switched off or was left out."""
        if not self._settings.extractors_off and not any(_foreign(factor) for factor in self.every):
            return self.every
        running = _running_extractors(self._settings)
        return tuple(factor for factor in self.every if set(factor.reads) <= running)

    @cached_property
    def ignored(self) -> dict[str, str]:
        """Plugins' factors that are not active because an extractor that they read is off or was left out, with the reason."""
        active = {factor.name for factor in self.active}
        return {
            factor.name: f"it reads {', '.join(factor.reads)}, and an extractor of these is off or was left out"
            for factor in self.every
            if factor.name not in active and _foreign(factor)
        }

    @cached_property
    def every_feature(self) -> tuple[Feature, ...]:
        """All features that the factor table can have, including disabled ones."""
        return tuple(feature for factor in self.every for feature in factor.features)

    @cached_property
    def every_feature_name(self) -> tuple[str, ...]:
        """Names of `every_feature`."""
        return tuple(feature.name for feature in self.every_feature)

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of each feature's factor, by the feature's name."""
        return {feature.name: factor.title for factor in self.every for feature in factor.features}

    def feature_names(self) -> tuple[str, ...]:
        """Names of all enabled features, in column order of the learned models.

        Features of extractors that are switched off are included: a model treats them as missing, as it does where a question
        lacks them. ConfigurationError for a setting that names a feature that no factor gives.
        """
        if unknown := sorted(set(self._settings.more_columns) - set(self.every_feature_name)):
            raise ConfigurationError(f"OMMA_MORE_COLUMNS names {', '.join(unknown)}, which no factor gives")
        return tuple(feature.name for feature in self.every_feature if self.is_enabled(feature))

    def is_enabled(self, feature: Feature) -> bool:
        """Whether a feature is enabled by default, or the settings enable it."""
        return feature.enabled_by_default or feature.name in self._settings.more_columns

    def feature(self, name: str) -> Feature:
        """The declaration of a feature; ConfigurationError where no factor gives it."""
        for feature in self.every_feature:
            if feature.name == name:
                return feature
        raise ConfigurationError(f"no factor gives a feature {name!r}")

    def by_name(self, name: str) -> Factor:
        """The factor that a feature belongs to: `ocr.picture` belongs to `ocr`."""
        base = name.split(".", maxsplit=1)[0]
        for factor in self.every:
            if factor.name == base:
                return factor
        raise ConfigurationError(f"no factor is named {base!r}")

    @cached_property
    def word_fields(self) -> tuple[str, ...]:
        """Text fields of all active factors in which a match is the word itself."""
        return tuple(sorted({path for factor in self.active for path in factor.word_fields()}))

    @cached_property
    def snippet_fields(self) -> frozenset[str]:
        """Names of all document fields that come from linked text."""
        return frozenset(name for factor in self.active for name in factor.snippet_fields)

    def made_without(self, meta: Mapping[str, Any], among: Iterable[Factor] | None = None) -> list[str]:
        """Active factors (or `among` these) whose fields an index lacks, by its `_meta`."""
        chosen = list(self.active if among is None else among)
        lacking = versions.lacking(meta, (factor.name for factor in chosen))
        return [factor.name for factor in chosen if factor.name in lacking and has_fields(factor)]

    def index_body(self, fingerprints: Mapping[str, str], dimensions: Mapping[str, int], settings: Settings) -> Json:
        """The index body of the active factors.

        `fingerprints` and `dimensions` are those of the feature extractor, which knows them without loading models.
        """
        parts = {factor.name: factor.fields(dimensions) for factor in self.active}
        meta = versions.record_weights({factor.name: factor.reads for factor in self.active}, fingerprints)
        return template.index_body(parts, meta, settings)


_kept: OnceCache[str, FactorRegistry] = OnceCache(LRUCache(MAX_REGISTRIES_KEPT))


@lru_cache(maxsize=8)
def own_factors() -> tuple[Factor, ...]:
    """The built-in factors, by name."""
    return _made(discover(Factor, None, HERE))[0]  # type: ignore[type-abstract]


def has_fields(factor: Factor) -> bool:
    """Whether a factor has fields in documents."""
    return type(factor).fields is not Factor.fields


def forget_loaded() -> None:
    """Load all factors again with the next call, for tests that change folders."""
    _kept.clear()
    for cached in (_registered, own_factors):
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


# Results in place of those of a factor's method that fails. `clauses` has none: a search reports its failure as a warning.
# Nor have the methods between documents and features: ingest records their failure in the document.
FALLBACKS: dict[str, Callable[..., Any]] = {
    "describe": lambda *_: (),
    "highlight": lambda *_: {},
    "inner": lambda *_: None,
    "box": lambda *_: None,
    "refining_fields": lambda *_: {},
}


def _guard(factor: Factor) -> None:
    """Wrap the factor's methods: a failure is logged with the factor's name, and loses neither the image nor the answer."""
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
    """The method without fields that its factor does not declare, for which the engine would refuse the whole document."""

    def call(*arguments: Any, **named: Any) -> Json:
        fields = method(*arguments, **named)
        if unknown := sorted(set(fields) - declared):
            logger.warning("factor %s gave fields that it does not declare, which are left out: %s", name, ", ".join(unknown))
        return {field: value for field, value in fields.items() if field in declared}

    return call


def _field_names(factor: Factor) -> list[str]:
    """Names of the factor's fields, which do not depend on the length of vectors."""
    return list(factor.fields(_AnyDimension())) if has_fields(factor) else []


class _AnyDimension(dict[str, int]):
    """A length for every vector, where only the names of fields matter."""

    def __missing__(self, key: str) -> int:
        return 8


def _foreign(factor: Factor) -> bool:
    """Whether a plugin brought the factor."""
    return not type(factor).__module__.startswith("factors.")


def _running_extractors(settings: Settings) -> frozenset[str]:
    from vision.registry import extractors_of  # noqa: PLC0415  (imports model libraries, which a plain search does not need)

    return frozenset(extractor.name for extractor in extractors_of(settings))
