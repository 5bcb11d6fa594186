"""Pipelines: an ordered list of named stages. Each takes typed values, and returns the typed value that it adds.

A stage is a function. The types of its parameters say what it needs, its return type says what it adds; a value replaces an
earlier one of the same type. A pipeline is checked when it is made: every need must be given from outside, or be added by an
earlier stage. It can be read (`str`), cut (`until`, `since`), extended (`then`), run to any point, and timed.

Pipelines as values: Macdonald, Tonellotto, Declarative experimentation in information retrieval using PyTerrier (ICTIR 2020).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

from engine.errors import ConfigurationError

T = TypeVar("T")
Timer = Callable[[str], AbstractContextManager[None]]  # called with the name of each stage


def _untimed(_: str) -> AbstractContextManager[None]:
    return nullcontext()


class Values:
    """Values by their type, one of each; immutable."""

    def __init__(self, *values: object) -> None:
        """Of two values of one type, the later one counts."""
        self._by_type: dict[type, object] = {type(value): value for value in values}

    def __getitem__(self, kind: type[T]) -> T:
        """The value of a type; KeyError names the types that there are."""
        value = self.get(kind)
        if value is None:
            raise KeyError(f"no {kind.__name__} among {', '.join(sorted(known.__name__ for known in self._by_type))}")
        return value

    def __iter__(self) -> Iterator[object]:
        return iter(self._by_type.values())

    def get(self, kind: type[T]) -> T | None:
        """The value of a type, or None."""
        value = self._by_type.get(kind)
        return value if isinstance(value, kind) else None

    def plus(self, *values: object) -> "Values":
        """These values and others, which replace those of the same type."""
        return Values(*self, *values)


@dataclass(frozen=True)
class Stage:
    """One named step of a pipeline; `run` takes one value per parameter, by type, and returns one value."""

    name: str
    run: Callable[..., object]

    @cached_property
    def needs(self) -> dict[str, type]:
        """Types of the parameters, by name."""
        return {name: kind for name, kind in self._hints.items() if name != "return"}

    @cached_property
    def adds(self) -> type:
        """Type of the value that it returns."""
        added: type = self._hints["return"]
        return added

    def __call__(self, values: Values) -> Values:
        """The values with the one that this stage adds."""
        return values.plus(self.run(**{name: values[kind] for name, kind in self.needs.items()}))

    def __str__(self) -> str:
        needs = ", ".join(kind.__name__ for kind in self.needs.values())
        return f"{self.name}: {needs} -> {self.adds.__name__}"

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.run)


@dataclass(frozen=True)
class Pipeline:
    """Stages in order; `given` are the types of the values that it is run with. ConfigurationError where a need is not met."""

    stages: tuple[Stage, ...]
    given: tuple[type, ...]

    def __post_init__(self) -> None:
        known = set(self.given)
        for stage in self.stages:
            if missing := sorted(kind.__name__ for kind in stage.needs.values() if kind not in known):
                there = ", ".join(sorted(kind.__name__ for kind in known))
                raise ConfigurationError(f"stage {stage.name!r} needs {', '.join(missing)}; before it there are {there}")
            known.add(stage.adds)

    @property
    def names(self) -> list[str]:
        """Names of the stages, in order."""
        return [stage.name for stage in self.stages]

    def until(self, name: str) -> "Pipeline":
        """The stages up to a named one, which is included; ConfigurationError lists the names that there are."""
        return replace(self, stages=self.stages[: self._place(name) + 1])

    def since(self, name: str, *given: type) -> "Pipeline":
        """The stages from a named one on; `given` are the types that it now needs from outside, too."""
        return Pipeline(self.stages[self._place(name) :], (*self.given, *given))

    def then(self, *stages: Stage) -> "Pipeline":
        """This pipeline with further stages at its end."""
        return replace(self, stages=(*self.stages, *stages))

    def run(self, values: Values, timer: Timer = _untimed) -> Values:
        """Run the stages; the result holds the values given and those that every stage added."""
        for stage in self.stages:
            with timer(stage.name):
                values = stage(values)
        return values

    def __str__(self) -> str:
        return "\n".join(str(stage) for stage in self.stages)

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise ConfigurationError(f"no stage is named {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)
