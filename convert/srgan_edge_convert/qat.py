"""A network with 8-bit rounding in it, by tfmot (Jacob et al. 2018, section 3).

Every tensor's range is a pair of weights, measured on real crops first and trained from there; the
picture's own range, in and out, is tied to 0..1 so that one step of the tensor is one level of 8
bits and the output clips itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srgan_edge.quality import Picture
from srgan_edge_convert import calibration
from srgan_edge_convert.network import CARRIERS, PICTURE, Network, Node
from srgan_edge_convert.tfmot import (
    KernelQuantizer,
    PlainScheme,
    QuantizeConfig,
    Quantizer,
    annotate_layer,
    quantize_apply,
    quantize_scope,
)
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.networks.layers import DepthToSpace

PICTURE_RANGE = (0.0, 1.0)
_ENTRY = "picture"


@dataclass(frozen=True)
class Quantised:
    """What an 8-bit file is made from: a network, and the range of every tensor that has one."""

    network: Network
    ranges: dict[str, calibration.Range]

    @classmethod
    def calibrated(cls, network: Network, crops: Picture) -> Quantised:
        """Ranges as the network's layers give them on `crops` (n, h, w, 3) uint8."""
        measured = calibration.ranges(network, crops)
        kept = {
            name: PICTURE_RANGE if _holds_picture(network, network[name]) else measured[name]
            for name in rounded_tensors(network)
        }
        return cls(network, kept)

    def model(self) -> Any:
        """The Keras model that computes with rounding, (n, h, w, 3) -> (n, s*h, s*w, 3) in 0..1."""
        with quantize_scope(_SCOPE):
            model = quantize_apply(self._annotated(), scheme=PlainScheme())
        # A kernel's ranges are taken when the model runs as in training.
        model(np.zeros((1, 8, 8, 3), np.float32), training=True)
        return model

    def updated_from(self, model: Any) -> Quantised:
        """The same with the weights and ranges that `model` has now."""
        found, ranges = wrappers(model), dict(self.ranges)
        nodes = []
        for node in self.network.nodes:
            wrapper = found[node.name]
            if node.name in ranges:
                shares = (float(share) for share in range_shares(wrapper))
                least, most = (a * b for a, b in zip(ranges[node.name], shares, strict=True))
                ranges[node.name] = (least, most)
            weights = tuple(np.asarray(v.numpy(), np.float64) for v in own_weights(wrapper))
            nodes.append(replace(node, weights=weights))
        return Quantised(replace(self.network, nodes=tuple(nodes)), ranges)

    def _annotated(self) -> Any:
        """A copy in which every layer says how it is to be quantised, the input picture too."""
        network = self.network
        lr = keras.Input((None, None, 3), name=PICTURE)
        entry = keras.layers.Activation("linear", name=_ENTRY)
        picture = LayerConfig("", PICTURE_RANGE, trained=False)
        tensors = {PICTURE: annotate_layer(entry, picture)(lr)}
        for node in network.nodes:
            layer, inputs = node.layer(), [tensors[name] for name in node.inputs]
            wrapper = annotate_layer(layer, self._config(node))
            tensors[node.name] = wrapper(inputs if len(inputs) > 1 else inputs[0])
            layer.set_weights(list(node.weights))
        return keras.Model(lr, tensors[network.output], name="generator")

    def _config(self, node: Node) -> QuantizeConfig:
        trained = not _holds_picture(self.network, node)
        return LayerConfig(_KERNELS.get(node.kind, ""), self.ranges.get(node.name), trained)


def rounded_tensors(network: Network) -> list[str]:
    """The layers whose output is rounded to a range of its own."""
    return [node.name for node in network.nodes if _has_range(network, node)]


def wrappers(model: Any) -> dict[str, Any]:
    """The wrapped layers of a model with rounding, by the names that they have in the network."""
    found = {layer.layer.name: layer for layer in model.layers if hasattr(layer, "layer")}
    found.pop(_ENTRY, None)
    return found


