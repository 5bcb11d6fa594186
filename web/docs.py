"""The reference page of the HTTP API, docs/reference/api.md: `omma docs` writes it from the declared views."""

import textwrap
from collections.abc import Iterator

from pydantic import BaseModel

from web.client_models import python_type
from web.view import API, View
from web.views import all_views

WIDTH = 128
INTRODUCTION = """# HTTP API

Written by `omma docs` from the views in [`web/views`](../../web/views). A running server describes the same as OpenAPI:
`/api/v1/openapi.json`. Every page has a JSON counterpart with the same parameters; [web.md](web.md) has limits and errors.
"""


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
        kind = "file" if "binary" in str(field) else python_type(field).replace("|", "or")
        required = " (required)" if name in schema.get("required", []) else ""
        yield f"| `{name}` | {where} | {kind}{required} | {field.get('description', '').replace('|', chr(92) + '|')} |"
