"""Pictures that people ask with: checked by decoding, kept for a while so that a question can be refined and shared."""

from dataclasses import dataclass

from engine.settings import Settings
from vision.picture import Picture, decode, thumbnail
from web.files import BoundedFolder

PREVIEW_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that is kept: `id` is the sha256 of its bytes; size in pixels, upright; `seconds` until it goes."""

    id: str
    width: int
    height: int
    format: str
    seconds: int


class Uploads:
    """Pictures asked with, by sha256, and a preview of each that was encoded anew: sent bytes are never echoed."""

    def __init__(self, settings: Settings) -> None:
        """Keep them under the home, within the limits of the settings."""
        self.settings = settings
        self._folder = BoundedFolder(settings.home / "uploads", ttl=settings.upload_ttl, space=settings.upload_space)

    def keep(self, data: bytes) -> Kept:
        """Check that the bytes are a picture (BadPicture otherwise) and keep them."""
        picture = decode(data, self.settings)
        self._folder.put(picture.id, data)
        self._folder.put(f"{picture.id}.webp", thumbnail(picture, PREVIEW_SIDE))
        return self._kept(picture)

    def original(self, picture_id: str) -> bytes:
        """The bytes as they were sent; NotFoundError once their time is over."""
        return self._folder.get(picture_id)

    def preview(self, picture_id: str) -> bytes:
        """WebP, at most 1024 pixels on its longer side; NotFoundError once its time is over."""
        return self._folder.get(f"{picture_id}.webp")

    def _kept(self, picture: Picture) -> Kept:
        return Kept(picture.id, picture.width, picture.height, picture.format, self.settings.upload_ttl)
