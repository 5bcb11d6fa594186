"""The live camera: its page, and what is seen in its frames."""

from pydantic import BaseModel, Field

from answers.camera.frame import FRAMES_PER_SECOND, CameraFrame, Mode
from engine.errors import BadQuestion
from web.services import get_services
from web.view import Page, Views
from web.views.search import PictureForm

VIEWS = Views("camera")
FRAME_SIDE, TEXT_SIDE = 416, 960  # px of a frame's longer side: objects are found on few pixels, letters need more


class CameraOptions(BaseModel):
    """What frames of a camera should be like."""

    side: int = Field(FRAME_SIDE, description="Longer side in pixels, for objects")
    text_side: int = Field(TEXT_SIDE, description="Longer side in pixels, for text")
    frames_per_second: float = Field(FRAMES_PER_SECOND, description="At most")


class FrameParameters(BaseModel):
    """Which camera a frame is from, and what is looked for."""

    session: str = Field("", max_length=64, description="As the answer to the frame before; empty: the first frame.")
    mode: Mode = Field("objects", description="`objects`, each with a name from the collection, or lines of `text`.")


@VIEWS.page("/camera", "camera.html", Page(variable="camera"))
def camera() -> CameraOptions:
    """Point a camera at things, and see what they are.

    The page sends frames one by one; this says what they should be like.
    """
    get_services().camera.warm_up()
    return CameraOptions()


@VIEWS.json("POST", "/camera/frames")
def frame(query: FrameParameters, form: PictureForm) -> CameraFrame:
    """What one frame of a camera shows.

    Objects keep their `track` and name from frame to frame of a session; names come from searches in the background, and
    change only when two of three agree. The frame is not kept, and no search for it is logged.
    """
    if not form.image:
        raise BadQuestion("send the frame as `image`")
    return get_services().camera.see(form.image.read(), query.session, query.mode)
