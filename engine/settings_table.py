"""The table of settings for `docs/reference/settings.md`, generated from the class that reads them."""

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.setting_forms import expected, variable
from engine.settings import Settings

INTRODUCTION = """\
# Settings

Every setting is an environment variable, and its value is plain text: lists are separated by commas (a name or folder that
contains a comma cannot be given), tables are `name=number` separated by commas. An empty variable counts as not set. A wrong
value stops the command with a message that names the variable, the value and the form below. `omma up` and `omma doctor` warn
of variables that begin with `OMMA_` and are not settings. `./omma docs` generates this page; a test compares it with the code.

An extractor of a plugin has a variable of its own, `OMMA_<EXTRACTOR>_MODEL`, which is not listed here.

| variable | form | default | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    return INTRODUCTION + "".join(row(name, field) for name, field in Settings.model_fields.items())


def row(name: str, field: FieldInfo) -> str:
    """One setting."""
    cells = (f"`{variable(name)}`", form(name, field), default(name, field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def form(name: str, field: FieldInfo) -> str:
    """What a value looks like; an example only where the default is none."""
    text, _, example = expected(name, field).partition(", e.g. ")
    return f"{text}, e.g. `{example}`" if example and not default(name, field) else text


def default(name: str, field: FieldInfo) -> str:
    """The default as one would write it; a default that depends on the machine is described."""
    if name == "home":
        return "`/var/lib/omma` for root, else `~/.local/share/omma`"
    value: Any = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or hasattr(value, "get_secret_value") or value in ("", {}, ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
