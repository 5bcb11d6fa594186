"""The networks that the package `rapidocr` carries; read from its files, without importing it or fetching anything."""

from importlib.util import find_spec
from pathlib import Path

from engine.errors import ConfigurationError

DETECTOR, RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"


def path_of(name: str) -> Path:
    """A model's file; ConfigurationError where the package, or the model in it, is missing."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("rapidocr is missing; install the package rapidocr, or set OMMA_OCR_ENGINE=tesseract")
    path = Path(spec.submodule_search_locations[0]) / "models" / name
    if not path.exists():
        raise ConfigurationError(f"rapidocr lacks its model {name}; install the package rapidocr again (3.10)")
    return path
