"""Files written from the declared views by `omma docs`: docs/reference/api.md, and the answer models of the Python client."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.view import API, View
from web.views import all_views

WIDTH = 128
CLIENT_SUBJECTS = {"ingest", "picture", "quarantine", "search"}  # whose answers the client reads
INTRODUCTION = """# HTTP API

Written by `omma docs` from the views in [`web/views`](../../web/views). A running server describes the same as OpenAPI:
`/api/v1/openapi.json`. Every page has a JSON counterpart with the same parameters; [web.md](web.md) has limits and errors.
"""
MODELS_HEAD = '''"""Answers of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
'''
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def page() -> str:
    """The text of docs/reference/api.md."""
    return "\n".join([INTRODUCTION, *(_subject(views.name, views.declared) for views in all_views() if views.declared)])


def _subject(name: str, declared: list[View]) -> str:
    return "\n".join([f"## {name.capitalize()}\n", *map(_view, declared)])


def _view(view: View) -> str:
    """A paragraph: request, page, what it does, parameters, answer."""
    page = "" if not view.is_page else f"; page: `{view.method} {view.path}`"
    about = view.summary if view.description == view.summary else f"{view.summary} {view.description}"
    answer = f" Answer: `{view.answer.__name__}`." if issubclass(view.answer, BaseModel) else ""
    heading = f"### `{view.method} {API}{view.path}`{page}\n"
    return "\n".join([heading, textwrap.fill(about + answer, WIDTH), "", *_parameters(view)])


def _parameters(view: View) -> Iterator[str]:
    """A table of the parameters, where there are any."""
    rows = [row for where, model in view.inputs.items() for row in _rows(where, model)]
    if rows:
        yield "\n".join(["| parameter | in | type | about |", "|---|---|---|---|", *rows, ""])


def _rows(where: str, model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema(ref_template="{model}")
    for name, field in schema["properties"].items():
        kind = "file" if "binary" in str(field) else _type(field).replace("|", "or")
        required = " (required)" if name in schema.get("required", []) else ""
        yield f"| `{name}` | {where} | {kind}{required} | {field.get('description', '').replace('|', chr(92) + '|')} |"


def client_models() -> str:
    """The text of client/omma_client/models.py."""
    subjects = [views for views in all_views() if views.name in CLIENT_SUBJECTS]
    answers = [view.answer for views in subjects for view in views.declared if issubclass(view.answer, BaseModel)]
    _, schema = models_json_schema([(answer, "serialization") for answer in dict.fromkeys(answers)], ref_template="{model}")
    return MODELS_HEAD + "".join(f"\n\n{_class(name, model)}\n" for name, model in _ordered(schema["$defs"]))


def _ordered(models: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Models by name; each comes after the models that it contains."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[tuple[str, Any]]:
        if name in done:
            return
        done.add(name)
        for other in sorted(_references(models[name])):
            yield from visit(other)
        yield name, models[name]

    for name in sorted(models):
        yield from visit(name)


def _references(schema: Any) -> set[str]:
    """Names of the models that a schema refers to."""
    if isinstance(schema, dict):
        own = {schema["$ref"]} if "$ref" in schema else set()
        return own.union(*map(_references, schema.values()))
    return set().union(*map(_references, schema)) if isinstance(schema, list) else set()


def _class(name: str, schema: Mapping[str, Any]) -> str:
    about = " ".join(schema.get("description", name).split())
    lines = [f"class {name}(BaseModel):", *_docstring(about), ""]
    for field, of in schema.get("properties", {}).items():
        lines += textwrap.wrap(of.get("description", ""), WIDTH, initial_indent="    # ", subsequent_indent="    # ")
        default = f" = {_literal(of['default'])}" if "default" in of else ""  # a default made by a factory is always sent
        lines.append(f"    {field}: {_type(of)}{default}")
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


def _type(schema: Mapping[str, Any]) -> str:
    """The Python type of a JSON schema, as pydantic writes them."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(map(_type, schema["anyOf"]))
    if schema.get("format") == "date-time":
        return "datetime"
    kind = str(schema.get("type"))
    return {"array": _array, "object": _object}.get(kind, lambda _: TYPES.get(kind, "Any"))(schema)


def _array(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"tuple[{', '.join(map(_type, schema['prefixItems']))}]"
    return f"list[{_type(schema.get('items', {}))}]"


def _object(schema: Mapping[str, Any]) -> str:
    values = schema.get("additionalProperties")
    return f"dict[str, {_type(values) if isinstance(values, dict) else 'Any'}]"
