"""EfficientNet-Lite (Tan and Le 2019) as ONNX, from the modules of its package."""

from pathlib import Path
from typing import Any

import numpy as np

from vision.onnx_graph import Graph
from vision.runtime import Array


def write(network: Any, side: int, path: Path) -> None:
    """Write the network: images [n, 3, side, side] to pooled `features` [n, d] and `logits` [n, classes]."""
    graph = Graph()
    x = _activated(graph, _convolved(graph, network._conv_stem, network._bn0, "pictures"))
    for block in network._blocks:
        x = _block(graph, block, x)
    x = _activated(graph, _convolved(graph, network._conv_head, network._bn1, x))
    features = graph.add("ReduceMean", x, np.array([2, 3]), keepdims=0, name="features")
    head = network._fc
    graph.add("Gemm", features, _array(head.weight), _array(head.bias), transB=1, name="logits")
    graph.write(
        path, {"pictures": (np.float32, ("batch", 3, side, side))}, {"features": ("batch", None), "logits": ("batch", None)}
    )


def _block(graph: Graph, block: Any, given: str) -> str:
    """An inverted residual: expand, filter each channel, project; the input is added where the shape stays."""
    x, arguments = given, block._block_args
    if arguments.expand_ratio != 1:
        x = _activated(graph, _convolved(graph, block._expand_conv, block._bn0, x))
    x = _activated(graph, _convolved(graph, block._depthwise_conv, block._bn1, x))
    x = _convolved(graph, block._project_conv, block._bn2, x)
    stays = arguments.id_skip and arguments.stride == 1 and arguments.input_filters == arguments.output_filters
    return graph.add("Add", x, given) if stays else x


def _convolved(graph: Graph, convolution: Any, norm: Any, given: str) -> str:
    """A convolution and its batch normalisation; the package pads as TensorFlow does."""
    strides = list(convolution.stride)
    x = graph.add("Conv", given, _array(convolution.weight), strides=strides, group=convolution.groups, auto_pad="SAME_UPPER")
    parameters = [_array(part) for part in (norm.weight, norm.bias, norm.running_mean, norm.running_var)]
    return graph.add("BatchNormalization", x, *parameters, epsilon=norm.eps)


def _activated(graph: Graph, given: str) -> str:
    return graph.add("Clip", given, np.float32(0), np.float32(6))


def _array(tensor: Any) -> Array:
    found: Array = tensor.detach().numpy()
    return found
