"""The one way in which networks run: ONNX Runtime, on the processor or on a GPU."""

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


class Session:
    """A network loaded from an ONNX file; thread-safe."""

    def __init__(self, path: Path, settings: Settings) -> None:
        """Raise ConfigurationError where the file is missing or broken."""
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
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, *batch: NDArray[Any]) -> list[Array]:
        """All outputs for a batch: an array [n, ...] for every input, in the network's own order."""
        outputs: list[Array] = self._session.run(None, dict(zip(self._inputs, batch, strict=True)))
        return outputs


# OpenCV's pool does not survive a fork: a process forked while the pool has threads hangs as soon as it changes their number.
# So a process has no pool until `limit_threads` gives it one of its own.
cv2.setNumThreads(1)


def threads(settings: Settings) -> int:
    """Threads that one model may use."""
    return settings.threads or len(os.sched_getaffinity(0))


def limit_threads(settings: Settings) -> None:
    """Keep OpenCV, which has one pool for the whole process, within the same number."""
    cv2.setNumThreads(threads(settings))


def providers(settings: Settings) -> list[str]:
    """Where to run, best first; ConfigurationError where a GPU is demanded and there is none."""
    there = onnxruntime.get_available_providers()
    cuda = "CUDAExecutionProvider" in there
    if settings.device == "cuda" and not cuda:
        raise ConfigurationError("OMMA_DEVICE=cuda, but this ONNX Runtime has no CUDA; install onnxruntime-gpu")
    on_gpu = ["CUDAExecutionProvider"] if cuda and settings.device != "cpu" else []
    return [*on_gpu, "CPUExecutionProvider"]


def exported(settings: Settings, name: str, export: Callable[[Path], None], *, force: bool = False) -> Path:
    """The ONNX file of that name, made by `export` where it is missing; processes that come together wait for one."""
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
    """Hold a file lock; it goes with the process, so a killed one leaves nothing behind."""
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
    """Write a torch module as ONNX with its weights inside; torch is imported only here.

    `example` is a batch of pictures, or one array for each named input; `free` names the first axes of them all that may have
    any length.
    """
    import torch  # noqa: PLC0415  (slow to import, and needed once in the life of a model)

    inputs = example if isinstance(example, Mapping) else {"pictures": example}
    axes = {place: torch.export.Dim(name, min=1, max=4096) for place, name in enumerate(free)}
    with torch.inference_mode(), warnings.catch_warnings():
        # Inputs share their free axes, so the exporter keeps one name of each and warns of the others.
        warnings.filterwarnings("ignore", message="# The axis name")
        torch.onnx.export(
            module,
            tuple(torch.from_numpy(array) for array in inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=tuple(axes for _ in inputs),
            external_data=False,
            dynamo=True,
            verbose=False,
        )
