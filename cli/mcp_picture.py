"""The picture that a caller of the MCP server asks with: a path, base64, an address, or an id."""

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from engine.errors import BadQuestion
from engine.settings import Settings

WAYS = ("path", "base64", "address", "id")


class GivenPicture(BaseModel):
    """A picture to ask with, given in one of four ways, and optionally a part of it."""

    path: str = Field("", description="Path of a file on the machine of the server.")
    base64: str = Field("", description="The bytes of a picture file in base64; a data: address will do.")
    address: str = Field("", description="http(s) address, which the server fetches.")
    id: str = Field("", description="Id of a picture of the collection, as `search` gives it; its first letters will do.")
    box: list[float] = Field([], description="Only this part: x, y, width, height as fractions of the picture's size.")

    def parameters(self) -> dict[str, str]:
        """The parameters of a search that name the picture and its part; BadQuestion unless it is given in one way."""
        if sum(bool(getattr(self, way)) for way in WAYS) != 1:
            raise BadQuestion(f"give the picture in one way: {', '.join(WAYS)}")
        named = {"like": self.id.strip().lower(), "address": self.address.strip(), "box": ",".join(map(str, self.box))}
        return {name: value for name, value in named.items() if value}

    def data(self, settings: Settings, roots: Sequence[Path] | None) -> bytes | None:
        """The bytes to send along; None for an address or id, which the page itself reads. BadQuestion.

        `roots` are the folders that paths may lie in; None: any.
        """
        if self.path:
            return _read(Path(self.path).expanduser().resolve(), settings, roots)
        return _decoded(self.base64) if self.base64 else None


def _read(path: Path, settings: Settings, roots: Sequence[Path] | None) -> bytes:
    """The bytes of a file, looked at only where the caller may name it."""
    if roots is not None and not any(path.is_relative_to(root.expanduser().resolve()) for root in roots):
        raise BadQuestion(f"{path} is not in a folder of OMMA_INGEST_ROOTS; send the picture as `base64`")
    try:
        if path.stat().st_size > settings.max_bytes:
            raise BadQuestion(f"{path} has more than {settings.max_bytes} bytes (OMMA_MAX_BYTES)")
        return path.read_bytes()
    except OSError as error:
        raise BadQuestion(f"{path} cannot be read: {error.strerror}") from error


def _decoded(text: str) -> bytes:
    encoded = text.partition("base64,")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadQuestion(f"this is not base64: {error}") from error
