"""The colour order goes into the first and last kernels, at no cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from srgan_edge.errors import InputError
from srgan_edge_convert.network import PICTURE, Network, Node, Weights

_PASSED = ("Add", "Concatenate", "DepthToSpace", "LeakyReLU", "ReLU", "ZeroPadding2D")


def swap_colours(network: Network) -> Network:
    """The same network for pictures in the other order, BGR for RGB, in and out.

    Raises:
        InputError: a layer between the picture and a convolution that mixes the colours.
    """
    for node in network.nodes:
        if PICTURE in node.inputs:
            if node.kind != "Conv2D":
                raise InputError(
                    f"layer {node.name!r} ({node.kind}) reads the picture; accepted there is Conv2D"
                )
            swapped = node.with_conv(node.kernel[:, :, ::-1], node.bias)
            network = network.changed(new=[swapped])
    for name in _producers(network, network[network.output]):
        network = network.changed(new=[_swapped_outputs(network[name])])
    return network


def _producers(network: Network, node: Node) -> list[str]:
    """The layers whose weights decide which channel is which colour, through shuffles and sums."""
    if node.kind == "Conv2D":
        return [node.name]
    sources = network.sources(node)
    if len(sources) < len(node.inputs) or node.kind not in (*_PASSED, "DepthwiseConv2D", "PReLU"):
        raise InputError(
            f"layer {node.name!r} ({node.kind}) lies between the last convolution and the "
            f"picture; accepted there are {', '.join(_PASSED)}, DepthwiseConv2D and PReLU"
        )
    own = [] if node.kind in _PASSED else [node.name]
    above = [name for source in sources for name in _producers(network, source)]
    return list(dict.fromkeys([*own, *above]))


def _swapped_outputs(node: Node) -> Node:
    if node.kind == "DepthwiseConv2D":
        return node.with_conv(node.kernel[:, :, _order(node.kernel.shape[2])], _turn(node.bias))
    return replace(node, weights=tuple(_turn(weight) for weight in node.weights))


def _turn(weights: Weights) -> Weights:
    """Every three channels of the last axis in the other order."""
    return weights[..., _order(weights.shape[-1])]


def _order(channels: int) -> npt.NDArray[np.int64]:
    if channels % 3:
        raise InputError(f"{channels} channels are no whole number of colours")
    return np.arange(channels, dtype=np.int64).reshape(-1, 3)[:, ::-1].ravel()
