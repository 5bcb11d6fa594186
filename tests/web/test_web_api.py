"""JSON twins, their description, health and figures."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.util import import_app  # type: ignore[import-untyped]
from jinja2 import ChoiceLoader, DictLoader
from openapi_spec_validator import validate
from pydantic import BaseModel

import web.gunicorn
import web.views
from engine.installation import HEADER, mark, version
from engine.settings import Settings
from query.answer import Answer
from query.document import DocumentView
from tests.present import present
from tests.web.web_doubles import FakeSearcher, down, picture_bytes, sha
from web import docs
from web.services import WarmUp
from web.view import View
from web.views import all_views

Make = Callable[..., Flask]
TEMPLATES = Path(__file__).resolve().parents[2] / "web/templates"
WITHOUT_JSON = {"health", "media"}  # images, and answers that are JSON or text already
REMEMBERED_BY_BROWSERS = {"/judge/name"}  # a program names its rater with every judgement
EVENTS = {"/search/parts"}  # parts of `/ask`, which has all of them at once


def description_of(client: FlaskClient) -> dict[str, Any]:
    """The OpenAPI document that is served."""
    described: dict[str, Any] = client.get("/api/v1/openapi.json").get_json()
    return described


def routes(app: Flask) -> set[tuple[str, str]]:
    """Path and method of every route."""
    found = set()
    for rule in app.url_map.iter_rules():
        found |= {(rule.rule, method) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found


def test_every_page_has_a_json_twin(app: Flask) -> None:
    pages = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in {views.name for views in all_views()} - WITHOUT_JSON
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert len(pages) > 8
    missing = {path for path, method in pages if (f"/api/v1{path}", method) not in routes(app)}
    assert missing == REMEMBERED_BY_BROWSERS | EVENTS


def test_every_route_belongs_to_a_view(app: Flask) -> None:
    names = {views.name for views in all_views()}
    assert set(app.blueprints) == names | {f"{name}_api" for name in names}


DECLARED = [view for views in all_views() for view in views.declared]


@pytest.mark.parametrize("view", DECLARED, ids=lambda view: f"{view.method} {view.path}")
def test_every_view_is_described(view: View, client: FlaskClient) -> None:
    assert not view.template or (TEMPLATES / view.template).exists()
    path = view.path.replace("<", "{").replace(">", "}")
    described = description_of(client)["paths"][f"/api/v1{path}"][view.method.lower()]
    assert described["summary"] == view.summary and described["description"] == view.description
    named = {parameter["name"] for parameter in described.get("parameters", [])}
    assert named == {name for where in ("path", "query") if where in view.inputs for name in view.inputs[where].model_fields}
    assert bool(described.get("requestBody")) == bool({"body", "form"} & set(view.inputs))
    assert not issubclass(view.answer, BaseModel) or view.answer.__name__ in str(described["responses"])


@pytest.fixture()
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example of docs/reference/web.md as one more file among the views."""
    example = (TEMPLATES.parents[1] / "docs/reference/web.md").read_text().partition("```python\n")[2].partition("```")[0]
    (tmp_path / "kinds.py").write_text(example)
    monkeypatch.setattr("web.views.__path__", [*web.views.__path__, str(tmp_path)])
    yield
    sys.modules.pop("web.views.kinds", None)


def test_a_page_is_one_file_and_its_template(dropped: None, make_app: Make) -> None:
    app = make_app()
    template = "{% extends 'base.html' %}{% block main %}{{ answer.kinds|length }} of {{ query.number }}{% endblock %}"
    app.jinja_loader = ChoiceLoader([present(app.jinja_loader), DictLoader({"kinds.html": template})])
    client = app.test_client()
    assert "3 of 3" in client.get("/kinds?number=3").text
    assert client.get("/api/v1/kinds?number=2").json == {"kinds": {"animals": 40, "food": 40}}
    assert client.get("/kinds?number=0").status_code == client.get("/api/v1/kinds?number=0").status_code == 400
    described = description_of(client)["paths"]["/api/v1/kinds"]["get"]
    assert described["parameters"][0]["description"] == "How many."
    assert "Categories of the collection, the most frequent first. Answer: `Kinds`." in docs.page()


def test_the_newest_description_is_found_without_a_version(client: FlaskClient) -> None:
    assert client.get("/api/openapi.json").location == "/api/v1/openapi.json"


