"""Copies of the first convolution, which is cheap: three input channels.

A tensor has one range for all that read it. Where the readers need different ones, 8 bits become
coarse, and the first convolution holds the picture itself.
"""

from __future__ import annotations

from dataclasses import replace

from srgan_edge_convert.network import PICTURE, Network, Node, reading
from srgan_edge_convert.rewrite.fold import with_factors

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
    copies = [replace(reading(one, skip), name=skip[one.name]) for one in head]
    return network.changed(new=[*copies, reading(sums[-1], skip)])


def _per_side(network: Network, node: Node) -> Network:
    parts = network.consumers(node.name)
    apart = len(parts) > 1 and all(part.is_per_channel for part in parts)
    if not (apart and _is_first(node) and node.is_linear_conv):
        return network
    return network.changed(
        gone=[node.name], new=[replace(with_factors(node, part), name=part.name) for part in parts]
    )


def _is_first(node: Node) -> bool:
    return node.kind == "Conv2D" and node.inputs == (PICTURE,)
