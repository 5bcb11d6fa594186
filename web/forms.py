"""What forms send: files as files, and texts as they were written."""

from typing import Annotated, Any

from flask import request
from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic.json_schema import SkipJsonSchema
from werkzeug.datastructures import FileStorage as SentFile


def _is_file(value: Any) -> Any:
    """A field of text is not a file, although both may have the name; an empty one is nothing."""
    if value == "":
        return None
    if value is not None and not isinstance(value, SentFile):
        raise ValueError("send the picture as a file (multipart/form-data, with a file name)")
    return value


def no_file() -> None:
    """The default of a file; as a factory, because a `null` in the API's description would contradict the type."""


OptionalFile = Annotated[FileStorage | SkipJsonSchema[None], BeforeValidator(_is_file)]


class Form(BaseModel):
    """Fields of a form. flask-openapi3 reads them as JSON where it can, so that a collection named `2024` would be a number."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, sent: dict[str, Any]) -> dict[str, Any]:
        return sent | {
            name: request.form[name] for name in cls.model_fields if name in request.form and name not in request.files
        }
