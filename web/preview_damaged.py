"""A look at pictures that were refused: whatever of them can be decoded, small."""

import io

from PIL import Image

from engine.errors import NotFoundError

SIDE = 320
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
MOST_PIXELS = 30_000_000


def preview_damaged(data: bytes) -> bytes:
    """WebP of what can be seen, at most 320 pixels on its longer side; NotFoundError where nothing can.

    A truncated JPEG is closed by an end marker, after which libjpeg leaves the rest grey. Pillow's own switch for
    truncated files is global and would change every decoder of the process.
    """
    try:
        image = Image.open(io.BytesIO(data + JPEG_END if data.startswith(JPEG_START) else data))
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("too many pixels for a look")
        image.thumbnail((SIDE, SIDE))
        out = io.BytesIO()
        image.convert("RGB").save(out, "WEBP", quality=70)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotFoundError("nothing of this picture can be shown") from error
    return out.getvalue()
