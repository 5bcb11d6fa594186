"""The token against forged requests, as scripts read it from a page."""

import re

from flask.testing import FlaskClient


def csrf_token(client: FlaskClient, page: str = "/") -> str:
    """The token that a page gives its scripts against forged requests."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get(page).text)
    assert found
    return found.group(1)
