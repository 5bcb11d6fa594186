"""For supervisors and load balancers: is it alive, is it ready, how is it doing."""

from http import HTTPStatus

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from web.limits import limiter
from web.models import Health
from web.services import get_services

HEALTH = Blueprint("health", __name__)
limiter.exempt(HEALTH)


@HEALTH.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return _answer(Health(status="ok"))


@HEALTH.get("/readyz")
def readyz() -> Response:
    """Models are loaded, engine and queue are reachable; 503 with the reason otherwise."""
    services = get_services()
    if services.warm_up_state.problem:
        services.warm_up_state.start()  # after a failure, try again
    checks = {"models": services.warm_up_state.problem or "ok"}
    for name, check in services.checks.items():
        try:
            check()
            checks[name] = "ok"
        except Exception as error:  # whatever it is, it is the reason why this is not ready
            checks[name] = str(error) or type(error).__name__
    ready = all(value == "ok" for value in checks.values())
    return _answer(Health(status="ok" if ready else "unavailable", checks=checks))


@HEALTH.get("/metrics")
def metrics() -> Response:
    """Figures in the text format of Prometheus."""
    figures = current_app.extensions["omma-metrics"].scraped()
    return Response(generate_latest(figures), content_type=CONTENT_TYPE_LATEST)


def _answer(health: Health) -> Response:
    status = HTTPStatus.OK if health.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
    response = Response(health.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