def range_shares(wrapper: Any) -> list[Any]:
    """The two weights of an output's range: its ends, each as a share of what it started with."""
    return [wrapper._output_quantizer_vars[key] for key in ("least", "most")]


def has_range(wrapper: Any) -> bool:
    """Whether a layer's output is rounded to a range of its own."""
    return bool(wrapper._output_quantizers)


def own_weights(wrapper: Any) -> list[Any]:
    """A layer's kernel and bias; the kernel as it is before rounding."""
    kernels = [weight for weight, _, _ in wrapper._weight_vars]
    return [*kernels, wrapper.layer.bias] if kernels else []


class Range(Quantizer):
    """8 bits over a range. What is trained, by TensorFlow's own gradients, is each end's share."""

    def __init__(self, least: float, most: float, trained: bool) -> None:
        """Say where the range starts.

        Args:
            least: at most 0.
            most: at least 0.
            trained: whether the ends move.
        """
        self.least = least
        self.most = most
        self.trained = trained

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Make the two shares, 1 at first."""
        one = keras.initializers.Constant(1.0)
        return {
            end: layer.add_weight(f"{name}_{end}", initializer=one, trainable=self.trained)
            for end in ("least", "most")
        }

    def __call__(self, inputs: Any, training: Any, weights: dict[str, Any], **_: Any) -> Any:
        """Round to the 256 levels of the range."""
        least, most = self.least * weights["least"], self.most * weights["most"]
        return tf.quantization.fake_quant_with_min_max_vars(inputs, least, most)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"least": self.least, "most": self.most, "trained": self.trained}


class LayerConfig(QuantizeConfig):
    """8-bit weights where a layer has a kernel, and one range for its output, or none."""

    def __init__(self, kernel: str, ends: calibration.Range | None, trained: bool) -> None:
        """Say what is rounded.

        Args:
            kernel: the name of the layer's kernel, `kernel` or `depthwise_kernel`; empty: none.
            ends: of the output's range; None: it has none of its own.
            trained: whether the range is.
        """
        self.kernel = kernel
        self.ends = ends
        self.trained = trained

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """The kernel; biases stay 32-bit."""
        if not self.kernel:
            return []
        # A depthwise kernel's channels are not its last axis: it has one scale.
        return [(getattr(layer, self.kernel), KernelQuantizer(per_axis=self.kernel == "kernel"))]

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        """Let the layer compute with its rounded kernel."""
        if self.kernel:
            setattr(layer, self.kernel, quantize_weights[0])

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """None: the output's range is behind the activation."""
        return []

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """Nothing to set."""
        return

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """The output's range."""
        return [Range(*self.ends, self.trained)] if self.ends else []

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"kernel": self.kernel, "ends": self.ends, "trained": self.trained}


_SCOPE = {"Range": Range, "LayerConfig": LayerConfig, "DepthToSpace": DepthToSpace}
_KERNELS = {"Conv2D": "kernel", "DepthwiseConv2D": "depthwise_kernel"}


def _has_range(network: Network, node: Node) -> bool:
    """Whether a layer's output is rounded to a range of its own.

    What only moves values keeps the scale they came with, but for joined ones: they get one scale
    together. A sum in front of a ReLU is one operator with it.
    """
    if node.kind == "Concatenate":
        return True
    follower = network.only_consumer(node.name)
    if follower and follower.kind == "Concatenate":
        return False
    fused = node.kind == "Add" and follower is not None and follower.kind == "ReLU"
    return node.kind not in CARRIERS and not fused


def _holds_picture(network: Network, node: Node) -> bool:
    """Whether a layer gives pixels: the last ones, and the anchor repeated from the input."""
    last = network[network.output]
    while last.kind in CARRIERS and last.kind != "Concatenate":
        last = network[last.inputs[0]]
    return node is last or (node.fixed and node.inputs == (PICTURE,))
