"""A view: a function from typed parameters to a typed answer, rendered as HTML for people and as JSON for programs.

A file of `web/views/` holds the views of one subject, collected in its `VIEWS`, and the application serves them:

    VIEWS = Views("kinds")

    @VIEWS.page("/kinds", "kinds.html")
    def kinds(query: KindParameters) -> Kinds:
        \"""Kinds of pictures in the collection, the most frequent first.\"""

serves `GET /kinds` (the template gets the answer as `answer`) and `GET /api/v1/kinds`, with parameters, answer and docstring in
the OpenAPI document and in docs/reference/api.md. Parameters are named by where they come from: `path`, `query`, `body` (JSON,
or the fields of a browser's form) and `form` (multipart, with files).
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, get_type_hints

from flask import Blueprint, Response, redirect, render_template
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel
from werkzeug.wrappers import Response as BaseResponse

from engine.errors import OmmaError
from web.access import limiter
from web.errors import PROBLEMS
from web.inputs import read_inputs, refuse_unknown
from web.parameters import SearchParameters

API = "/api/v1"
SOURCES = ("path", "query", "body", "form")
Inputs = Mapping[str, BaseModel]
Rendered = str | BaseResponse | tuple[str, int]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class View:
    """One declared view; `template` is empty where no page is rendered, `is_page` is true for pages and actions of forms."""

    method: str
    path: str
    function: Callable[..., Any]
    template: str = ""
    is_page: bool = True

    @property
    def inputs(self) -> dict[str, type[BaseModel]]:
        """Parameter models, by where the parameters come from."""
        return {name: kind for name, kind in get_type_hints(self.function).items() if name in SOURCES}

    @property
    def answer(self) -> type:
        """The answer's type: a model, or a response of Flask for files."""
        kind: type = get_type_hints(self.function)["return"]
        return kind

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return inspect.getdoc(self.function).partition("\n")[0]  # type: ignore[union-attr]  # a test requires docstrings

    @property
    def description(self) -> str:
        """The rest of the docstring, as one paragraph; the summary where there is no more."""
        return " ".join((inspect.getdoc(self.function) or "").partition("\n")[2].split()) or self.summary


@dataclass(frozen=True)
class Page:
    """How a page answers a browser beyond rendering its template.

    `variable` names the answer in the template, `context` adds variables. `before` may answer instead of the view (redirects).
    Errors of the types in `catch` are rendered by `caught`; all others by the application's error page.
    """

    variable: str = "answer"
    context: Callable[[], Mapping[str, Any]] = dict
    before: Callable[[Inputs], BaseResponse | None] = lambda inputs: None
    catch: tuple[type[OmmaError], ...] = ()
    caught: Callable[[OmmaError, Inputs], Rendered] = lambda error, inputs: ""


class Views:
    """The views of one subject; `pages` and `api` are the blueprints that serve them."""

    def __init__(self, name: str) -> None:
        """`name` is the prefix of the endpoints (`name.function`, `name_api.function`) and the tag in the OpenAPI document."""
        self.name = name
        self.declared: list[View] = []
        self.pages = Blueprint(name, __name__)
        self.api = APIBlueprint(f"{name}_api", __name__, url_prefix=API, abp_tags=[Tag(name=name)], abp_responses=PROBLEMS)

    def page(
        self, path: str, template: str, page: Page = Page(), *, rate: Callable[[], str] | None = None
    ) -> Callable[[Function], Function]:  # fmt: skip
        """Declare a page (GET) and its JSON twin; `rate` limits the requests of one address for each of them."""

        def declare(function: Function) -> Function:
            view = View("GET", path, function, template)

            def answer(inputs: Inputs) -> Rendered:
                if (instead := page.before(inputs)) is not None:
                    return instead
                variables = {page.variable: function(**inputs), "query": inputs.get("query"), "asked": _question(inputs)}
                return render_template(template, **variables, **page.context())

            self._serve_page(view, answer, page, rate)
            self._serve_json(view, rate, HTTPStatus.OK, None)
            return function

        return declare

    def action(
        self,
        path: str,
        then: Callable[[Any], str],
        page: Page = Page(),
        *,
        rate: Callable[[], str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Callable[[Function], Function]:
        """Declare the action of a form (POST) and its JSON twin; `then` makes the address that a browser is sent to."""

        def declare(function: Function) -> Function:
            view = View("POST", path, function)

            def answer(inputs: Inputs) -> Rendered:
                return redirect(then(function(**inputs)), HTTPStatus.SEE_OTHER)

            self._serve_page(view, answer, page, rate)
            self._serve_json(view, rate, status, None)
            return function

        return declare

    def json(
        self,
        method: str,
        path: str,
        *,
        rate: Callable[[], str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
        responses: ResponseDict | None = None,
    ) -> Callable[[Function], Function]:
        """Declare a view for programs and scripts alone; `responses` describes answers that are not models."""

        def declare(function: Function) -> Function:
            self._serve_json(View(method, path, function, is_page=False), rate, status, responses)
            return function

        return declare

    def _serve_page(
        self, view: View, answer: Callable[[Inputs], Rendered], page: Page, rate: Callable[[], str] | None
    ) -> None:  # fmt: skip
        self.declared.append(view)

        def html(**path: Any) -> Rendered:
            inputs = read_inputs(view.inputs, path)
            try:
                return answer(inputs)
            except page.catch as error:
                return page.caught(error, inputs)

        html.__doc__, html.__name__ = view.function.__doc__, view.function.__name__
        # flask-limiter counts by qualified name: each page has its own.
        html.__module__, html.__qualname__ = view.function.__module__, f"{view.function.__qualname__}.html"
        limited = limiter.limit(rate)(html) if rate else html
        self.pages.add_url_rule(view.path, view.function.__name__, limited, methods=[view.method])

    def _serve_json(
        self, view: View, rate: Callable[[], str] | None, status: HTTPStatus, responses: ResponseDict | None
    ) -> None:  # fmt: skip
        if not view.is_page:
            self.declared.append(view)

        @wraps(view.function)
        def reply(**inputs: BaseModel) -> Response:
            refuse_unknown(view.inputs.get("query"))
            return as_json(view.function(**inputs), status)

        reply.__qualname__ = f"{view.function.__qualname__}.json"
        limited = limiter.limit(rate)(reply) if rate else reply
        declare = getattr(self.api, view.method.lower())
        described = responses or {status: view.answer}
        declare(view.path, summary=view.summary, description=view.description, responses=described)(limited)


def as_json(answer: BaseModel | Response, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The model as JSON that no cache keeps; a response is returned as it is."""
    if isinstance(answer, Response):
        return answer
    response = Response(answer.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _question(inputs: Inputs) -> SearchParameters:
    """The question that the search box of the page shows; empty where the page has none."""
    query = inputs.get("query")
    return query.question() if isinstance(query, SearchParameters) else SearchParameters()
