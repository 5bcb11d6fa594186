"""A folder of immutable versions, and the version in use: learned models, calibrations.

    <folder>/<id>/...        the files of one version
    <folder>/state.json      the version in use, those before it, and a challenger where two are compared

A version is written under a temporary name and moved into place; so is `state.json`. A reader sees the old or the new state,
never half of one.
"""

import uuid
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigurationError, NotFoundError

MAX_PREVIOUS = 20  # versions that a rollback can return to


class State(BaseModel):
    """The version in use; empty: the one that Omma comes with."""

    model_config = ConfigDict(frozen=True)

    current: str = ""
    previous: list[str] = []
    challenger: str = Field("", description="A ranker that shares live searches with the current one (team draft)")


class VersionedFolder:
    """One such folder. `noun` names a version in messages, `remedy` the command that replaces a damaged state."""

    def __init__(self, folder: Path, noun: str, remedy: str) -> None:
        """The folder need not exist yet."""
        self.folder, self._noun, self._remedy = folder, noun, remedy
        self._state = folder / "state.json"

    def state(self) -> State:
        """The state now; ConfigurationError where the file is damaged."""
        try:
            return State.model_validate_json(self._state.read_text())
        except FileNotFoundError:
            return State()
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._state} is damaged; `{self._remedy}` replaces it") from error

    def mark(self) -> tuple[int, int]:
        """Changes whenever the state does; costs one `stat`."""
        try:
            found = self._state.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)

    def add(self, version: str, files: Mapping[str, str]) -> bool:
        """Write a new version; False, without a change, where it exists."""
        final, temporary = self.folder / version, self.folder / f".{version}-{uuid.uuid4().hex[:6]}"
        if final.exists():
            return False
        write_files(temporary, files)
        temporary.replace(final)
        return True

    def switch(self, version: str, before: str = "") -> State:
        """Take a version into use; `before` names the one in use so far where the state names none."""
        known = self._known_state()
        return self.write_state(State(current=version, previous=[known.current or before, *known.previous][:MAX_PREVIOUS]))

    def rollback(self) -> State:
        """Return to the version in use before; NotFoundError where there was none."""
        before = self.state()
        if not before.previous:
            raise NotFoundError(f"no {self._noun} was in use before this one")
        current, *previous = before.previous
        return self.write_state(State(current=current, previous=previous))

    def write_state(self, state: State) -> State:
        """Replace the state in one step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self._state.with_name(f".state-{uuid.uuid4().hex}")
        temporary.write_text(state.model_dump_json(indent=2) + "\n")
        temporary.replace(self._state)
        return state

    def _known_state(self) -> State:
        try:
            return self.state()
        except ConfigurationError:  # a damaged file must not prevent writing a sound one
            return State()


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts by file name into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
