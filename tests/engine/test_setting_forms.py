"""Every setting takes plain text; the message on a wrong value or a misspelt name says what is expected."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from engine.doctor import examine, warnings
from engine.errors import ConfigurationError
from engine.setting_forms import expected, misspelt, variable
from engine.settings import Settings, get_settings
from tests.present import present

FIELDS = Settings.model_fields
LISTS = [name for name, field in FIELDS.items() if get_origin(field.annotation) is tuple]
TABLES = [name for name, field in FIELDS.items() if get_origin(field.annotation) is dict]
FREE = {name for name, field in FIELDS.items() if field.annotation in (str, SecretStr, Path) and not field.metadata}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Settings are read again in each test, and after the last."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def written(name: str, field: FieldInfo) -> tuple[str, Any]:
    """A value that is not the default: its text, and the parsed value."""
    kind, default = field.annotation, field.get_default(call_default_factory=True)
    if field.examples:
        return field.examples[0], _parts(field)
    if get_origin(kind) is Literal:
        other = next(choice for choice in get_args(kind) if choice != default)
        return other, other
    if kind in (bool, int, float):
        changed = not default if kind is bool else default + (1 if kind is int else 0.001)
        return str(changed).lower(), changed
    text = "7/hour" if name.startswith("rate_limit") else "something"
    return text, Path(text) if kind is Path else SecretStr(text) if kind is SecretStr else text


def _parts(field: FieldInfo) -> Any:
    """The parsed example of a list or a table."""
    parts = field.examples[0].split(",") if field.examples else []
    if get_origin(field.annotation) is dict:
        return {key: float(number) for key, number in (part.split("=") for part in parts)}
    return tuple(Path(part) if Path in get_args(field.annotation) else part for part in parts)


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_read_from_plain_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, value = written(name, FIELDS[name])
    monkeypatch.setenv(variable(name), text)
    assert getattr(get_settings(), name) == value


@pytest.mark.parametrize("name", [*LISTS, *TABLES])
def test_lists_and_tables_may_be_empty_spaced_and_end_in_a_comma_but_are_no_json(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, value = written(name, FIELDS[name])
    monkeypatch.setenv(variable(name), f" {text.replace(',', ' , ')}, ")
    assert getattr(get_settings(), name) == value
    monkeypatch.setenv(variable(name), "")
    get_settings.cache_clear()
    assert not getattr(get_settings(), name)
    for json in ('["a"]', '{"a": 1}'):
        monkeypatch.setenv(variable(name), json)
        get_settings.cache_clear()
        with pytest.raises(ConfigurationError, match=r"JSON is not accepted.*separated by commas") as raised:
            get_settings()
        assert variable(name) in str(raised.value) and present(FIELDS[name].examples)[0] in str(raised.value)


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in {*FREE, *LISTS}])
def test_the_message_on_a_wrong_value_names_its_variable_and_the_form_expected(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = FIELDS[name]
    monkeypatch.setenv(variable(name), "Ümlaut?")
    with pytest.raises(ConfigurationError) as raised:
        get_settings()
    message = str(raised.value)
    assert message.startswith(f"{variable(name)}: 'Ümlaut?' is not valid") and message.endswith(
        f"; expected {expected(name, field)}"
    )


@pytest.mark.parametrize(
    ("name", "given", "expected_message"),
    [
        ("web_port", "abc", "OMMA_WEB_PORT: 'abc' is not valid; expected an integer from 1 to 65535, e.g. 8000"),
        ("web_port", "70000", "OMMA_WEB_PORT: '70000' is not valid; expected an integer from 1 to 65535, e.g. 8000"),
        ("batch_size", "0", "OMMA_BATCH_SIZE: '0' is not valid; expected an integer from 1 to 256, e.g. 16"),
        ("diversity", "1", "OMMA_DIVERSITY: '1' is not valid; expected a number from 0, below 1, e.g. 0.0"),
        ("fetch_private", "perhaps", "OMMA_FETCH_PRIVATE: 'perhaps' is not valid; expected true or false"),
        ("profile", "best", "OMMA_PROFILE: 'best' is not valid; expected one of packaged, hub"),
        ("fusion_weights", "a=1,ocr", "OMMA_FUSION_WEIGHTS: 'a=1,ocr' is not valid ('ocr' is not name=number)"),
        ("fusion_weights", "a=1,ocr=much", "OMMA_FUSION_WEIGHTS: 'ocr=much' is not valid"),
        ("fusion_weights", "ocr=nan", "OMMA_FUSION_WEIGHTS: 'ocr=nan' is not valid"),
        ("fusion_weights", "a=1,a=2", "'a' is given twice"),
        ("rate_limit_search", "many", "number/unit, the unit being second, minute, hour or day, e.g. 120/minute"),
    ],
)
def test_messages_say_what_was_given_and_what_is_expected(
    name: str, given: str, expected_message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable(name), given)
    with pytest.raises(ConfigurationError) as raised:
        get_settings()
    assert expected_message in str(raised.value)


def test_one_message_names_all_wrong_settings_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMMA_WEB_PORT", "abc")
    monkeypatch.setenv("OMMA_FUSION_WEIGHTS", "a=x,b=y")
    with pytest.raises(ConfigurationError) as raised:
        get_settings()
    message = str(raised.value)
    assert message.count("OMMA_WEB_PORT") == message.count("OMMA_FUSION_WEIGHTS") == 1 and message.count("; OMMA_") == 1


def test_the_warning_on_a_misspelt_variable_names_the_closest_setting() -> None:
    environment = {"OMMA_WEB_PROT": "1", "omma_factor_paths": "x", "OMMA_XYZZY": "", "OMMA_WEB_PORT": "1", "PATH": "/bin",
                   "OMMA_TEST_REDIS_URL": "redis://", "omma_device": "cpu", "OMMA_PYTHON": "python3"}  # fmt: skip
    warned = misspelt(environment, FIELDS)
    assert warned == [
        "OMMA_WEB_PROT is not a setting and has no effect; did you mean OMMA_WEB_PORT?",
        "OMMA_XYZZY is not a setting and has no effect; see docs/reference/settings.md",
        "omma_factor_paths is not a setting and has no effect; did you mean OMMA_FACTOR_PATH?",
    ]
    assert [(finding.text, finding.well, finding.warning) for finding in warnings(environment)] == [
        (text, True, True) for text in warned
    ]


def test_the_doctor_warns_of_a_misspelt_variable(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("OMMA_WEB_PROT", "8001")
    first = next(iter(examine(settings)))
    assert first.warning and first.well and "OMMA_WEB_PORT" in first.text
