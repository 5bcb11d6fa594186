"""Networks in ONNX Runtime, on the processor or on a GPU, and their export from torch."""

import fcntl
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.settings import Settings

logger = logging.getLogger(__name__)
Array = NDArray[np.float32]
MAX_FREE_AXIS = 4096  # length of a free axis that exported networks accept at most

# OpenCV's thread pool does not survive a fork: a process forked while the pool has threads hangs as soon as it changes their
# number. So there is no pool until `limit_threads` creates one in the process that uses it.
cv2.setNumThreads(1)


class Session:
    """A network loaded from an ONNX file; thread-safe."""

    def __init__(self, path: Path, settings: Settings) -> None:
        """Raise ConfigurationError if the file is missing or broken."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads(settings)
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers(settings))
        except Exception as error:
            raise ConfigurationError(
                f"model {path.name} cannot be loaded: {error}; run `omma models export --force`"
            ) from error
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self.on_gpu = "CUDAExecutionProvider" in self._session.get_providers()
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, *batch: NDArray[Any]) -> list[Array]:
        """All outputs, for one array [n, ...] per input in the network's order."""
        outputs: list[Array] = self._session.run(None, dict(zip(self._inputs, batch, strict=True)))
        return outputs


def threads(settings: Settings) -> int:
    """The number of threads that one model may use."""
    return settings.threads or len(os.sched_getaffinity(0))


def limit_threads(settings: Settings) -> None:
    """Set the same number for OpenCV, which has one pool per process."""
    cv2.setNumThreads(threads(settings))


def providers(settings: Settings) -> list[str]:
    """Execution providers, preferred first. Raise ConfigurationError if the settings require a GPU and there is none."""
    there = onnxruntime.get_available_providers()
    cuda = "CUDAExecutionProvider" in there
    if settings.device == "cuda" and not cuda:
        raise ConfigurationError("OMMA_DEVICE=cuda, but this ONNX Runtime has no CUDA; install onnxruntime-gpu")
    on_gpu = ["CUDAExecutionProvider"] if cuda and settings.device != "cpu" else []
    return [*on_gpu, "CPUExecutionProvider"]


def exported(settings: Settings, name: str, export: Callable[[Path], None], *, force: bool = False) -> Path:
    """The ONNX file of that name, written by `export` if it is missing; concurrent processes wait for the first."""
    folder = settings.home / "models"
    path = folder / f"{name}.onnx"
    if path.exists() and not force:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f"{name}.lock"):
        if force or not path.exists():
            logger.info("exporting %s to ONNX", name)
            temporary = path.with_suffix(f".{os.getpid()}.tmp")
            try:
                export(temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock; it ends with the process, so a killed process leaves no lock behind."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def export_torch(
    module: Any,
    example: NDArray[Any] | Mapping[str, NDArray[Any]],
    path: Path,
    outputs: list[str],
    free: Sequence[str] = ("batch",),
) -> None:
    """Write a torch module as ONNX with its weights inside.

    `example` is a batch of pictures, or one array per named input. `free` names the leading axes, common to all inputs, that
    may have any length.
    """
    import torch  # noqa: PLC0415  (slow to import, and needed once in the life of a model)

    # It warns that triton, a compiler for GPUs, is not installed.
    logging.getLogger("torch.utils.flop_counter").setLevel(logging.ERROR)
    inputs = example if isinstance(example, Mapping) else {"pictures": example}
    axes = {axis: torch.export.Dim(name, min=1, max=MAX_FREE_AXIS) for axis, name in enumerate(free)}
    arguments = tuple(torch.from_numpy(array) for array in inputs.values())
    names: dict[str, Any] = {"input_names": list(inputs), "output_names": outputs, "dynamic_shapes": (axes,) * len(inputs)}
    with torch.inference_mode(), warnings.catch_warnings():
        # Inputs share their free axes: the exporter keeps one name of each and warns about the others.
        warnings.filterwarnings("ignore", message="# The axis name")
        torch.onnx.export(module, arguments, str(path), external_data=False, dynamo=True, verbose=False, **names)
