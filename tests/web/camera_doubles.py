"""A double of the camera's eye: the same things in every frame."""

from dataclasses import dataclass, field

from answers.camera.frame import CameraFrame, Mode, SeenLine, SeenObject


@dataclass
class FakeCamera:
    """Sees a ball in every frame, whose name is known from the third frame on, and remembers the frames."""

    frames: list[tuple[bytes, str, str]] = field(default_factory=list)
    fails: Exception | None = None

    def warm_up(self) -> None:
        """Nothing to load."""

    def see(self, data: bytes, session_id: str, mode: Mode) -> CameraFrame:
        """A ball that moves to the right, or a line of text."""
        self.frames.append((data, session_id, mode))
        if self.fails:
            raise self.fails
        number = len(self.frames)
        ball = SeenObject(track=1, box=[min(0.5, 0.1 + 0.02 * number), 0.2, 0.3, 0.4])
        if number > 2:
            ball = ball.model_copy(update={"name": "A red ball", "confidence": 0.91, "document": "1" * 64})
        line = SeenLine(text="SALE <b>today</b>", box=[0.1, 0.1, 0.5, 0.1], confidence=0.97)
        seen = {"lines": [line]} if mode == "text" else {"objects": [ball]}
        return CameraFrame(session=session_id or "s1", **seen)
