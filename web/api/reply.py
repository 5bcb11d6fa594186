"""One way to write a model as an answer."""

from http import HTTPStatus

from flask import Response
from pydantic import BaseModel


def reply(model: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The model as JSON, never kept by caches in between."""
    response = Response(model.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