def test_the_description_is_valid_and_covers_every_route(client: FlaskClient, app: Flask) -> None:
    spec = description_of(client)
    validate(spec)
    described = {(path, method.upper()) for path, item in spec["paths"].items() for method in item}
    served = {
        (path.replace("<", "{").replace(">", "}"), method)
        for path, method in routes(app)
        if path.startswith("/api/v1/") and not path.endswith("/openapi.json")
    }
    assert described == served
    assert spec["info"]["version"] == version()
    assert "Answer" in spec["components"]["schemas"] and "Problem" in spec["components"]["schemas"]
    assert not any("<br/>" in str(operation) for operation in spec["paths"].values())


def test_errors_are_described_as_they_are_sent(client: FlaskClient) -> None:
    responses = description_of(client)["paths"]["/api/v1/search"]["get"]["responses"]
    assert set(responses) >= {"200", "400", "401", "429", "503"}
    assert "application/problem+json" in responses["400"]["content"]


def test_an_answer_is_the_model_of_the_query_room(client: FlaskClient) -> None:
    response = client.get(f"/api/v1/search?text=red&like={sha(0)}")
    answer = Answer.model_validate_json(response.data)
    assert len(answer.results) == 24 and answer.cutoff.removed == 37
    assert response.headers["Cache-Control"] == "no-store"


def test_the_overview_counts(client: FlaskClient) -> None:
    assert client.get("/api/v1/").get_json()["documents"] == 796


def test_the_status_has_every_figure_and_marks_unknown_ones(client: FlaskClient) -> None:
    assert client.get("/api/v1/status").json == {
        "documents": 796,
        "quarantined": 2,
        "missing": {"text": 1},
        "queues": None,
        "left_out": [],
        "order": "model m1 (comes with Omma)",
        "cutoff": None,
        "adapted": "not yet",
    }


def test_every_response_carries_the_mark_of_the_installation(make_app: Make, settings: Settings) -> None:
    for address, status in (("/healthz", 200), ("/api/v1/status", 200), ("/api/nowhere", 404)):
        response = make_app().test_client().get(address)
        assert (response.status_code, response.headers[HEADER]) == (status, mark(settings))


def test_a_document_is_named_by_the_first_letters_of_its_id(make_app: Make) -> None:
    searcher = FakeSearcher()
    client = make_app({"searcher": searcher, "full_id": {sha(0)[:12]: sha(0)}.__getitem__}).test_client()
    assert client.get(f"/api/v1/search?like={sha(0)[:12]}").status_code == 200
    assert searcher.asked[0].like == sha(0)
    assert client.get(f"/api/v1/search?like={sha(0)[:5]}").status_code == 400


def test_an_empty_question_is_refused_with_the_ways_to_ask(client: FlaskClient) -> None:
    response = client.get("/api/v1/search")
    assert response.status_code == 400 and "words" in response.get_json()["detail"]


def test_a_parameter_that_there_is_not_is_refused_by_name(client: FlaskClient) -> None:
    problem = client.get("/api/v1/search?text=fox&nubmer=3")
    assert problem.status_code == 400
    assert "there is no parameter 'nubmer' here; it takes text, picture," in problem.text
    assert client.get("/api/v1/status?text=fox").status_code == 400
    assert client.get("/search?text=fox&utm_source=mail").status_code == 200, "people follow links that others have marked"


def test_unknown_routes_and_methods_are_problems_in_json(client: FlaskClient) -> None:
    for response, status in ((client.get("/api/nowhere"), 404), (client.delete("/api/v1/search"), 405)):
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert "Allow" in client.delete("/api/v1/search").headers


