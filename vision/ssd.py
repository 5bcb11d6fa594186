"""The packaged detector, a frozen TensorFlow graph, as an ONNX network that gives boxes and scores.

The package describes the graph for OpenCV: its operations, and the prior boxes of SSD (Liu et al. 2016). The weights are
constants of the frozen graph.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from numpy.typing import NDArray

from vision.onnx_graph import Graph

SIDE = 300  # px of the square that the network takes
GRIDS = (19, 10, 5, 3, 2, 1)  # cells along a side of each feature map: every cell has a set of prior boxes
INPUTS = {"image_tensor": (np.float32, ("n", 3, SIDE, SIDE))}

# The part of TensorFlow's GraphDef that is read: message -> field -> number and type; `*` is a repeated field.
SCHEMA: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "Dim": {"size": (1, "int64")},
    "Shape": {"dim": (2, "Dim*")},
    "Tensor": {"tensor_shape": (2, "Shape"), "tensor_content": (4, "bytes"), "float_val": (5, "float*")},
    "List": {"i": (3, "int64*")},
    "Value": {"list": (1, "List"), "s": (2, "bytes"), "i": (3, "int64"), "f": (4, "float"), "tensor": (8, "Tensor")},
    "Attribute": {"key": (1, "string"), "value": (2, "Value")},
    "Node": {"name": (1, "string"), "op": (2, "string"), "input": (3, "string*"), "attr": (5, "Attribute*")},
    "Graph": {"node": (1, "Node*")},
}


def export(graph: Path, text: Path, path: Path) -> None:
    """Write the ONNX network of a frozen graph and its text description.

    Its input are RGB levels [n, 3, 300, 300]. `boxes` [n, priors, 4] are top, left, bottom, right as shares of the picture,
    `scores` [n, priors, classes] between 0 and 1; class 0 is the background.
    """
    kind = _graph_kind()
    described = text_format.Parse(text.read_text(), kind(), allow_unknown_field=True)
    frozen, read = kind.FromString(graph.read_bytes()), {name for node in described.node for name in node.input}
    constants = [node for node in frozen.node if node.op == "Const" and node.name in read]
    detector = Detector({node.name: _array(_attributes(node)["value"].tensor) for node in constants})
    for node in described.node:
        detector.convert(node)
    priors = [_attributes(node) for node in described.node if node.op == "PriorBox"]
    (selection,) = (_attributes(node) for node in described.node if node.op == "DetectionOutput")
    detector.decode(priors_of(priors), _array(priors[0]["variance"].tensor), selection["num_classes"].i)
    detector.graph.write(path, INPUTS, {"boxes": ("n", None, 4), "scores": ("n", None, None)})


class Detector:
    """Converts the graph node by node; images become [n, channels, height, width]."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """`weights`: the constants of the frozen graph by name."""
        self.graph = Graph()
        self._weights = weights

    def convert(self, node: Any) -> None:
        """Add a node of the described graph; those of prior boxes and of the selection of boxes are left out."""
        name, attributes = node.name, _attributes(node)
        inputs = [self._weights.get(given, given) for given in node.input]
        add = partial(self.graph.add, name=name)
        match node.op:
            case "Conv2D":  # filters [height, width, in, out]
                self._convolution(name, inputs[0], inputs[1].transpose(3, 2, 0, 1), attributes)
            case "DepthwiseConv2dNative":  # filters [height, width, channels, 1]
                self._convolution(name, inputs[0], inputs[1].transpose(2, 3, 0, 1), attributes, group=inputs[1].shape[2])
            case "FusedBatchNorm":
                add("BatchNormalization", *inputs, epsilon=attributes["epsilon"].f)
            case "BiasAdd":
                add("Add", inputs[0], inputs[1].reshape(-1, 1, 1))
            case "Relu6":
                add("Clip", *inputs, np.float32(0), np.float32(6))
            case "Flatten":  # in the order of TensorFlow, which has channels last
                add("Flatten", self.graph.add("Transpose", *inputs, perm=[0, 2, 3, 1]))
            case "ConcatV2" if not name.startswith("PriorBox"):  # the last input is the axis
                add("Concat", *inputs[:-1], axis=1)
            case "Add" | "Identity" | "Mul" | "Sub":
                add(node.op, *inputs)

    def _convolution(self, name: str, source: str, kernel: NDArray[np.float32], attributes: Any, group: int = 1) -> None:
        padding, strides = f"{attributes['padding'].s.decode()}_UPPER", list(attributes["strides"].list.i)[1:3]
        self.graph.add("Conv", source, kernel, name=name, auto_pad=padding, strides=strides, group=group)

    def decode(self, priors: NDArray[np.float32], variance: NDArray[np.float32], classes: int) -> None:
        """Add the outputs: the scores, and boxes from encodings relative to `priors` [n, 4], scaled by `variance` [4].

        Encodings, priors and variance are of centre (y, x), height and width.
        """
        add = self.graph.add
        add("Sigmoid", add("Reshape", "ClassPredictor/concat", np.array([0, -1, classes])), name="scores")
        encodings = add("Reshape", "BoxEncodingPredictor/concat", np.array([0, -1, 4]))
        scaled, last = add("Mul", encodings, variance), np.array([2])
        shift = add("Slice", scaled, np.array([0]), np.array([2]), last)
        growth = add("Exp", add("Slice", scaled, np.array([2]), np.array([4]), last))
        centre = add("Add", add("Mul", shift, priors[:, 2:]), priors[:, :2])
        half = add("Mul", growth, priors[:, 2:] / 2)
        add("Concat", add("Sub", centre, half), add("Add", centre, half), axis=2, name="boxes")


def priors_of(nodes: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
    """The prior boxes [n, 4] of all feature maps, as centre (y, x), height and width in shares of the picture."""
    boxes = []
    for cells, attributes in zip(GRIDS, nodes, strict=True):
        sizes = [_array(attributes[side].tensor) / SIDE for side in ("height", "width")]
        places = (np.arange(cells) + 0.5) / cells
        boxes += [(y, x, *size) for y, x, size in product(places, places, zip(*sizes, strict=True))]
    return np.array(boxes, dtype=np.float32)


def _attributes(node: Any) -> dict[str, Any]:
    return {entry.key: entry.value for entry in node.attr}


def _array(tensor: Any) -> NDArray[np.float32]:
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    content = tensor.tensor_content
    values = np.frombuffer(content, np.float32) if content else np.array(tensor.float_val, np.float32)
    return np.resize(values, shape)  # one value stands for a tensor that is full of it


def _graph_kind() -> Any:
    """The class of protobuf messages for `SCHEMA`."""
    file, field = FileDescriptorProto(name="graph.proto", package="graph"), FieldDescriptorProto
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in fields.items():
            one, label = kind.rstrip("*"), field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
            of = {"type_name": f".graph.{one}"} if one in SCHEMA else {"type": getattr(field, f"TYPE_{one.upper()}")}
            message.field.add(name=field_name, number=number, label=label, **of)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("graph.Graph"))
