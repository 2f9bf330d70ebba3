"""Nearest-neighbour enlargement moves behind what follows it, where pixels are fewer.

A kernel meets each pixel of the enlarged picture several times: its taps are added up beforehand,
for each output phase, and depth_to_space puts the phases in place.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from srgan_edge_convert.network import Network, Node, Weights, conv
from srgan_edge_train.networks.low_resolution import taps

_POINTWISE = ("BatchNormalization", "LeakyReLU", "PReLU", "ReLU")
# How many source pixels lie before the output's own, and which taps fall on which.
Window = tuple[int, Weights]
_LANES = 16  # channels that the kernels compute at a time: fewer cost as much


def enlarge_late(network: Network) -> Network:
    """UpSampling2D behind every pointwise layer that follows it."""
    return network.each(_swapped)


def enlarge_after_conv(network: Network) -> Network:
    """UpSampling2D and the convolution behind it, computed at low resolution."""
    return network.each(_before_enlarging)


def enlarge_by_shuffle(network: Network) -> Network:
    """UpSampling2D that is left, as a 1x1 convolution that repeats each pixel, and a shuffle."""
    return network.each(_repeated)


def _swapped(network: Network, pointwise: Node) -> Network:
    up = network.producer(pointwise) if _is_pointwise(pointwise) else None
    if up is None or up.kind != "UpSampling2D":
        return network
    first = replace(pointwise, inputs=up.inputs)
    second = replace(up, inputs=(pointwise.name,))
    return network.changed(new=[first, second], instead={pointwise.name: up.name})


def _before_enlarging(network: Network, node: Node) -> Network:
    up = network.by_name.get(node.inputs[0])
    if up is None or up.kind != "UpSampling2D" or not _fits(node):
        return network
    network = network.changed(new=_phases(node, up))
    unused = not network.consumers(up.name) and network.output != up.name
    return network.changed([up.name]) if unused else network


def _repeated(network: Network, node: Node) -> Network:
    if node.kind != "UpSampling2D":
        return network
    channels, factor = network.channels(node.inputs[0]), _factor(node)
    copies = np.tile(np.eye(channels), factor**2)[None, None]
    repeated = replace(conv(f"{node.name}_repeated", node.inputs[0], copies), fixed=True)
    return network.changed(new=[repeated, _shuffle(node.name, repeated.name, factor)])


def _is_pointwise(node: Node) -> bool:
    return node.is_per_channel or node.kind in _POINTWISE


def _fits(node: Node) -> bool:
    if node.kind != "Conv2D" or node.config["padding"] != "same":
        return False
    height, width = node.kernel.shape[:2]
    holes = any(rate != 1 for rate in node.config.get("dilation_rate", (1, 1)))
    return height == width and height % 2 == 1 and not holes


def _factor(up: Node) -> int:
    return int(up.config["size"][0])


def _phases(node: Node, up: Node) -> list[Node]:
    """The convolution as convolutions of what `up` takes, and a shuffle under the old name."""
    size, factor, outputs = node.kernel.shape[0], _factor(up), node.kernel.shape[3]
    windows = [_window(size, phase, factor) for phase in range(factor)]
    reach = max(max(above, len(rows) - 1 - above) for above, rows in windows)
    together = (2 * reach + 1) ** 2 * _lanes(outputs * factor**2)
    apart = sum(len(a[1]) * len(b[1]) for a, b in product(windows, windows)) * _lanes(outputs)
    shuffle = _shuffle(node.name, f"{node.name}_phases", factor)
    if together <= apart:
        kernels = [_kernel(node, a, b, reach) for a, b in product(windows, windows)]
        bias = np.tile(node.bias, factor**2)
        kernel = np.concatenate(kernels, -1)
        one = conv(shuffle.inputs[0], up.inputs[0], kernel, bias, activation=node.activation)
        return [one, shuffle]
    new, names = [], []
    for row, column in product(range(factor), range(factor)):
        name = f"{node.name}_phase_{row}{column}"
        new += _phase(name, node, up.inputs[0], windows[row], windows[column])
        names.append(name)
    together_again = Node(shuffle.inputs[0], "Concatenate", tuple(names))
    return [*new, together_again, shuffle]


def _window(size: int, phase: int, factor: int) -> Window:
    before, taken = taps(size, phase, factor)
    return before, taken.astype(np.float64)


def _phase(name: str, node: Node, source: str, rows: Window, columns: Window) -> list[Node]:
    """One phase: zeros around the picture, then a convolution of what it sees and no more."""
    around = tuple((before, len(taken) - 1 - before) for before, taken in (rows, columns))
    padded = Node(f"{name}_padded", "ZeroPadding2D", (source,), {"padding": around})
    kernel = _folded(node.kernel, rows, columns)
    valid = conv(name, padded.name, kernel, node.bias, activation=node.activation, padding="valid")
    return [padded, valid]


def _kernel(node: Node, rows: Window, columns: Window, reach: int) -> Weights:
    """One phase's kernel with zeros around, so that all phases have one middle."""
    around = [
        (reach - before, reach - (len(taken) - 1 - before)) for before, taken in (rows, columns)
    ]
    return np.pad(_folded(node.kernel, rows, columns), [*around, (0, 0), (0, 0)])


def _folded(kernel: Weights, rows: Window, columns: Window) -> Weights:
    """Taps that fall on the same source pixel, added up."""
    return np.einsum("ak,klio,bl->abio", rows[1], kernel, columns[1])


def _shuffle(name: str, source: str, factor: int) -> Node:
    return Node(name, "DepthToSpace", (source,), {"scale": factor})


def _lanes(channels: int) -> int:
    return -(-channels // _LANES) * _LANES
