"""Which Keras layers are known, and what becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge_convert.network import Node, Weights, per_channel

ACCEPTED = (
    "Conv2D, DepthwiseConv2D, BatchNormalization, ReLU, LeakyReLU, PReLU, Activation, Add, "
    "Concatenate, UpSampling2D, DepthToSpace (also as tf.nn.depth_to_space and "
    "keras.ops.depth_to_space), Rescaling"
)
# They do nothing when a picture is made.
_IDENTITIES = ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout")
_OPERATIONS = {
    "nn.depth_to_space": "DepthToSpace",
    "nn.relu": "ReLU",
    "__operators__.add": "Add",
    "math.add": "Add",
    "Relu": "ReLU",
}
_ONE = ((1, 1), [1, 1], 1)


@dataclass(frozen=True)
class LayerCall:
    """One layer as a Keras file holds it.

    Attributes:
        name: unique in the file.
        kind: its class.
        inputs: names of the layers that feed it.
        config: its configuration, and what it was called with besides tensors.
        weights: in Keras's order.
        shape: of an input layer, the picture's.
        trainable: whether training changed it.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    config: dict[str, Any]
    weights: tuple[Weights, ...]
    shape: tuple[int | None, ...] = ()
    trainable: bool = True


class _RefusedError(Exception):
    """Why a layer of a known kind cannot be taken over."""


def node_of(
    call: LayerCall, inputs: tuple[str, ...], channels: Sequence[int], source: str
) -> Node | None:
    """The layer as a node; None for one that changes nothing.

    Args:
        call: the layer.
        inputs: the nodes that feed it.
        channels: of each of them.
        source: names the file in errors.

    Raises:
        InputError: names the layer, and what is accepted.
    """
    kind = _OPERATIONS.get(call.config.get("function", call.kind), call.kind)
    if kind in _IDENTITIES:
        return None
    if kind not in _READERS:
        told = call.config.get("function", call.kind)
        raise InputError(f"{source}: layer {call.name!r} is a {told}; accepted are {ACCEPTED}")
    try:
        return _READERS[kind](call, inputs, channels)
    except _RefusedError as reason:
        raise InputError(f"{source}: layer {call.name!r} ({call.kind}) {reason}") from None


