"""The entry for gunicorn: `gunicorn --config python:web.gunicorn web.wsgi:app`."""

from web.app import create_app
from web.services import Services

app = create_app()
_services = app.extensions["omma"]
assert isinstance(_services, Services)
_services.warm_up_state.start()