def test_broken_json_is_a_problem(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    response = client.post("/api/v1/ingest", data="{", content_type="application/json")
    assert response.status_code == 400


def test_a_picture_is_shown_as_the_query_room_knows_it(make_app: Make) -> None:
    client = make_app({"show": lambda document: DocumentView(id=document, title="A cat")}).test_client()
    assert client.get(f"/api/v1/picture/{sha(1)}").get_json()["title"] == "A cat"


def test_an_unknown_picture_is_not_found(client: FlaskClient) -> None:
    assert client.get(f"/api/v1/picture/{sha(1)}").status_code == 404
    assert client.get(f"/picture/{sha(1)}").status_code == 404


def test_ready_means_warm_and_connected(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200 and response.get_json()["checks"] == {"models": "ok", "engine": "ok"}


def test_not_ready_says_what_is_missing(make_app: Make) -> None:
    client = make_app({"checks": {"engine": down}}).test_client()
    response = client.get("/readyz")
    assert response.status_code == 503 and "does not answer" in response.get_json()["checks"]["engine"]
    assert client.get("/healthz").status_code == 200


def test_gunicorn_builds_the_application_in_its_worker_and_loads_the_models(
    make_app: Make, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    code = "import sys, web.gunicorn; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=TEMPLATES.parents[1], capture_output=True, text=True, check=True)
    assert "web.gunicorn" in done.stdout.split() and "flask" not in done.stdout.split()
    warm_up_state = WarmUp(lambda: None)
    app = make_app({"warm_up_state": warm_up_state})
    monkeypatch.setattr("web.app.create_app", lambda: app)
    assert import_app(web.gunicorn.wsgi_app) is app and warm_up_state.wait(10)


def test_not_ready_until_warm_and_again_after_a_failure(make_app: Make) -> None:
    outcomes: list[Any] = [RuntimeError("no model"), None]

    def warm_up() -> None:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    warm_up_state = WarmUp(warm_up)
    client = make_app({"warm_up_state": warm_up_state}).test_client()
    assert client.get("/readyz").status_code == 503
    warm_up_state.wait(10)
    assert "no model" in warm_up_state.problem
    client.get("/readyz")
    warm_up_state.wait(10)
    assert client.get("/readyz").status_code == 200


def test_figures_for_prometheus(client: FlaskClient) -> None:
    client.get("/api/v1/search?text=red")
    figures = client.get("/metrics").text
    assert 'omma_request_seconds_count{method="GET",route="/api/v1/search",status="200"} 1.0' in figures
    assert 'omma_search_stage_seconds_sum{stage="candidates"} 0.0149' in figures
    assert "omma_documents 796.0" in figures and 'omma_queue_length{queue="bulk"} 3.0' in figures
    assert "omma_up 1.0" in figures


def test_figures_come_while_servers_are_down(make_app: Make) -> None:
    figures = make_app({"gauges": down}).test_client().get("/metrics")
    assert figures.status_code == 200 and "omma_up 0.0" in figures.text


def test_addresses_do_not_become_labels(client: FlaskClient) -> None:
    client.get("/nowhere/at/all")
    client.get(f"/thumbnail/{sha(0)}")
    figures = client.get("/metrics").text
    assert "nowhere" not in figures and 'route="/thumbnail/<document_id>"' in figures


@pytest.mark.parametrize("flag", ["dsl"])
def test_the_requests_sent_are_given_when_asked_for(make_app: Make, flag: str) -> None:
    searcher = FakeSearcher()
    make_app({"searcher": searcher}).test_client().get(f"/api/v1/search?text=red&{flag}=true")
    assert searcher.asked[-1].dsl is True


@pytest.mark.parametrize(("given", "no_cutoff"), [("", False), ("&everything=true", True)])
def test_what_the_cut_hides_can_be_asked_for(make_app: Make, given: str, no_cutoff: bool) -> None:
    searcher = FakeSearcher()
    client = make_app({"searcher": searcher}).test_client()
    assert client.get(f"/api/v1/search?text=shape{given}").status_code == 200
    assert searcher.asked[-1].no_cutoff is no_cutoff


@pytest.mark.parametrize("address", ["/api/v1/search?text=red", "/api/v1/uploads"])
@pytest.mark.parametrize("sent", ["null", "GIF89a", "[1]"])
def test_a_field_of_text_is_not_a_picture(client: FlaskClient, address: str, sent: str) -> None:
    answer = client.post(address, data={"image": sent}, content_type="multipart/form-data")
    assert answer.status_code == 400 and "image: send the picture as a file" in answer.get_json()["detail"]


def test_a_field_of_text_is_taken_as_written(client: FlaskClient) -> None:
    for collection in ("2024", "null", "true", "[1]"):
        sent = {"collection": collection, "pictures": (io.BytesIO(picture_bytes()), "a.png")}
        assert client.post("/api/v1/ingest/upload", data=sent).status_code == 202


def test_the_overview_has_what_its_description_names(client: FlaskClient) -> None:
    description = client.get("/api/v1/openapi.json").get_json()
    answer = description["paths"]["/api/v1/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    named = description["components"]["schemas"][answer.rpartition("/")[2]]
    assert set(named["properties"]) == set(client.get("/api/v1/").get_json())
