"""Settings are read from the environment, and the documentation lists exactly these."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.reference import settings_page
from engine.connections import tls_options
from engine.errors import ConfigurationError
from engine.programs import check_listening
from engine.setting_forms import variables
from engine.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_in_the_docs_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "reference" / "settings.md").read_text() == settings_page()


def test_every_setting_has_a_row_and_a_description() -> None:
    rows = dict(re.findall(r"^\| `(OMMA_\w+)` \|.*\| (.*) \|$", settings_page(), re.MULTILINE))
    assert set(rows) == {f"OMMA_{name.upper()}" for name in Settings.model_fields}
    assert all(len(text) > 10 for text in rows.values())


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMMA_OPENSEARCH_URL", "https://a:9200, https://b:9200")
    monkeypatch.setenv("OMMA_FUSION_WEIGHTS", "ocr=2.5")
    settings = Settings()
    assert settings.opensearch_addresses == ["https://a:9200", "https://b:9200"]
    assert settings.fusion_weights == {"ocr": 2.5}


def test_redis_with_tls_checks_the_certificate() -> None:
    settings = Settings(redis_url="rediss://user:word@queue:6380/1", redis_ca="/ca.pem")
    assert settings.redis_address == "rediss://user:word@queue:6380/1"
    assert tls_options(settings)["ssl_ca_certs"] == "/ca.pem"
    assert tls_options(Settings(redis_url="redis://queue")) == {}


def test_nothing_listens_beyond_the_loopback_without_a_token() -> None:
    with pytest.raises(ConfigurationError, match="OMMA_API_TOKEN"):
        check_listening(Settings(web_host="0.0.0.0"))
    check_listening(Settings(web_host="0.0.0.0", api_token=SecretStr("secret")))


def test_secrets_do_not_show() -> None:
    assert "hidden-word" not in repr(Settings(opensearch_password=SecretStr("hidden-word"), api_token=SecretStr("hidden-word")))


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        for variable in variables(name, field):
            monkeypatch.setenv(variable, "")
    empty = Settings()
    for variable in {one for name, field in Settings.model_fields.items() for one in variables(name, field)}:
        monkeypatch.delenv(variable)
    assert empty == Settings()
    assert empty.web_port == 8000


def test_a_command_that_asks_the_page_loads_no_client_library() -> None:
    """It compares the mark of its settings with that of the page; loading the clients takes longer than the question."""
    code = (
        "import sys; from engine.installation import mark; from engine.settings import get_settings; mark(get_settings());"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"opensearchpy", "redis", "numpy"} & set(done.stdout.split())
