"""Every route of the API stands in the reference."""

import re
from pathlib import Path

from flask import Flask

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/api.md"


def plain(path: str) -> str:
    """A route without names of its parameters, its version, or a slash at its end."""
    return re.sub(r"<[^>]*>", "<id>", path).replace("/api/v1", "/api").rstrip("/")


def test_every_route_of_the_api_is_documented(app: Flask) -> None:
    documented = {plain(path) for path in re.findall(r"`[A-Z]+ (/api/[^`?{]*)`", PAGE.read_text())}
    routes = {plain(rule.rule) for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")}
    assert len(routes) > 15
    assert routes - {"/api/openapi.json"} <= documented
