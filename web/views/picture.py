"""A picture: its page, and its image files, with headers that make browsers handle them safely."""

import io

from flask import make_response, request
from PIL import Image
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response

from engine.errors import NotFoundError
from query.document import DocumentView
from vision.picture import decode, thumbnail
from web.access import limiter
from web.services import get_services
from web.uploads import PREVIEW_SIDE, BoundedFolder
from web.view import Page, Views

VIEWS = Views("picture")
FILES = Views("media")
limiter.exempt(FILES.pages)  # a page of results asks for dozens

# Types that browsers show as images and never run; everything else is offered for download.
INLINE_TYPES = {
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"GIF8": ("image/gif", "gif"),
    b"BM": ("image/bmp", "bmp"),
}
CACHE_FOREVER = "private, max-age=31536000, immutable"  # named by content: the same name is always the same bytes
PREVIEW_TTL = 30 * 24 * 3600
DAMAGED_SIDE = 320
DAMAGED_PIXELS = 30_000_000  # a damaged picture with more is not decoded for a preview
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"


class PicturePath(BaseModel):
    """Names a picture of the collection."""

    document_id: str = Field(max_length=64, description="sha256 of the original, or the first letters of it, at least 6")


@VIEWS.page("/picture/<document_id>", "picture.html", Page(variable="view"))
def picture(path: PicturePath) -> DocumentView:
    """Everything known about one picture."""
    return get_services().show(path.document_id)


@FILES.pages.get("/thumbnail/<document_id>")
def thumbnail_of(document_id: str) -> Response:
    """WebP, 320 pixels on its longer side."""
    return _file(get_services().store.thumbnail(document_id), "image/webp", f"{document_id}.webp")


@FILES.pages.get("/preview/<document_id>")
def preview(document_id: str) -> Response:
    """WebP, at most 1024 pixels on its longer side, made at the first request."""
    services = get_services()
    folder = BoundedFolder(services.settings.home / "previews", ttl=PREVIEW_TTL, space=services.settings.upload_space)
    name = f"{document_id}.webp"
    try:
        data = folder.get(name)
    except NotFoundError:
        data = thumbnail(decode(services.store.original(document_id), services.settings), PREVIEW_SIDE)
        folder.put(name, data)
    return _file(data, "image/webp", name)


@FILES.pages.get("/original/<document_id>")
def original(document_id: str) -> Response:
    """The original bytes; shown inline only if they begin as an image that browsers never run."""
    data = get_services().store.original(document_id)
    kind, extension = sniff(data)
    disposition = "inline" if kind.startswith("image/") else "attachment"
    return _file(data, kind, f"{document_id}.{extension}", disposition)


@FILES.pages.get("/uploads/<picture_id>")
def upload(picture_id: str) -> Response:
    """A picture that was sent to search with, encoded anew as WebP."""
    return _file(get_services().uploads.preview(picture_id), "image/webp", f"{picture_id}.webp")


@FILES.pages.get("/refused/<entry_id>")
def refused(entry_id: str) -> Response:
    """What can be decoded of a picture in quarantine; NotFoundError where nothing can."""
    services = get_services()
    entry = services.ingest.refused_entry(entry_id)
    if not entry.original:
        raise NotFoundError("nothing of this picture was kept")
    return _file(preview_damaged(services.store.original(entry.original)), "image/webp", f"{entry.original}.webp")


def sniff(data: bytes) -> tuple[str, str]:
    """Content type and extension by the first bytes; never by what a source claims."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", "webp"
    return next((kind for start, kind in INLINE_TYPES.items() if data.startswith(start)), ("application/octet-stream", "bin"))


def preview_damaged(data: bytes) -> bytes:
    """WebP of what can be decoded, at most 320 pixels on its longer side; NotFoundError where nothing can.

    A truncated JPEG is closed by an end marker, after which libjpeg leaves the rest grey. Pillow's own switch for
    truncated files is global and would change every decoder of the process.
    """
    try:
        image = Image.open(io.BytesIO(data + JPEG_END if data.startswith(JPEG_START) else data))
        if image.width * image.height > DAMAGED_PIXELS:
            raise ValueError("too many pixels")
        image.thumbnail((DAMAGED_SIDE, DAMAGED_SIDE))
        out = io.BytesIO()
        image.convert("RGB").save(out, "WEBP", quality=70)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotFoundError("nothing of this picture can be shown") from error
    return out.getvalue()


def _file(data: bytes, kind: str, name: str, disposition: str = "inline") -> Response:
    response = make_response(data)
    response.mimetype = kind
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = CACHE_FOREVER
    response.add_etag()
    return response.make_conditional(request)
