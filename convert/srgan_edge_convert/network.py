"""A generator as data: its layers by name, what they are, their weights, and what feeds them.

Rewrites work on this instead of on Keras models, and the same holds what Keras 2 and Keras 3 files
say. Weights are float64 here: what rewriting adds to rounding stays below what float32 shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import DepthToSpace

PICTURE = "lr"  # the input's name
Weights = npt.NDArray[np.float64]

_LAYERS: dict[str, Any] = {
    "Add": keras.layers.Add,
    "BatchNormalization": keras.layers.BatchNormalization,
    "Concatenate": keras.layers.Concatenate,
    "Conv2D": keras.layers.Conv2D,
    "DepthToSpace": DepthToSpace,
    "DepthwiseConv2D": keras.layers.DepthwiseConv2D,
    "LeakyReLU": keras.layers.LeakyReLU,
    "PReLU": keras.layers.PReLU,
    "ReLU": keras.layers.ReLU,
    "UpSampling2D": keras.layers.UpSampling2D,
    "ZeroPadding2D": keras.layers.ZeroPadding2D,
}
# They move values without changing them.
CARRIERS = ("Concatenate", "DepthToSpace", "UpSampling2D", "ZeroPadding2D")


@dataclass(frozen=True, eq=False)
class Node:
    """One layer.

    Attributes:
        name: unique in its network.
        kind: the Keras class, one of `_LAYERS`.
        inputs: names of the layers that feed it; `PICTURE` is the input picture.
        config: the Keras arguments that matter for what it computes.
        weights: float64, in Keras's order; a convolution's always has kernel and bias.
        fixed: whether fine-tuning leaves the weights as they are.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    config: dict[str, Any] = field(default_factory=dict)
    weights: tuple[Weights, ...] = ()
    fixed: bool = False

    @property
    def kernel(self) -> Weights:
        """A convolution's kernel."""
        return self.weights[0]

    @property
    def bias(self) -> Weights:
        """A convolution's bias."""
        return self.weights[1]

    @property
    def activation(self) -> str:
        """What is fused behind a convolution: linear or relu."""
        return str(self.config.get("activation", "linear"))

    @property
    def is_linear_conv(self) -> bool:
        """Whether this is a convolution with nothing behind it."""
        return self.kind == "Conv2D" and self.activation == "linear"

    @property
    def is_per_channel(self) -> bool:
        """Whether this gives every channel a factor of its own, and nothing more."""
        return self.kind == "DepthwiseConv2D" and self.kernel.shape[:2] == (1, 1)

    def with_conv(self, kernel: Weights, bias: Weights) -> Node:
        """The same convolution with other weights, also of another shape."""
        shape = {"filters": kernel.shape[3], "kernel_size": kernel.shape[:2]}
        config = {**self.config, **(shape if self.kind == "Conv2D" else {})}
        return replace(self, config=config, weights=(kernel, bias))

    def layer(self, dtype: str = "float32") -> Any:
        """The Keras layer, without its weights."""
        settings = {**self.config, "name": self.name, "dtype": dtype}
        return _LAYERS[self.kind](**settings, trainable=not self.fixed)


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in an order in which inputs come first, and the name of the one that gives the SR."""

    nodes: tuple[Node, ...]
    output: str

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Every layer by its name."""
        return {node.name: node for node in self.nodes}

    def __getitem__(self, name: str) -> Node:
        return self.by_name[name]

    def each(self, change: Callable[[Network, Node], Network]) -> Network:
        """Apply a change at every layer that is still there, in order."""
        network = self
        for name in [node.name for node in self.nodes]:
            if name in network.by_name:
                network = change(network, network[name])
        return network

    def consumers(self, name: str) -> list[Node]:
        """The layers that a layer feeds; the picture that comes out counts for nothing here."""
        return [node for node in self.nodes if name in node.inputs]

    def only_consumer(self, name: str) -> Node | None:
        """The one layer that sees this layer's output, or None when others do, or the person."""
        consumers = self.consumers(name)
        alone = len(consumers) == 1 and consumers[0].inputs.count(name) == 1
        return consumers[0] if alone and name != self.output else None

    def producer(self, node: Node) -> Node | None:
        """The layer that feeds a layer and nothing else; None when it feeds others, or has none."""
        source = self.by_name.get(node.inputs[0])
        return source if source and self.only_consumer(source.name) is node else None

    def sources(self, node: Node) -> list[Node]:
        """The layers that feed a layer, the picture left out."""
        return [self[name] for name in node.inputs if name != PICTURE]

    def channels(self, name: str) -> int:
        """How many channels a layer gives."""
        if name == PICTURE:
            return 3
        node = self[name]
        if node.kind in ("Conv2D", "DepthwiseConv2D"):
            return len(node.bias)
        given = [self.channels(one) for one in node.inputs]
        if node.kind == "Concatenate":
            return sum(given)
        return (
            given[0] // int(node.config["scale"]) ** 2 if node.kind == "DepthToSpace" else given[0]
        )

    def changed(
        self,
        gone: Iterable[str] = (),
        new: Iterable[Node] = (),
        instead: Mapping[str, str] | None = None,
    ) -> Network:
        """Another network: some layers gone, some new (of the same name: replaced).

        Args:
            gone: names of layers to leave out.
            new: layers to add.
            instead: whose output is read from now on instead of whose; new layers are not touched.
        """
        instead, added = instead or {}, {node.name: node for node in new}
        kept = {node.name: node for node in self.nodes if node.name not in {*gone, *added}}
        moved = {name: reading(node, instead) for name, node in kept.items()}
        return Network(
            _sorted({**moved, **added}, self.nodes), instead.get(self.output, self.output)
        )

    def model(self, dtype: str = "float32", outputs: Iterable[str] | None = None) -> Any:
        """The Keras model, (n, h, w, 3) -> (n, s*h, s*w, 3) RGB or BGR in 0..1.

        Args:
            dtype: float32 or float64, to compute in.
            outputs: names of layers whose outputs it gives as a list, instead of the picture.
        """
        picture = keras.Input((None, None, 3), name=PICTURE, dtype=dtype)
        tensors = {PICTURE: picture}
        for node in self.nodes:
            layer, inputs = node.layer(dtype), [tensors[name] for name in node.inputs]
            tensors[node.name] = layer(inputs if len(inputs) > 1 else inputs[0])
            layer.set_weights(list(node.weights))
        wanted = tensors[self.output] if outputs is None else [tensors[name] for name in outputs]
        return keras.Model(picture, wanted, name="generator")


