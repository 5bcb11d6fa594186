"""How settings are written: lists and tables from plain text, the expected form, error messages, misspelt names.

`engine.settings` declares the settings; this module knows no single one, only their fields.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

PREFIX = "OMMA_"
OTHER_VARIABLES = frozenset({"OMMA_PYTHON", "OMMA_VERSION"})  # read by the start script and by compose.yml, not by the settings
TEST_PREFIX = "OMMA_TEST_"
MODEL_SUFFIX = "_MODEL"  # extractors of plugins have settings of their own, OMMA_<EXTRACTOR>_MODEL
MAX_SHOWN = 80  # characters of a wrong value that a message repeats
BOUNDS = {"ge": "from {:g}", "gt": "above {:g}", "le": "to {:g}", "lt": "below {:g}"}
PLAIN = {bool: "true or false", int: "an integer", float: "a number", Path: "a folder", SecretStr: "text"}
Fields = Mapping[str, FieldInfo]


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a setting's text, in words; part of the annotation, beside the pattern that checks it."""

    text: str


def separated(given: Any) -> Any:
    """Text separated by commas as a list of its parts; anything else as it is. ValueError for JSON."""
    if not isinstance(given, str):
        return given
    _refuse_json(given)
    return [part for raw in given.split(",") if (part := raw.strip())]


def pairs(given: Any) -> Any:
    """`name=1.5,other=2` as a table; anything else as it is. ValueError for JSON, and for a part that is not a pair."""
    if not isinstance(given, str):
        return given
    found = [part.partition("=") for part in separated(given)]
    if wrong := [name for name, equals, number in found if not (name.strip() and equals and number.strip())]:
        raise ValueError(f"{wrong[0]!r} is not name=number")
    names = [name.strip() for name, _, _ in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{twice[0]!r} is given twice")
    return {name.strip(): number.strip() for name, _, number in found}


def _refuse_json(given: str) -> None:
    if given.lstrip().startswith(("[", "{")):
        raise ValueError("JSON is not accepted")


Names = Annotated[tuple[str, ...], BeforeValidator(separated)]
Folders = Annotated[tuple[Path, ...], BeforeValidator(separated)]
Weights = Annotated[dict[str, float], BeforeValidator(pairs)]
Port = Annotated[int, Field(ge=1, le=65535)]
Rate = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]*/(second|minute|hour|day)$"),
    Form("number/unit, the unit being second, minute, hour or day"),
]
Prefix = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$"),
    Form("small letters, digits, `_` and `-`, beginning with a letter"),
]


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def variables(name: str, field: FieldInfo) -> set[str]:
    """All variables that a setting is read from."""
    alias = field.validation_alias
    return {str(one).upper() for one in alias.choices} if isinstance(alias, AliasChoices) else {variable(name)}


def expected(name: str, field: FieldInfo) -> str:
    """The form of a value, with an example where there is one, e.g. `an integer from 1 to 256, e.g. 16`."""
    example = example_of(name, field)
    return _kind(field) + (f", e.g. {example}" if example else "")


def example_of(name: str, field: FieldInfo) -> str:
    """An example of a value: the declared one, else the default; empty where the choices are listed anyway."""
    if field.examples:
        return str(field.examples[0])
    if name == "home" or field.annotation is bool or get_origin(field.annotation) is Literal:
        return ""
    default = field.get_default(call_default_factory=True)
    return str(default) if isinstance(default, int | float | str) else ""


def _kind(field: FieldInfo) -> str:
    """The kind of value, in words."""
    annotation = field.annotation
    if form := next((part for part in field.metadata if isinstance(part, Form)), None):
        return form.text
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return f"{'folders' if Path in get_args(annotation) else 'names'} separated by commas"
    if get_origin(annotation) is dict:
        return "name=number, separated by commas"
    return " ".join([next((words for kind, words in PLAIN.items() if kind is annotation), "text"), *_bounds(field)])


def _bounds(field: FieldInfo) -> Iterator[str]:
    """The range, in words; a declared bound is in the field's metadata."""
    found = {name: bound for part in field.metadata for name in BOUNDS if (bound := getattr(part, name, None)) is not None}
    if found:
        yield ", ".join(BOUNDS[name].format(bound) for name, bound in found.items()).replace(", to", " to")


def complaint(error: ValidationError, fields: Fields) -> str:
    """One line on all wrong settings: variable, given value (unless it is secret) and expected form of each."""
    wrong: dict[str, str] = {}
    for entry in error.errors():
        name = _name_of(str(entry["loc"][0]), fields)
        wrong.setdefault(name, _complaint(name, entry, fields[name]))
    return "; ".join(wrong.values())


def _name_of(place: str, fields: Fields) -> str:
    """The field of an error: pydantic names a field that has several variables by the variable."""
    return next((name for name, field in fields.items() if place.upper() in variables(name, field)), place)


def _complaint(name: str, entry: ErrorDetails, field: FieldInfo) -> str:
    shown = "the value" if is_secret(name, field) else repr(_given(entry))
    reason = f" ({entry['ctx']['error']})" if entry["type"] == "value_error" else ""
    return f"{variable(name)}: {shown} is not valid{reason}; expected {expected(name, field)}"


def _given(entry: ErrorDetails) -> str:
    """The wrong value, or the wrong part of a list or table, shortened."""
    part = entry["loc"][1:]
    text = f"{part[0]}={entry['input']}" if part and isinstance(part[0], str) else str(entry["input"])
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def is_secret(name: str, field: FieldInfo) -> bool:
    """Whether a message must not repeat the value: a password, or an address that may hold one."""
    return field.annotation is SecretStr or name.endswith("_url")


def misspelt(environment: Mapping[str, str], fields: Fields) -> list[str]:
    """A warning for every variable that begins with OMMA_ and is not a setting, with the closest name of a setting."""
    known = {one for name, field in fields.items() for one in variables(name, field)} | OTHER_VARIABLES
    unknown = sorted(
        name for name in environment
        if name.upper().startswith(PREFIX) and name.upper() not in known
        and not name.upper().startswith(TEST_PREFIX) and not name.upper().endswith(MODEL_SUFFIX)
    )  # fmt: skip
    return [_warning(name, known) for name in unknown]


def _warning(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name.upper(), sorted(known), n=1)
    return f"{name} is not a setting and has no effect" + (
        f"; did you mean {close[0]}?" if close else "; see docs/reference/settings.md"
    )
