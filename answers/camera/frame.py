"""What was seen in one frame of a camera, as JSON."""

from typing import Literal

from pydantic import BaseModel, Field

FRAMES_PER_SECOND = 5.0  # at most: a camera sends the next frame when the one before it was answered
Mode = Literal["objects", "text"]


class SeenObject(BaseModel):
    """An object that is followed: the same `track` in every frame."""

    track: int
    box: list[float] = Field(description="x, y, w, h as fractions of the frame")
    name: str = Field("", description="Empty while it is being identified")
    confidence: float | None = Field(None, description="That the name is right, 0..1; empty where that is not calibrated")
    perhaps: bool = Field(False, description="Nothing is certain: the detector's class, or what is closest in the collection")
    document: str = Field("", description="Id of the picture of the collection that has the name")


class SeenLine(BaseModel):
    """A line of text."""

    text: str
    box: list[float] = Field(description="x, y, w, h as fractions of the frame")
    confidence: float


class CameraFrame(BaseModel):
    """One frame: objects or lines, as the mode asks for."""

    session: str = Field(description="Sent along with the next frame, so that objects and names stay")
    objects: list[SeenObject] = []
    lines: list[SeenLine] = []
    late: bool = Field(
        False, description="Left out, because the one before it or too many of other cameras were processed: as before"
    )
    took: float = Field(0.0, description="Milliseconds")
