"""The answer models of the Python client, as Python code: `omma docs` writes a file for each subject of the API."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.views import all_views

SUBJECTS = ("ingest", "picture", "quarantine", "search", "tags")  # the views whose answers the client reads
PACKAGE = "omma_client.models"
WIDTH = 128
WRITTEN = "Written by `omma docs` from the server's models, and compared with them by a test: change those instead."
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
Schema = Mapping[str, Any]


def package() -> str:
    """The text of client/omma_client/models/__init__.py, which exports every model."""
    subjects = {subject: sorted(models) for subject, models in _by_subject().items()}
    names = sorted(name for models in subjects.values() for name in models)
    exported = "".join(f'    "{name}",\n' for name in names)
    imports = "".join(_import(f"{PACKAGE}.{subject}", models) for subject, models in subjects.items())
    return f'"""Answers of Omma\'s HTTP API.\n\n{WRITTEN}\n"""\n\n{imports}\n__all__ = [\n{exported}]\n'


def subject_file(subject: str) -> str:
    """The text of client/omma_client/models/SUBJECT.py."""
    subjects = _by_subject()
    head = f'"""Answers of the section "{subject.capitalize()}" of Omma\'s HTTP API.\n\n{WRITTEN}\n"""\n'
    classes = "".join(f"\n\n{_class(name, model)}\n" for name, model in subjects[subject].items())
    used = set().union(*map(_references, subjects[subject].values()))
    others = [_import(f"{PACKAGE}.{other}", sorted(used & set(subjects[other]))) for other in SUBJECTS if other != subject]
    return "\n".join(filter(None, [head, *_libraries(classes), "".join(others)])) + classes


def _libraries(classes: str) -> Iterator[str]:
    """Blocks of imports from outside the package, as far as the classes use them."""
    yield "from __future__ import annotations\n"
    standard = {"datetime": "from datetime import datetime\n", "Any": "from typing import Any\n"}
    yield "".join(line for name, line in standard.items() if re.search(rf"(?m)^    \w+: .*\b{name}\b", classes))
    yield "from pydantic import BaseModel\n"


def _import(module: str, names: Iterable[str]) -> str:
    lines = "".join(f"    {name},\n" for name in names)
    return f"from {module} import (\n{lines})\n" if lines else ""


def _by_subject() -> dict[str, dict[str, Schema]]:
    """Models by subject and name: each with the first subject that answers with it, after the models that it contains."""
    answers = {views.name: _answers(view.answer for view in views.declared) for views in all_views() if views.name in SUBJECTS}
    every = [(answer, "serialization") for several in answers.values() for answer in several]
    references, schema = models_json_schema(every, ref_template="{model}")  # type: ignore[arg-type]
    names = {answer: reference["$ref"] for (answer, _), reference in references.items()}
    written: set[str] = set()
    return {
        subject: dict(_ordered(schema["$defs"], sorted(names[answer] for answer in answers[subject]), written))
        for subject in SUBJECTS
    }


def _answers(kinds: Iterable[type]) -> list[type[BaseModel]]:
    """The answers that are models, each once."""
    return [kind for kind in dict.fromkeys(kinds) if issubclass(kind, BaseModel)]


def _ordered(models: Mapping[str, Schema], names: Iterable[str], written: set[str]) -> Iterator[tuple[str, Schema]]:
    """Models of these names, each after the models that it contains; without those in `written`, to which it adds."""
    for name in names:
        if name not in written:
            written.add(name)
            yield from _ordered(models, sorted(_references(models[name])), written)
            yield name, models[name]


def _references(schema: Any) -> set[str]:
    """Names of the models that a schema refers to."""
    if isinstance(schema, dict):
        own = {schema["$ref"]} if "$ref" in schema else set()
        return own.union(*map(_references, schema.values()))
    return set().union(*map(_references, schema)) if isinstance(schema, list) else set()


def _class(name: str, schema: Schema) -> str:
    about = " ".join(schema.get("description", name).split())
    lines = [f"class {name}(BaseModel):", *_docstring(about), ""]
    for field, of in schema.get("properties", {}).items():
        lines += textwrap.wrap(of.get("description", ""), WIDTH, initial_indent="    # ", subsequent_indent="    # ")
        default = f" = {_literal(of['default'])}" if "default" in of else ""  # a default made by a factory is always sent
        lines.append(f"    {field}: {python_type(of)}{default}")
    return "\n".join(lines)


def _docstring(about: str) -> list[str]:
    """One line, or a first sentence and the rest."""
    if len(about) <= WIDTH - 10:
        return [f'    """{about}"""']
    first, _, rest = about.partition(". ")
    return [
        *textwrap.wrap(f'"""{first}.', WIDTH - 4, initial_indent="    ", subsequent_indent="    "),
        "",
        *textwrap.wrap(rest, WIDTH - 4, initial_indent="    ", subsequent_indent="    "),
        '    """',
    ]


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def python_type(schema: Schema) -> str:
    """The Python type of a JSON schema that pydantic made."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(map(python_type, schema["anyOf"]))
    if schema.get("format") == "date-time":
        return "datetime"
    kind = str(schema.get("type"))
    return {"array": _array, "object": _object}.get(kind, lambda _: TYPES.get(kind, "Any"))(schema)


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"tuple[{', '.join(map(python_type, schema['prefixItems']))}]"
    return f"list[{python_type(schema.get('items', {}))}]"


def _object(schema: Schema) -> str:
    values = schema.get("additionalProperties")
    return f"dict[str, {python_type(values) if isinstance(values, dict) else 'Any'}]"
