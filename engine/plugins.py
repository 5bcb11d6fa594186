"""Discovery of parts, built-in and third-party alike: files of a folder, and entry points of installed packages.

A part is a named subclass of a base class (a factor, an extractor, a source, an evaluation set). Built-in parts are files of a
folder of this repository; third-party ones are files of the folders that OMMA_PLUGIN_PATH names, or entry points of a package:

    [project.entry-points."omma.factors"]
    brightness = "my_package.brightness"          # a module, for all its named subclasses, or one class: "module:Class"

A part that cannot be imported, or whose name is taken, is left out and reported; it never stops the others.
"""

import hashlib
import importlib
import importlib.util
import inspect
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

logger = logging.getLogger(__name__)
Part = TypeVar("Part")
CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Broken:
    """A part that was left out: the file or entry point it comes from, and why."""

    origin: str
    reason: str

    def __str__(self) -> str:
        """One line for messages."""
        return f"{self.origin} was left out: {self.reason}"


@dataclass(frozen=True, slots=True)
class Found(Generic[Part]):
    """The classes found, the file or entry point of each, and the parts that were left out."""

    kinds: tuple[type[Part], ...] = ()
    origins: dict[type[Any], str] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()


def discover(base: type[Part], group: str | None, own: Path, folders: Sequence[Path] = ()) -> Found[Part]:
    """Find every named subclass of `base`: in the folder `own`, in `folders`, in the entry points of `group` (if any).

    A class counts if its module defines it and it has a `name` of its own.
    """
    kinds: list[type[Part]] = []
    origins: dict[type[Any], str] = {}
    broken: list[Broken] = []
    for origin, module in _modules(group, own, folders):
        try:
            for kind in _named(module(), base):
                if kind not in origins:
                    kinds.append(kind)
                    origins[kind] = origin
        except Exception as error:  # a third-party file may raise anything
            logger.warning("%s was left out: %s: %s", origin, type(error).__name__, error)
            broken.append(Broken(origin, f"{type(error).__name__}: {error}"))
    return Found(tuple(kinds), origins, tuple(broken))


def made_by_name(found: Found[Part]) -> tuple[dict[str, Part], tuple[Broken, ...]]:
    """An instance of every class by its name; also the parts that were left out, now with those whose name is taken or whose
    constructor fails.
    """
    made: dict[str, Part] = {}
    broken = list(found.broken)
    for kind in found.kinds:
        name = str(vars(kind)["name"])  # `discover` takes only classes that have one of their own
        if name in made:
            broken.append(Broken(found.origins[kind], f"{name!r} exists already"))
            continue
        try:
            made[name] = kind()
        except Exception as error:  # a plugin's constructor may do anything
            broken.append(Broken(found.origins[kind], f"{type(error).__name__}: {error}"))
    return made, tuple(broken)


def has_plugins(folders: Sequence[Path]) -> bool:
    """Whether there may be third-party parts: a folder of plugins, or an entry point in a group of Omma's."""
    return bool(folders) or any(group.startswith("omma.") for group in entry_points().groups)


class _FromFile:
    """Imports a file: by its module name where it belongs to a package of the checkout, else by its path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> ModuleType:
        if self.path.is_relative_to(CHECKOUT) and _is_package_of_the_checkout(self.path.parent):
            return importlib.import_module(".".join(self.path.relative_to(CHECKOUT).with_suffix("").parts))
        return _by_path(self.path)


class _FromPackage:
    """Loads the object of an entry point: a module, or a class."""

    def __init__(self, entry: EntryPoint) -> None:
        self.entry = entry

    def __call__(self) -> ModuleType | type[Any]:
        loaded: ModuleType | type[Any] = self.entry.load()
        return loaded


def _modules(group: str | None, own: Path, folders: Sequence[Path]) -> Iterator[tuple[str, _FromFile | _FromPackage]]:
    for folder in (own, *folders):
        for path in sorted(folder.glob("[a-z]*.py")):
            yield _name_of(path), _FromFile(path)
    for entry in sorted(entry_points(group=group) if group else (), key=lambda entry: entry.name):
        package = entry.dist.name if entry.dist else entry.value
        yield f"{entry.name} of package {package}", _FromPackage(entry)


def _name_of(path: Path) -> str:
    """The path as messages show it: relative to the checkout where it lies inside."""
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)


def _is_package_of_the_checkout(folder: Path) -> bool:
    return all((parent / "__init__.py").exists() for parent in (folder, *folder.parents) if CHECKOUT in parent.parents)


def _by_path(path: Path) -> ModuleType:
    """The module of a file outside of every package, imported once."""
    mark = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"omma_plugin_{path.stem}_{mark}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _named(loaded: ModuleType | type[Any], base: type[Part]) -> Iterator[type[Part]]:
    """The class of an entry point, or the subclasses that a module itself defines."""
    if isinstance(loaded, type):
        if not issubclass(loaded, base):
            raise TypeError(f"{loaded.__qualname__} is not a {base.__name__}")
        yield loaded
        return
    for _, kind in inspect.getmembers(loaded, inspect.isclass):
        if issubclass(kind, base) and kind.__module__ == loaded.__name__ and "name" in vars(kind):
            yield kind
