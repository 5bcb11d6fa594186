"""Requests of browsers and programs, read into models: addresses, forms and files."""

from collections.abc import Mapping
from typing import Annotated, Any, get_origin

from flask import request
from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema
from werkzeug.datastructures import FileStorage as SentFile
from werkzeug.datastructures import MultiDict

from engine.errors import BadQuestion
from web.parameters import describe


def _is_file(value: Any) -> Any:
    """Refuse a text field that has the name of a file field; an empty one counts as no file."""
    if value == "":
        return None
    if value is not None and not isinstance(value, SentFile):
        raise ValueError("send the picture as a file (multipart/form-data, with a file name)")
    return value


def no_file() -> None:
    """The default of a file field; as a factory, because a `null` in the OpenAPI document would contradict the type."""


OptionalFile = Annotated[FileStorage | SkipJsonSchema[None], BeforeValidator(_is_file)]


class Form(BaseModel):
    """Fields of a form, as text.

    flask-openapi3 parses form fields as JSON where it can; a collection named `2024` would become a number.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, sent: dict[str, Any]) -> dict[str, Any]:
        return sent | {
            name: request.form[name] for name in cls.model_fields if name in request.form and name not in request.files
        }


def read_inputs(models: Mapping[str, type[BaseModel]], path: Mapping[str, Any]) -> dict[str, BaseModel]:
    """Parameters of a page's request: `path` and `query` of its address, `body` and `form` of its form; BadQuestion."""
    try:
        return {where: model.model_validate(_sent(where, model, path)) for where, model in models.items()}
    except ValidationError as error:
        raise BadQuestion(describe(error)) from error


def refuse_unknown(model: type[BaseModel] | None) -> None:
    """BadQuestion for a parameter of the address that the view does not have: a program misspelt it."""
    known = model.model_fields if model else {}
    if unknown := sorted(set(request.args) - set(known)):
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise BadQuestion(f"there is no parameter {unknown[0][:80]!r} here; {takes}")


def _sent(where: str, model: type[BaseModel], path: Mapping[str, Any]) -> dict[str, Any]:
    if where == "path":
        return dict(path)
    if where == "query":  # an empty field counts as not sent
        return {name: value for name, value in _fields(model, request.args).items() if value != ""}
    return _fields(model, request.form) | _fields(model, request.files)


def _fields(model: type[BaseModel], sent: MultiDict[str, Any]) -> dict[str, Any]:
    """The fields of the model that were sent: all values of a list, the first value of any other."""
    return {
        name: sent.getlist(name) if get_origin(field.annotation) is list else sent[name]
        for name, field in model.model_fields.items()
        if name in sent
    }
