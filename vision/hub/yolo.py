"""Tasks of the library ultralytics, in a process of their own: `python -m vision.hub.yolo export WEIGHTS ONNX`.

On import the library changes Pillow, OpenCV and torch for the whole process, which no worker or web process may suffer.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SIDE = 640  # px
MIN_CONFIDENCE = 0.05  # of the boxes that the exported network returns
ROOT = Path(__file__).parents[2]
# The library must install nothing, report no usage, and print nothing.
ENVIRONMENT = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}


def run_task(task: str, source: str, to: Path) -> None:
    """Run a task in a process of its own. Raise CalledProcessError, with its stderr, if it fails."""
    command = [sys.executable, "-m", "vision.hub.yolo", task, source, str(to)]
    subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=os.environ | ENVIRONMENT)


def fetch(name: str, to: Path) -> None:
    """Download the published weights of that name."""
    from ultralytics.utils.downloads import attempt_download_asset  # noqa: PLC0415  (see the module)

    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        Path(attempt_download_asset(Path(folder) / name, retry=1)).replace(to)


def export(weights: str, to: Path) -> None:
    """Write a network as ONNX with a free batch axis, its non-maximum suppression inside."""
    from ultralytics.models import YOLO  # noqa: PLC0415  (see the module)

    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        copy = Path(folder) / "detector.pt"  # the library writes beside the weights
        shutil.copyfile(weights, copy)
        network = YOLO(copy, task="detect")
        network.export(format="onnx", dynamic=True, simplify=False, nms=True, imgsz=SIDE, conf=MIN_CONFIDENCE, device="cpu")
        copy.with_suffix(".onnx").replace(to)


if __name__ == "__main__":
    {"fetch": fetch, "export": export}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
