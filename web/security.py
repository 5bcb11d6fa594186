"""Security rules of every request and response: headers, host names, cross-site requests."""

import hashlib
import hmac
import ipaddress
import os
import secrets
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.errors import ConfigurationError
from engine.installation import HEADER, mark
from engine.settings import Settings
from web.errors import answer_problem

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
CAMERA_ENDPOINT = "camera.camera"  # the only page that may ask for the camera
CAMERA_PERMISSION = "camera=(self), microphone=(), geolocation=()"
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

csrf = CSRFProtect()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def install(app: Flask, settings: Settings) -> None:
    """Put the rules into the application; ConfigurationError if it would be open to the network without a token."""
    if not is_loopback(settings.web_host) and not settings.api_token.get_secret_value():
        raise ConfigurationError(
            f"the page would listen on {settings.web_host} for everybody; set OMMA_API_TOKEN to a long random token"
        )
    app.config.update(
        SECRET_KEY=signing_key(settings),
        OMMA_HOSTS=trusted_hosts(settings),
        OMMA_INSTALLATION=mark(settings),
        SESSION_COOKIE_NAME="omma",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page may stay open for days
    )
    app.session_interface = SecureOverHttps()
    if hops := settings.web_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    csrf.init_app(app)
    app.register_error_handler(CSRFError, _csrf_error)
    app.before_request(_refuse_foreign_hosts)
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)


class SecureOverHttps(SecureCookieSessionInterface):
    """Marks cookies Secure that are set over HTTPS, so that browsers send them over HTTPS only."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie of this answer is marked Secure."""
        return request.is_secure


def trusted_hosts(settings: Settings) -> set[str] | None:
    """Host names that a request may carry; None accepts all.

    On the loopback the check stops DNS rebinding: a foreign site whose name was made to resolve to 127.0.0.1.
    """
    if is_loopback(settings.web_host):
        return LOOPBACK_NAMES | {settings.web_host} | set(settings.web_hosts)
    return set(settings.web_hosts) or None


def signing_key(settings: Settings) -> bytes:
    """The key of signed cookies; another API token makes another key, which signs everybody out."""
    secret = settings.web_secret.get_secret_value().encode() or _kept_secret(settings.home / "web-secret")
    return hmac.digest(secret, settings.api_token.get_secret_value().encode(), hashlib.sha256)


def _kept_secret(path: Path) -> bytes:
    """A random secret shared by all processes with this home; the first process creates it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_bytes(secrets.token_bytes(32))
    try:
        os.link(draft, path)  # atomic, and fails where the file is already there
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()


def check_csrf() -> None:
    """Raise CSRFError for a changing request of a browser session that does not carry the token of its pages."""
    if request.method not in SAFE_METHODS and not _is_program():
        csrf.protect()


def _is_program() -> bool:
    """Whether the request comes from a program, which no foreign site can steer.

    Browsers send `Origin` with every POST, and `Sec-Fetch-Site` or cookies with most; a request to the API without any
    of them comes from curl or a library.
    """
    marks = ("Origin", "Sec-Fetch-Site", "Cookie", "Referer")
    return request.path.startswith("/api/") and not any(mark in request.headers for mark in marks)


def _refuse_foreign_hosts() -> Response | None:
    """Refuse host names that are not this server's (DNS rebinding)."""
    accepted = current_app.config["OMMA_HOSTS"]
    try:
        name = urlsplit(f"//{request.host}").hostname
    except ValueError:
        name = None
    if accepted is None or name in accepted:
        return None
    return answer_problem(HTTPStatus.BAD_REQUEST, "This server does not answer to that host name.", "host")


def _refuse_other_sites() -> Response | None:
    """Refuse requests for the API and images by scripts and pages of other sites."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.headers.get("Sec-Fetch-Mode") != "navigate":
        return answer_problem(HTTPStatus.FORBIDDEN, "Requests from other sites are refused.", "cross-site")
    return None


def _add_headers(response: Response) -> Response:
    if request.endpoint == CAMERA_ENDPOINT:
        response.headers["Permissions-Policy"] = CAMERA_PERMISSION
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers[HEADER] = current_app.config["OMMA_INSTALLATION"]
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _csrf_error(error: CSRFError) -> Response:
    return answer_problem(HTTPStatus.FORBIDDEN, f"{error.description} Reload the page and try again.", "csrf")
