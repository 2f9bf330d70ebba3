"""Every channel of a tensor made to fill the tensor's range (Nagel et al. 2019, section 4.1).

8-bit activations have one scale a tensor: a channel that spans a twentieth of it has a twentieth of
the levels. What produces a channel can give it times s and what reads it divide by s, and nothing
else changes, as long as only sums, shuffles and activations without an offset lie between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from srgan_edge_convert.calibration import ChannelRange
from srgan_edge_convert.network import PICTURE, Network, Node, Weights

Groups = dict[str, npt.NDArray[np.intp]]

# A channel is enlarged by no more than this: one that says nothing is not worth its levels.
_MOST = 64.0


def equalise(network: Network, ranges: Mapping[str, ChannelRange]) -> Network:
    """The same function with channels that span more alike.

    No tensor's range grows: a channel is enlarged until it reaches an end of the range of a tensor
    that its factor counts in. Kernels are rounded more coarsely for it; that fine-tuning makes
    good, as it cannot for activations.

    Args:
        network: of which every PReLU has been split.
        ranges: of the channels of every tensor that is rounded.
    """
    groups = channel_groups(network)
    factors = _factors(groups, ranges)
    return replace(network, nodes=tuple(_scaled(node, groups, factors) for node in network.nodes))


def channel_groups(network: Network) -> Groups:
    """Which channels share a factor: a group's number for every channel of every tensor.

    Group 0 is what keeps its size: the pictures that go in and come out.
    """
    links = _Links()
    groups: Groups = {PICTURE: np.zeros(3, np.intp)}
    for node in network.nodes:
        groups[node.name] = _output(network, node, groups, links)
    links.join(groups[network.output], groups[PICTURE])
    return {name: links.roots(ids) for name, ids in groups.items()}


class _Links:
    """Numbers that have been said to be the same; the least of them stands for all."""

    def __init__(self) -> None:
        self._next = [0]

    def new(self, count: int) -> npt.NDArray[np.intp]:
        first = len(self._next)
        self._next.extend(range(first, first + count))
        return np.arange(first, first + count)

    def join(self, some: npt.NDArray[np.intp], others: npt.NDArray[np.intp]) -> None:
        for one, other in zip(some, others, strict=True):
            least, most = sorted((self._root(one), self._root(other)))
            self._next[most] = least

    def roots(self, ids: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        return np.array([self._root(one) for one in ids], np.intp)

    def _root(self, one: int) -> int:
        while self._next[one] != one:
            one = self._next[one]
        return int(one)


def _output(network: Network, node: Node, groups: Groups, links: _Links) -> npt.NDArray[np.intp]:
    given = [groups[name] for name in node.inputs]
    if node.fixed:  # its weights stay as they are: so does what it reads and gives
        links.join(given[0], np.zeros(len(given[0]), np.intp))
        return np.zeros(network.channels(node.name), np.intp)
    if node.kind == "Conv2D":
        return links.new(len(node.bias))
    if node.kind == "Concatenate":
        return np.concatenate(given)
    if node.kind == "DepthToSpace":
        phases = given[0].reshape(int(node.config["scale"]) ** 2, -1)
        for phase in phases[1:]:
            links.join(phases[0], phase)
        return phases[0]
    for other in given[1:]:
        links.join(given[0], other)
    return given[0]


def _factors(groups: Groups, ranges: Mapping[str, ChannelRange]) -> Weights:
    """One for every group."""
    factors = np.full(1 + max(int(ids.max()) for ids in groups.values()), _MOST)
    for name, ends in ranges.items():
        for size in map(np.abs, ends):
            if size.any():
                room = size.max() / np.maximum(size, size.max() / _MOST)
                np.minimum.at(factors, groups[name], room)
    factors[0] = 1
    return factors


def _scaled(node: Node, groups: Groups, factors: Weights) -> Node:
    if node.kind not in ("Conv2D", "DepthwiseConv2D") or node.fixed:
        return node
    before, after = factors[groups[node.inputs[0]]], factors[groups[node.name]]
    if node.kind == "DepthwiseConv2D":  # kernel (k, k, c, 1), input and output of one factor
        return node.with_conv(node.kernel, node.bias * after)
    return node.with_conv(node.kernel * after / before[:, None], node.bias * after)
