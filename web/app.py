"""The Flask application: pages for people, each with a JSON twin under `/api/v1` for programs."""

from collections.abc import Mapping

from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI

from engine.installation import version
from engine.settings import Settings, get_settings
from web import access, errors, metrics, present, security
from web.errors import Problem
from web.services import Services
from web.views import all_views

FORM_BYTES = 1024 * 1024  # what a form may hold besides its picture
SESSION_DAYS = 14


def create_app(
    settings: Settings | None = None,
    services: Services | None = None,
    config: Mapping[str, object] | None = None,
) -> OpenAPI:
    """The application; by default connected to the real servers. `config` has further settings of Flask."""
    settings = settings or get_settings()
    app = _bare_app()
    app.config.update(config or {})
    _configure(app, settings)
    _connect(app, settings, services)
    for views in all_views():
        app.register_blueprint(views.pages)
        app.register_api(views.api)
    return app


def _bare_app() -> OpenAPI:
    """An application without routes; what its OpenAPI document says of the whole API."""
    return OpenAPI(
        __name__,
        info=Info(
            title="Omma",
            version=version(),
            description="Search by picture, part of a picture, words and filters. Every page has a JSON twin here.",
        ),
        security_schemes={"token": SecurityScheme(type="http", scheme="bearer")},
        openapi_extensions={"security": [{"token": []}, {}]},
        validation_error_status=400,
        validation_error_model=Problem,
        validation_error_callback=errors.invalid_parameters,
        doc_ui=False,
        template_folder="templates",
        static_folder="static",
    )


def _configure(app: OpenAPI, settings: Settings) -> None:
    """Install the rules for every route, in the order in which they check a request."""
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_bytes + FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        PERMANENT_SESSION_LIFETIME=SESSION_DAYS * 24 * 3600,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    errors.install(app)
    figures = metrics.Metrics()
    app.extensions["omma-metrics"] = figures
    metrics.install(app, figures)
    security.install(app, settings)
    access.limit_rates(app, settings)
    access.require_token(app, settings)
    present.install(app)


def _connect(app: OpenAPI, settings: Settings, services: Services | None) -> None:
    """Give the services to the routes; without any, open those of the settings."""
    if services is None:
        from web.wiring import open_services  # noqa: PLC0415  (loads the models' runtimes; tests bring doubles)

        services = open_services(settings)
    app.extensions["omma"] = services
    app.extensions["omma-metrics"].registry.register(metrics.GaugeCollector(services.gauges))
