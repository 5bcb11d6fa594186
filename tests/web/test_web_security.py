"""Who may ask what, from where, and how often."""

import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from engine.errors import ConfigurationError
from tests.web.csrf import csrf_token
from tests.web.web_doubles import fake_services, picture_bytes, sha
from web.app import create_app
from web.security import signing_key

PAGES = ["/", "/search?text=red", f"/search?like={sha(0)}", "/ingest", "/quarantine", "/camera", "/nowhere"]
TOKEN = "a-long-token-for-tests"
Make = Callable[..., Flask]


class Tags(HTMLParser):
    """Every tag with its attributes, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_forbids_scripts_styles_and_frames_of_others(client: FlaskClient, page: str) -> None:
    headers = client.get(page).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "font-src" not in policy, "the page brings no fonts"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"] and "http" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("page", PAGES)
def test_no_page_needs_what_its_policy_forbids(client: FlaskClient, page: str) -> None:
    html = client.get(page).text
    tags = Tags()
    tags.feed(html)
    names = {name for _, attributes in tags.seen for name in attributes}
    assert "style" not in names and not any(name.startswith("on") for name in names)
    assert "style" not in {tag for tag, _ in tags.seen}
    assert all(at["src"].startswith("/static/") for tag, at in tags.seen if tag == "script")
    addresses = [at[name] for _, at in tags.seen for name in ("src", "href", "action") if name in at]
    assert addresses and all(address[:1] in "/#" and address[:2] != "//" for address in addresses)


@pytest.mark.parametrize("host", ["evil.example", "a:b:c", "[::1", "127.0.0.1.evil.example", "localhost.evil.example:8000"])
def test_a_foreign_host_name_on_the_loopback_is_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_names_of_the_loopback_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_further_host_names_come_from_the_settings(make_app: Make) -> None:
    client = make_app(web_hosts=["omma.home"]).test_client()
    assert client.get("/", headers={"Host": "omma.home"}).status_code == 200


def test_listening_beyond_the_loopback_needs_a_token(make_app: Make) -> None:
    with pytest.raises(ConfigurationError, match="OMMA_API_TOKEN"):
        make_app(web_host="0.0.0.0")


@pytest.fixture()
def guarded(make_app: Make) -> FlaskClient:
    return make_app(web_host="0.0.0.0", api_token=_secret(TOKEN)).test_client()


def _secret(text: str) -> Any:
    return SecretStr(text)


def test_with_a_token_every_route_but_health_asks_for_it(guarded: FlaskClient) -> None:
    application = guarded.application
    free = {"/healthz", "/sign-in", "/api/v1/sign-in", "/static/<path:filename>"}
    for rule in application.url_map.iter_rules():
        if rule.rule in free:
            continue
        path = re.sub(r"<[^>]+>", "a" * 64, rule.rule)
        method = "GET" if "GET" in (rule.methods or set()) else "POST"
        response = guarded.open(path, method=method)
        to_sign_in = response.status_code == 303 and response.location.startswith("/sign-in?next=")
        assert to_sign_in or response.status_code == 401, rule.rule
    assert guarded.get("/healthz").status_code == 200


def test_a_program_learns_how_to_authorise(guarded: FlaskClient) -> None:
    response = guarded.get("/api/v1/search?text=red")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 200), (TOKEN + "x", 401), ("", 401), ("ÿ", 401)])
def test_the_bearer_token_opens_the_api(guarded: FlaskClient, token: str, status: int) -> None:
    response = guarded.get("/api/v1/search?text=red", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == status


def test_the_bearer_token_allows_changing_requests_without_a_form_token(guarded: FlaskClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "https://elsewhere.example"}
    response = guarded.post("/api/v1/quarantine/drop", json={"entries": ["a"]}, headers=headers)
    assert response.json == {"count": 1}


def test_people_sign_in_with_the_token_and_get_a_cookie_no_script_reads(guarded: FlaskClient) -> None:
    form = {"token": TOKEN, "next": "/search?text=red", "csrf_token": csrf_token(guarded, "/sign-in")}
    response = guarded.post("/sign-in", data=form)
    assert (response.status_code, response.location) == (303, "/search?text=red")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and TOKEN not in cookie
    assert guarded.get("/search?text=red").status_code == 200


def test_a_wrong_token_is_refused_and_changes_nothing(guarded: FlaskClient) -> None:
    form = {"token": "guess", "csrf_token": csrf_token(guarded, "/sign-in")}
    response = guarded.post("/sign-in", data=form)
    assert response.status_code == 401 and "not the token" in response.text
    assert guarded.get("/").status_code == 303


def test_signing_out_ends_the_session(guarded: FlaskClient) -> None:
    guarded.post("/sign-in", data={"token": TOKEN, "csrf_token": csrf_token(guarded, "/sign-in")})
    guarded.post("/sign-out", data={"csrf_token": csrf_token(guarded)})
    assert guarded.get("/").status_code == 303


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/a\r\nb"])
def test_signing_in_never_leads_to_another_site(guarded: FlaskClient, target: str) -> None:
    form = {"token": TOKEN, "next": target, "csrf_token": csrf_token(guarded, "/sign-in")}
    assert guarded.post("/sign-in", data=form).location == "/"


def test_another_token_signs_everybody_out(make_app: Make, settings: Any) -> None:
    same = [signing_key(settings.model_copy(update={"api_token": _secret("one")})) for _ in range(2)]
    other = signing_key(settings.model_copy(update={"api_token": _secret("two")}))
    assert same[0] == same[1] != other
    assert (settings.home / "web-secret").stat().st_mode & 0o077 == 0


FORMS = ["/search", "/ingest", "/ingest/upload", "/quarantine/retry", "/quarantine/drop", "/sign-out", "/sign-in"]


@pytest.mark.parametrize("path", FORMS)
def test_every_form_needs_the_token_of_its_page(client: FlaskClient, path: str) -> None:
    response = client.post(path, data={"source": "demo"}, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    assert client.application.extensions["omma"].ingest.started == []


def test_a_form_with_the_token_of_its_page_goes_through(client: FlaskClient) -> None:
    form = {"source": "demo", "csrf_token": csrf_token(client, "/ingest")}
    assert client.post("/ingest", data=form).location == "/ingest/jobs/job1"


def test_a_browser_script_must_send_the_token_as_a_header(client: FlaskClient) -> None:
    token = csrf_token(client)
    origin = {"Origin": "http://localhost"}
    send = {"image": (io.BytesIO(picture_bytes()), "a.png")}
    assert client.post("/api/v1/uploads", data=dict(send), headers=origin).status_code == 403
    send = {"image": (io.BytesIO(picture_bytes()), "a.png")}
    assert client.post("/api/v1/uploads", data=send, headers=origin | {"X-CSRFToken": token}).status_code == 201


def test_a_program_on_the_loopback_needs_no_form_token(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    assert client.post("/api/v1/ingest", json={"source": "demo"}).status_code == 202


def test_scripts_and_pictures_of_other_sites_get_nothing(client: FlaskClient) -> None:
    for path in ("/api/v1/search?text=red", f"/thumbnail/{sha(0)}"):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert client.get(path, headers=headers).status_code == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/search?text=red", headers=followed).status_code == 200


def test_too_many_tokens_are_stopped(make_app: Make) -> None:
    client = make_app(web_host="0.0.0.0", api_token=_secret(TOKEN), rate_limit_sign_in="3/minute").test_client(
        use_cookies=False
    )
    statuses = [client.post("/api/v1/sign-in", json={"token": "guess"}).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


def searched(client: FlaskClient, times: int, **options: Any) -> list[int]:
    """Statuses of so many searches."""
    return [client.get("/api/v1/search?text=red", **options).status_code for _ in range(times)]


def test_too_many_searches_are_stopped_with_a_time_to_wait(make_app: Make) -> None:
    client = make_app(rate_limit_search="2/minute", web_proxies=1).test_client()
    responses = [client.get("/api/v1/search?text=red") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert int(responses[-1].headers["Retry-After"]) > 0
    assert responses[-1].mimetype == "application/problem+json"


def test_the_owners_programs_on_this_machine_may_ask_a_hundred_times_as_much(make_app: Make) -> None:
    client = make_app(rate_limit_search="2/minute", rate_limit="2/minute").test_client()
    assert searched(client, 201) == [200] * 200 + [429]
    assert [client.get("/").status_code for _ in range(5)] == [200] * 5
    few = make_app(rate_limit_search="1/minute", rate_limit_owner=2).test_client()
    assert searched(few, 3) == [200, 200, 429]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_that_the_settings_do_not_know_of_is_not_the_owner(make_app: Make, header: str) -> None:
    client = make_app(rate_limit_search="2/minute").test_client()
    assert searched(client, 3, headers={header: "203.0.113.9"}) == [200, 200, 429]


def test_another_machine_is_not_the_owner(make_app: Make) -> None:
    client = make_app(rate_limit_search="2/minute").test_client()
    assert searched(client, 3, environ_base={"REMOTE_ADDR": "203.0.113.9"}) == [200, 200, 429]


@pytest.mark.parametrize("proxies", [0, 1])
def test_the_token_lifts_the_limit_from_anywhere_and_a_wrong_one_does_not(make_app: Make, proxies: int) -> None:
    app = make_app(
        web_host="0.0.0.0", api_token=_secret(TOKEN), rate_limit_search="2/minute", rate_limit="2/minute", web_proxies=proxies
    )
    client = app.test_client(use_cookies=False)
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert searched(client, 5, headers={"Authorization": f"Bearer {TOKEN}"}, environ_base=far) == [200] * 5
    guess = {"headers": {"Authorization": "Bearer guess"}, "environ_base": far}
    assert [client.get("/api/v1/", **guess).status_code for _ in range(3)] == [401, 401, 429]
    here = {"REMOTE_ADDR": "127.0.0.1"}
    assert [client.get("/api/v1/", environ_base=here).status_code for _ in range(3)] == [401, 401, 429], (
        "nor the loopback alone"
    )


def test_a_browser_that_signed_in_is_the_owner(make_app: Make) -> None:
    client = make_app(api_token=_secret(TOKEN), rate_limit_search="2/minute", web_proxies=1).test_client()
    client.post("/api/v1/sign-in", json={"token": TOKEN})
    assert searched(client, 5) == [200] * 5


def test_thumbnails_and_health_are_not_counted(make_app: Make) -> None:
    client = make_app(rate_limit="2/minute", web_proxies=1).test_client()
    assert {client.get(f"/thumbnail/{sha(0)}").status_code for _ in range(5)} == {200}
    assert {client.get("/healthz").status_code for _ in range(5)} == {200}
    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 429]


def test_limits_hold_while_redis_is_away(settings: Any) -> None:
    changes = {"rate_limit_search": "2/minute", "redis_url": "redis://127.0.0.1:1/0", "web_proxies": 1}
    changed = settings.model_copy(update=changes)
    assert searched(create_app(changed, fake_services(changed)).test_client(), 3) == [200, 200, 429]
