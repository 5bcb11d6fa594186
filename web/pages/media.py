"""Pictures themselves: thumbnails, previews and originals, with what a browser needs to handle them safely."""

from flask import Blueprint, make_response, request
from werkzeug.wrappers import Response

from engine.errors import NotFoundError
from vision.picture import decode, thumbnail
from web.files import BoundedFolder
from web.limits import limiter
from web.preview_damaged import preview_damaged
from web.services import get_services
from web.uploads import PREVIEW_SIDE

MEDIA = Blueprint("media", __name__)
limiter.exempt(MEDIA)  # a page of results asks for dozens

# Types that browsers show as pictures and never run; everything else is offered for download.
SHOWN = {
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"GIF8": ("image/gif", "gif"),
    b"BM": ("image/bmp", "bmp"),
}
FOREVER = "private, max-age=31536000, immutable"  # named by content: the same name is always the same bytes
PREVIEW_TTL = 30 * 24 * 3600


@MEDIA.get("/thumbnail/<document_id>")
def thumbnail_of(document_id: str) -> Response:
    """WebP, 320 pixels on its longer side."""
    return _picture(get_services().store.thumbnail(document_id), "image/webp", f"{document_id}.webp")


@MEDIA.get("/preview/<document_id>")
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
    return _picture(data, "image/webp", name)


@MEDIA.get("/original/<document_id>")
def original(document_id: str) -> Response:
    """The bytes as they came; shown only if they begin as a picture that browsers never run."""
    data = get_services().store.original(document_id)
    kind, extension = sniff(data)
    disposition = "inline" if kind.startswith("image/") else "attachment"
    return _picture(data, kind, f"{document_id}.{extension}", disposition)


@MEDIA.get("/uploads/<picture_id>")
def upload(picture_id: str) -> Response:
    """The picture asked with, encoded anew as WebP."""
    return _picture(get_services().uploads.preview(picture_id), "image/webp", f"{picture_id}.webp")


@MEDIA.get("/refused/<entry_id>")
def refused(entry_id: str) -> Response:
    """As much of a refused picture as can be seen; NotFoundError where nothing can."""
    services = get_services()
    entry = services.ingest.refused_entry(entry_id)
    if not entry.original:
        raise NotFoundError("nothing of this picture was kept")
    return _picture(preview_damaged(services.store.original(entry.original)), "image/webp", f"{entry.original}.webp")


def sniff(data: bytes) -> tuple[str, str]:
    """Content type and extension by the first bytes; never by what a source said."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", "webp"
    return next((kind for start, kind in SHOWN.items() if data.startswith(start)), ("application/octet-stream", "bin"))


def _picture(data: bytes, kind: str, name: str, disposition: str = "inline") -> Response:
    response = make_response(data)
    response.mimetype = kind
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = FOREVER
    response.add_etag()
    return response.make_conditional(request)
