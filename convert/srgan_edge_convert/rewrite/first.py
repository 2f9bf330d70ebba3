"""Copies of the first convolution, which is cheap: three input channels.

A tensor has one range for all that read it. Where the readers need different ones, 8 bits become
coarse, and the first convolution holds the picture itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from srgan_edge_convert.network import PICTURE, Network, Node

_ACTIVATIONS = ("LeakyReLU", "PReLU", "ReLU")


def copy_first_for_skip(network: Network) -> Network:
    """A skip connection from the first features over the whole trunk gets features of its own.

    The trunk's sums all have the channels of what they start from, and they grow from block to
    block; what skips them need not fit their ranges.
    """
    return network.each(_own_skip)


def copy_first_per_side(network: Network) -> Network:
    """A first convolution that only feeds factors per channel is computed once for each of them.

    A split PReLU reads both signs from one tensor, though small slopes hide most of the negative
    side. With a convolution for each part there is no such tensor.
    """
    return network.each(_per_side)


def _own_skip(network: Network, node: Node) -> Network:
    if not _is_first(node) or node.fixed:
        return network
    follower = network.only_consumer(node.name)
    head = [node, follower] if follower and follower.kind in _ACTIVATIONS else [node]
    sums = [reader for reader in network.consumers(head[-1].name) if reader.kind == "Add"]
    if len(sums) < 2:
        return network
    skip = {one.name: f"{one.name}_skip" for one in head}
    copies = [replace(one, name=skip[one.name], inputs=_read(one, skip)) for one in head]
    far = replace(sums[-1], inputs=_read(sums[-1], skip))
    return network.changed(new=[*copies, far])


def _read(node: Node, instead: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(instead.get(name, name) for name in node.inputs)


def _per_side(network: Network, node: Node) -> Network:
    parts = network.consumers(node.name)
    apart = len(parts) > 1 and all(part.is_per_channel for part in parts)
    if not (apart and _is_first(node) and node.is_linear_conv):
        return network
    return network.changed(gone=[node.name], new=[_scaled(node, part) for part in parts])


def _scaled(node: Node, part: Node) -> Node:
    factors = part.kernel.ravel()
    config = {**node.config, "activation": part.activation}
    conv = replace(node, name=part.name, config=config)
    return conv.with_conv(node.kernel * factors, node.bias * factors + part.bias)


def _is_first(node: Node) -> bool:
    return node.kind == "Conv2D" and node.inputs == (PICTURE,)
