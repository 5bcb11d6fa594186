"""Networks written as ONNX from their weights, operation by operation.

A packaged network has few kinds of operations: writing them takes seconds, tracing the network in torch takes far longer.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET, IR_VERSION = 20, 9  # of ONNX, from 2023: every supported ONNX Runtime reads them
Input = str | NDArray[Any] | np.generic
Axes = Sequence[int | str | None]  # lengths; a name for a length that is free, None for one that follows from the rest


class Graph:
    """The nodes and constants of a network, added one after another."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, op: str, *inputs: Input, name: str = "", **attributes: Any) -> str:
        """Add a node; its inputs are constants, or names of inputs of the network or outputs of other nodes.

        Return the name of its output, which is chosen here if none is given.
        """
        output = name or f"{op.lower()}_{len(self._nodes)}"
        names = [given if isinstance(given, str) else self._constant(f"{output}/{n}", given) for n, given in enumerate(inputs)]
        self._nodes.append(helper.make_node(op, names, [output], **attributes))
        return output

    def write(self, path: Path, inputs: Mapping[str, tuple[type[np.generic], Axes]], outputs: Mapping[str, Axes]) -> None:
        """Write the network with its weights inside. Outputs are float32."""
        network = helper.make_graph(
            self._nodes,
            "network",
            [_value(name, kind, axes) for name, (kind, axes) in inputs.items()],
            [_value(name, np.float32, axes) for name, axes in outputs.items()],
            self._constants,
        )
        model = helper.make_model(network, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.save(model, str(path))

    def _constant(self, name: str, array: NDArray[Any] | np.generic) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name


def _value(name: str, kind: type[np.generic], axes: Axes) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), list(axes))
