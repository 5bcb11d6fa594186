"""For supervisors, load balancers and programs: liveness, readiness, metrics, and the description of the API."""

from http import HTTPStatus
from typing import Any

from flask import Response, current_app, redirect, url_for
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from werkzeug.wrappers import Response as BaseResponse

from web.access import limiter
from web.services import Services, get_services
from web.view import Views, as_json

VIEWS = Views("health")
limiter.exempt(VIEWS.pages)


class Health(BaseModel):
    """Whether the process is ready, and the state of each thing that it needs: `ok`, or the error."""

    status: str
    checks: dict[str, str] = {}


@VIEWS.pages.get("/healthz")
def healthz() -> Response:
    """200 as long as the process answers."""
    return as_json(Health(status="ok"))


@VIEWS.pages.get("/readyz")
def readyz() -> Response:
    """200 when models are loaded, and engine and queue can be reached; 503 with the reason otherwise."""
    services = get_services()
    if services.warm_up_state.problem:
        services.warm_up_state.start()  # after a failure, try again
    checks = _checks(services)
    if all(value == "ok" for value in checks.values()):
        return as_json(Health(status="ok", checks=checks))
    return as_json(Health(status="unavailable", checks=checks), HTTPStatus.SERVICE_UNAVAILABLE)


@VIEWS.pages.get("/metrics")
def metrics() -> Response:
    """Metrics in the text format of Prometheus."""
    return Response(generate_latest(current_app.extensions["omma-metrics"].scraped()), content_type=CONTENT_TYPE_LATEST)


@VIEWS.api.get("/openapi.json", doc_ui=False)
def openapi() -> dict[str, Any]:
    """The OpenAPI document of this API."""
    return current_app.api_doc  # type: ignore[attr-defined, no-any-return]


@VIEWS.pages.get("/api/openapi.json")
def newest_openapi() -> BaseResponse:
    """The OpenAPI document of the newest version of the API."""
    return redirect(url_for("health_api.openapi"))


def _checks(services: Services) -> dict[str, str]:
    checks = {"models": services.warm_up_state.problem or "ok"}
    for name, check in services.checks.items():
        try:
            check()
            checks[name] = "ok"
        except Exception as error:  # of whatever kind, it is the reason why this is not ready
            checks[name] = str(error) or type(error).__name__
    return checks
