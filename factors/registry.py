"""Find the factors by candidate_set the folder."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import ConfigurationError
from engine.settings import Settings, get_settings
from factors import sample
from factors.base import Clause, Factor, Json
from mappings import template, weights

HERE = Path(__file__).parent


def every_factor() -> tuple[Factor, ...]:
    """Every factor of this folder and of the folders that OMMA_FACTOR_PATH names, by name."""
    return load((HERE, *get_settings().factor_path))


def all_factors() -> tuple[Factor, ...]:
    """Those that take part: all but the ones that read an extractor that is switched off (OMMA_EXTRACTORS_OFF)."""
    settings = get_settings()
    off = _extractors_off(settings.profile, settings.extractors_off) if settings.extractors_off else frozenset()
    return tuple(factor for factor in every_factor() if not off & set(factor.reads))


@lru_cache(maxsize=8)
def load(folders: tuple[Path, ...]) -> tuple[Factor, ...]:
    """One instance of every named factor in these folders; ConfigurationError where two have one name."""
    found: dict[str, Factor] = {}
    for path in (file for folder in folders for file in sorted(folder.glob("[a-z]*.py"))):
        for kind in _named(_module(path)):
            if kind.name in found:
                raise ConfigurationError(f"two factors are named {kind.name!r}: the second is in {path}")
            found[kind.name] = kind()
    return tuple(found[name] for name in sorted(found))


def feature_names() -> tuple[str, ...]:
    """Names of all columns that are asked, which are the features that an order is learned from.

    Those of extractors that are switched off are among them: to a model they are missing, as they are of other questions.
    ConfigurationError for a setting that names a column that no factor gives.
    """
    settings = get_settings()
    if unknown := sorted(set(settings.more_columns) - set(every_column())):
        raise ConfigurationError(f"OMMA_MORE_COLUMNS names {', '.join(unknown)}, which no factor gives")
    return tuple(clause.name for clause in _every_clause() if is_asked(clause, settings))


def is_asked(clause: Clause, settings: Settings) -> bool:
    """Whether a column is of the default set, or the settings add it."""
    return clause.standard or clause.name in settings.more_columns


def every_column() -> tuple[str, ...]:
    """Names of all columns that the factor table can have, also those out of the default set."""
    return tuple(clause.name for clause in _every_clause())


def by_name(name: str) -> Factor:
    """The factor that a column of the table belongs to: `ocr.picture` belongs to `ocr`."""
    base = name.split(".", maxsplit=1)[0]
    for factor in every_factor():
        if factor.name == base:
            return factor
    raise ConfigurationError(f"no factor is named {base!r}")


def made_without(meta: Mapping[str, Any], factors: Iterable[Factor]) -> list[str]:
    """Those of these that need fields which an index (by its `_meta`) was made without: new ones, or switched off then."""
    among = list(factors)
    lacking = weights.lacking(meta, (factor.name for factor in among))
    return [f.name for f in among if f.name in lacking and f.fields(dict.fromkeys(f.reads, sample.DIMENSION))]


def index_body(fingerprints: Mapping[str, str], dimensions: Mapping[str, int], settings: Settings | None = None) -> Json:
    """The index body that the factors make together.

    `fingerprints` and `dimensions` are those of the feature_extractor, which tells them without loading models.
    """
    factors = all_factors()
    parts = {factor.name: factor.fields(dimensions) for factor in factors}
    meta = weights.record({factor.name: factor.reads for factor in factors}, fingerprints)
    return template.index_body(parts, meta, settings or get_settings())


def _every_clause() -> Iterator[Clause]:
    for factor in every_factor():
        yield from factor.clauses(sample.question())


@lru_cache(maxsize=8)
def _extractors_off(profile: str, named: tuple[str, ...]) -> frozenset[str]:
    """Of the settings of this process, of which these two are all that counts."""
    from vision.profiles import switched_off  # noqa: PLC0415  (imports model libraries, for those who switch extractors off)

    return frozenset(switched_off(get_settings()))


def _module(path: Path) -> ModuleType:
    """The module of a file: one of this folder by its name, another by its path; ConfigurationError names what fails."""
    if path.parent == HERE:
        return importlib.import_module(f"factors.{path.stem}")
    mark = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    spec = importlib.util.spec_from_file_location(f"omma_factor_{path.stem}_{mark}", path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} cannot be imported as a factor")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the file is not ours, and may do anything
        raise ConfigurationError(f"{path} cannot be imported as a factor: {type(error).__name__}: {error}") from error
    return module


def _named(module: ModuleType) -> list[type[Factor]]:
    """The factors that a module itself defines."""
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Factor)]
    return [kind for kind in kinds if kind.__module__ == module.__name__ and "name" in vars(kind)]
