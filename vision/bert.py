"""The network of a BERT sentence model (Devlin et al. 2019; Reimers and Gurevych 2019) as ONNX, from its weights."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vision.onnx_graph import Graph
from vision.runtime import Array

LOWEST = np.finfo(np.float32).min  # added to the attention that padding gets
INPUTS = {"ids": (np.int64, ("batch", "length")), "mask": (np.int64, ("batch", "length"))}


class Bert:
    """Writes the graph layer by layer; `weights` have the names of the transformers library."""

    def __init__(self, weights: Mapping[str, Array], heads: int, epsilon: float) -> None:
        """`heads` of attention in a layer; `epsilon` of layer normalisation."""
        self._weights, self._heads, self._epsilon = weights, heads, epsilon
        self._graph = Graph()

    def write(self, path: Path, layers: int) -> None:
        """Write the network: token ids and mask [n, t] to the unit vectors of the means over tokens, `vectors` [n, d]."""
        add = self._graph.add
        mask = add("Cast", "mask", to=1)  # to float32
        padding = add("Mul", add("Sub", np.float32(1), mask), LOWEST)
        bias = add("Unsqueeze", padding, np.array([1, 2]))
        tokens = self._embeddings()
        for layer in range(layers):
            tokens = self._layer(f"encoder.layer.{layer}", tokens, bias)
        shares = add("Unsqueeze", mask, np.array([2]))
        sums = add("ReduceSum", add("Mul", tokens, shares), np.array([1]), keepdims=0)
        means = add("Div", sums, add("ReduceSum", mask, np.array([1])))
        add("Div", means, add("ReduceL2", means, np.array([1])), name="vectors")
        self._graph.write(path, INPUTS, {"vectors": ("batch", None)})

    def _embeddings(self) -> str:
        add, weights = self._graph.add, self._weights
        words = add("Gather", weights["embeddings.word_embeddings.weight"], "ids")
        length = add("Shape", "ids", start=1)
        places = add("Slice", weights["embeddings.position_embeddings.weight"], np.array([0]), length, np.array([0]))
        together = add("Add", add("Add", words, places), weights["embeddings.token_type_embeddings.weight"][0])
        return self._normalised("embeddings.LayerNorm", together)

    def _layer(self, name: str, tokens: str, bias: str) -> str:
        add = self._graph.add
        attended = self._linear(f"{name}.attention.output.dense", self._attention(f"{name}.attention.self", tokens, bias))
        tokens = self._normalised(f"{name}.attention.output.LayerNorm", add("Add", attended, tokens))
        inner = add("Gelu", self._linear(f"{name}.intermediate.dense", tokens))
        return self._normalised(f"{name}.output.LayerNorm", add("Add", self._linear(f"{name}.output.dense", inner), tokens))

    def _attention(self, name: str, tokens: str, bias: str) -> str:
        """Each head's values, weighted by how its queries match its keys."""
        add = self._graph.add
        query, key, value = (self._of_heads(f"{name}.{part}", tokens) for part in ("query", "key", "value"))
        scale = math.sqrt(len(self._weights[f"{name}.query.bias"]) / self._heads)
        matches = add("Div", add("MatMul", query, add("Transpose", key, perm=[0, 1, 3, 2])), np.float32(scale))
        shares = add("Softmax", add("Add", matches, bias), axis=-1)
        together = add("Transpose", add("MatMul", shares, value), perm=[0, 2, 1, 3])
        return add("Reshape", together, np.array([0, 0, -1]))

    def _of_heads(self, name: str, tokens: str) -> str:
        """[n, t, d] to [n, heads, t, d / heads]."""
        split = self._graph.add("Reshape", self._linear(name, tokens), np.array([0, 0, self._heads, -1]))
        return self._graph.add("Transpose", split, perm=[0, 2, 1, 3])

    def _linear(self, name: str, tokens: str) -> str:
        product = self._graph.add("MatMul", tokens, self._weights[f"{name}.weight"].T)
        return self._graph.add("Add", product, self._weights[f"{name}.bias"])

    def _normalised(self, name: str, tokens: str) -> str:
        scale, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return self._graph.add("LayerNormalization", tokens, scale, bias, epsilon=self._epsilon)
