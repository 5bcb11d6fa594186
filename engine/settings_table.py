"""The table of settings for `docs/settings.md`, written from the class that reads them."""

from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.settings import Settings

INTRODUCTION = """\
# Settings

Every setting is an environment variable. Lists and tables are JSON. This page is written by `./omma docs`; a test
holds it against the code.

| variable | default | meaning |
|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    return INTRODUCTION + "".join(row(name, field) for name, field in Settings.model_fields.items())


def row(name: str, field: FieldInfo) -> str:
    """One setting."""
    choices = f" One of {', '.join(map(str, get_args(field.annotation)))}." if get_origin(field.annotation) is Literal else ""
    meaning = f"{field.description}{choices}".replace("|", "\\|")
    return f"| `OMMA_{name.upper()}` | {default(name, field)} | {meaning} |\n"


def default(name: str, field: FieldInfo) -> str:
    """The default as one would write it; a default that depends on the machine is described."""
    if name == "home":
        return "`/var/lib/omma` for root, else `~/.local/share/omma`"
    value: Any = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or hasattr(value, "get_secret_value") or value in ("", [], {}, ()):
        return ""
    if isinstance(value, Enum | Path):
        value = str(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
