"""What a network says of itself: how far it looks, how large it is, what it costs."""

from __future__ import annotations

import math
from fractions import Fraction

from srgan_edge_convert.network import PICTURE, Network, Node

_CONVS = ("Conv2D", "DepthwiseConv2D")


def halo(network: Network) -> int:
    """How far an output pixel looks, in whole input pixels, along the path that looks farthest."""
    reach = {PICTURE: Fraction(0)}
    for node in network.nodes:
        before = max(reach[name] for name in node.inputs)
        reach[node.name] = before + _radius(node) / resolution(network, node)
    return math.ceil(reach[network.output])


def parameters(network: Network) -> int:
    """Weights and biases of the convolutions; those that hold nothing learned are left out."""
    return sum(
        node.kernel.size + (node.bias.size if node.bias.any() else 0)
        for node in network.nodes
        if node.kind in _CONVS
    )


def macs(network: Network) -> int:
    """Multiply-accumulates per input pixel."""
    return sum(
        node.kernel.size * resolution(network, node) ** 2
        for node in network.nodes
        if node.kind in _CONVS
    )


def scale(network: Network) -> int:
    """Output pixels per input pixel, each way."""
    output = network[network.output]
    return resolution(network, output) * _factor(output)


def resolution(network: Network, node: Node) -> int:
    """Pixels per input pixel at a layer's input, each way."""
    factor, name = 1, node.inputs[0]
    while name != PICTURE:
        factor *= _factor(network[name])
        name = network[name].inputs[0]
    return factor


def _factor(node: Node) -> int:
    if node.kind == "DepthToSpace":
        return int(node.config["scale"])
    return int(node.config["size"][0]) if node.kind == "UpSampling2D" else 1


def _radius(node: Node) -> Fraction:
    if node.kind not in _CONVS:
        return Fraction(0)
    rates = node.config.get("dilation_rate", (1, 1))
    spans = zip(node.kernel.shape[:2], rates, strict=True)
    # Of an even kernel the larger half counts.
    return Fraction(max(((size - 1) * rate + 1) // 2 for size, rate in spans))
