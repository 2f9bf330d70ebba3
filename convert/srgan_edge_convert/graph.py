"""What a generator's graph says of itself: which layers, how far it looks, what it costs."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge_train.generators import generator_scale
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import DepthToSpace

KNOWN_LAYERS = (
    keras.layers.InputLayer,
    keras.layers.Conv2D,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.Add,
    DepthToSpace,
)


def check_layers(generator: Any, source: str) -> None:
    """Refuse what cannot be converted.

    Raises:
        InputError: not (n, h, w, 3) in and out with free height and width, or a layer that this
            version does not know; names the layer and what is accepted.
    """
    shape = getattr(generator, "input_shape", None)
    if shape != (None, None, None, 3) or len(generator.outputs) != 1:
        raise InputError(
            f"{source} takes {shape}; accepted is one RGB input (None, None, None, 3), one output"
        )
    accepted = ", ".join(kind.__name__ for kind in KNOWN_LAYERS)
    for layer in generator.layers:
        kind = type(layer).__name__
        if type(layer) not in KNOWN_LAYERS:
            raise InputError(f"{source}: layer {layer.name!r} is a {kind}; accepted are {accepted}")
        if isinstance(layer, keras.layers.Conv2D) and not _keeps_size(layer):
            raise InputError(
                f"{source}: layer {layer.name!r} must be an ungrouped Conv2D with stride 1 and "
                f"padding 'same', got {layer.groups} groups, {layer.strides} and {layer.padding!r}"
            )
    if tuple(generator.output_shape) != (None, None, None, 3):
        raise InputError(f"{source} gives {generator.output_shape}; accepted is an RGB picture")


def _keeps_size(layer: Any) -> bool:
    padded = layer.padding == "same" or layer.kernel_size == (1, 1)
    return padded and layer.strides == (1, 1) and layer.groups == 1


def inputs_of(layer: Any) -> list[Any]:
    """The layers whose outputs a layer takes."""
    inbound = layer.inbound_nodes[0].inbound_layers
    return list(inbound) if isinstance(inbound, (list, tuple)) else [inbound]


def reads_picture(layer: Any) -> bool:
    """Whether a layer takes the input picture itself."""
    return any(isinstance(source, keras.layers.InputLayer) for source in inputs_of(layer))


def halo(generator: Any) -> int:
    """How far an output pixel looks, in whole input pixels, along the path that looks farthest."""
    reach: dict[str, Fraction] = {}
    for layer in generator.layers:
        before = max((reach[source.name] for source in inputs_of(layer)), default=Fraction(0))
        reach[layer.name] = before + _radius(layer) / _resolution(layer)
    return math.ceil(max(reach[layer.name] for layer in generator._output_layers))


def parameters(generator: Any) -> int:
    """Weights and biases of the convolutions."""
    return int(sum(layer.count_params() for layer in _convolutions(generator)))


def macs(generator: Any) -> int:
    """Multiply-accumulates per input pixel."""
    return int(
        sum(
            math.prod(layer.kernel.shape) * _resolution(layer) ** 2
            for layer in _convolutions(generator)
        )
    )


def _convolutions(generator: Any) -> list[Any]:
    return [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)]


def _radius(layer: Any) -> Fraction:
    if not isinstance(layer, keras.layers.Conv2D):
        return Fraction(0)
    spans = zip(layer.kernel_size, layer.dilation_rate, strict=True)
    # Of an even kernel the larger half counts.
    return Fraction(max(((size - 1) * dilation + 1) // 2 for size, dilation in spans))


def _resolution(layer: Any) -> int:
    """Pixels per input pixel at a layer's input, each way."""
    factor = 1
    while sources := inputs_of(layer):
        layer = sources[0]
        if isinstance(layer, DepthToSpace):
            factor *= layer.scale
    return factor


__all__ = [
    "check_layers",
    "generator_scale",
    "halo",
    "inputs_of",
    "macs",
    "parameters",
    "reads_picture",
]
