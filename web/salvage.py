"""A look at pictures that were refused: whatever of them can be decoded, small."""

import io

from PIL import Image, ImageFile

from engine.errors import NotFoundError

SIDE = 320
MOST_PIXELS = 30_000_000


def salvage(data: bytes) -> bytes:
    """WebP of what can be seen, at most 320 pixels on its longer side; NotFoundError where nothing can."""
    try:
        image = _partial(data) if data.startswith(b"\xff\xd8") else Image.open(io.BytesIO(data))
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("too many pixels for a look")
        image.thumbnail((SIDE, SIDE))
        out = io.BytesIO()
        image.convert("RGB").save(out, "WEBP", quality=70)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotFoundError("nothing of this picture can be shown") from error
    return out.getvalue()


def _partial(data: bytes) -> Image.Image:
    """A JPEG as far as its data goes, the rest grey.

    Pillow's parser decodes what it is fed, where its global switch for truncated files would change every decoder of
    the process. Forgetting the tiles keeps Pillow from reading the file again, to the end that is not there.
    """
    parser = ImageFile.Parser()
    parser.feed(data)  # reads the head
    parser.feed(b"")  # decodes what is there
    if not isinstance(parser.image, ImageFile.ImageFile):
        raise ValueError("no picture")
    parser.image.tile = []
    return parser.image.copy()