def conv(
    name: str,
    source: str,
    kernel: Weights,
    bias: Weights | None = None,
    *,
    activation: str = "linear",
    padding: str = "same",
) -> Node:
    """A convolution of stride 1; kernel (k, k, c_in, c_out)."""
    config = {"activation": activation, "padding": padding, "filters": 0, "kernel_size": 0}
    bias = np.zeros(kernel.shape[3]) if bias is None else bias
    return Node(name, "Conv2D", (source,), config).with_conv(kernel, bias)


def per_channel(
    name: str,
    source: str,
    factors: Weights,
    bias: Weights | None = None,
    *,
    activation: str = "linear",
) -> Node:
    """Every channel times its factor, as a depthwise 1x1 convolution."""
    config = {"kernel_size": (1, 1), "padding": "same", "activation": activation}
    bias = np.zeros(len(factors)) if bias is None else bias
    return Node(name, "DepthwiseConv2D", (source,), config, (factors.reshape(1, 1, -1, 1), bias))


def reading(node: Node, instead: Mapping[str, str]) -> Node:
    """The same layer, fed by others: whose output it reads from now on instead of whose."""
    inputs = tuple(instead.get(name, name) for name in node.inputs)
    return node if inputs == node.inputs else replace(node, inputs=inputs)


def _sorted(nodes: dict[str, Node], before: tuple[Node, ...]) -> tuple[Node, ...]:
    """Inputs first; otherwise as they were, each new one as early as it can stand."""
    done: dict[str, Node] = {}

    def place(node: Node) -> None:
        if node.name not in done:
            for name in node.inputs:
                if name != PICTURE:
                    place(nodes[name])
            done[node.name] = node

    for node in before:
        if node.name in nodes:
            place(nodes[node.name])
    for node in nodes.values():
        place(node)
    return tuple(done.values())
