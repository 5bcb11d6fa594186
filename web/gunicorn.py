"""Settings of gunicorn, from ours, and the application that it serves: `gunicorn --config python:web.gunicorn`.

One process, because each would load its own models, with several threads.
"""

from typing import TYPE_CHECKING

from engine.settings import get_settings

if TYPE_CHECKING:
    from flask import Flask

_settings = get_settings()

wsgi_app = "web.gunicorn:application()"  # called in the worker: reading these settings builds nothing
bind = f"{_settings.web_host}:{_settings.web_port}"
workers = 1
worker_class = "gthread"
threads = _settings.web_threads
timeout = 120
graceful_timeout = 20
keepalive = 5
limit_request_line = 8190
accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(M)sms'


def application() -> "Flask":
    """The application, connected to the real services; its models begin to load at once."""
    from web.app import create_app  # noqa: PLC0415  (the parent process only needs the settings)
    from web.services import services_of  # noqa: PLC0415

    app = create_app()
    services_of(app).warm_up_state.start()
    return app