def _conv(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    groups = call.config.get("groups", 1)
    _require(groups == 1, "must be ungrouped, got", groups)
    return _convolution(call, inputs, {"filters": call.config["filters"]})


def _depthwise(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    multiplier = call.config["depth_multiplier"]
    _require(multiplier == 1, "must have depth_multiplier 1, got", multiplier)
    return _convolution(call, inputs, {})


def _convolution(call: LayerCall, inputs: tuple[str, ...], settings: dict[str, Any]) -> Node:
    """What ordinary and depthwise convolutions have in common."""
    settings = {
        **settings,
        "kernel_size": _same_size(call.config),
        "padding": "same",
        "dilation_rate": tuple(call.config["dilation_rate"]),
        "activation": _activation(call.config),
    }
    kernel, *bias = call.weights
    outputs = kernel.shape[3] if call.kind == "Conv2D" else kernel.shape[2]
    weights = (kernel, bias[0] if bias else np.zeros(outputs))
    return Node(call.name, call.kind, inputs, settings, weights, fixed=not call.trainable)


def _same_size(config: dict[str, Any]) -> tuple[int, ...]:
    """The kernel's size, of a convolution that leaves height and width as they are."""
    _require(config["strides"] in _ONE, "must have stride 1, got", config["strides"])
    size = tuple(config["kernel_size"])
    padded = config["padding"] == "same" or size == (1, 1)
    _require(padded, "must have padding 'same', got", config["padding"])
    _require(config.get("data_format") != "channels_first", "must be channels_last", "")
    return size


def _activation(config: dict[str, Any]) -> str:
    activation = config.get("activation") or "linear"
    known = activation in ("linear", "relu")
    _require(known, "must have the activation linear or relu, got", _told(activation))
    return str(activation)


def _batch_norm(call: LayerCall, inputs: tuple[str, ...], channels: Sequence[int]) -> Node:
    config, weights = call.config, list(call.weights)
    axis = config["axis"][0] if isinstance(config["axis"], (list, tuple)) else config["axis"]
    _require(axis in (-1, 3), "must be along channels (axis 3 or -1), got axis", axis)
    gamma = weights.pop(0) if config["scale"] else np.ones(channels[0])
    beta = weights.pop(0) if config["center"] else np.zeros(channels[0])
    settings = {"epsilon": config["epsilon"]}
    return Node(call.name, "BatchNormalization", inputs, settings, (gamma, beta, *weights))


def _relu(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    config = call.config
    _require(
        config.get("max_value") is None, "must have no max_value, got", config.get("max_value")
    )
    threshold = config.get("threshold") or 0
    _require(threshold == 0, "must have threshold 0, got", threshold)
    slope = float(config.get("negative_slope") or 0)
    return (
        Node(call.name, "LeakyReLU", inputs, {"alpha": slope})
        if slope
        else Node(call.name, "ReLU", inputs)
    )


def _leaky_relu(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    config = call.config
    slope = config["alpha"] if "alpha" in config else config["negative_slope"]
    return Node(call.name, "LeakyReLU", inputs, {"alpha": float(slope)})


def _prelu(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    slopes = call.weights[0]
    shared = slopes.shape[:2] == (1, 1)
    _require(shared, "must share its slopes over space (shared_axes=[1, 2]), has", slopes.shape)
    return Node(call.name, "PReLU", inputs, {"shared_axes": [1, 2]}, (slopes,))


def _activation_layer(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node | None:
    activation = _activation(call.config)
    return Node(call.name, "ReLU", inputs) if activation == "relu" else None


def _add(call: LayerCall, inputs: tuple[str, ...], channels: Sequence[int]) -> Node:
    alike = len(inputs) > 1 and len(set(channels)) == 1
    _require(alike, "must add tensors of one shape, got channels", list(channels))
    return Node(call.name, "Add", inputs)


def _concatenate(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    _require(
        call.config["axis"] in (-1, 3), "must be along channels, got axis", call.config["axis"]
    )
    return Node(call.name, "Concatenate", inputs)


def _upsampling(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    size, how = tuple(call.config["size"]), call.config["interpolation"]
    _require(how == "nearest", "must have the interpolation 'nearest', got", how)
    _require(size[0] == size[1], "must enlarge alike each way, got", size)
    return Node(call.name, "UpSampling2D", inputs, {"size": size})


def _depth_to_space(call: LayerCall, inputs: tuple[str, ...], _: Sequence[int]) -> Node:
    config = call.config
    size = config.get("scale") or config.get("block_size")
    _require(isinstance(size, int), "must have a scale or block_size, got", size)
    return Node(call.name, "DepthToSpace", inputs, {"scale": size})


def _rescaling(call: LayerCall, inputs: tuple[str, ...], channels: Sequence[int]) -> Node:
    factors, bias = (
        np.broadcast_to(np.asarray(call.config[key], np.float64), channels[0]).copy()
        for key in ("scale", "offset")
    )
    return per_channel(call.name, inputs[0], factors, bias)


def _require(fine: bool, what: str, received: object) -> None:
    if not fine:
        raise _RefusedError(f"{what} {received}".rstrip())


def _told(activation: Any) -> Any:
    """An activation that is a layer of its own is told by its class."""
    return activation.get("class_name") if isinstance(activation, dict) else activation


_Reader = Callable[[LayerCall, tuple[str, ...], Sequence[int]], "Node | None"]
_READERS: dict[str, _Reader] = {
    "Activation": _activation_layer,
    "Add": _add,
    "BatchNormalization": _batch_norm,
    "Concatenate": _concatenate,
    "Conv2D": _conv,
    "DepthToSpace": _depth_to_space,
    "DepthwiseConv2D": _depthwise,
    "LeakyReLU": _leaky_relu,
    "PReLU": _prelu,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "UpSampling2D": _upsampling,
}
