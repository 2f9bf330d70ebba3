"""Batch normalisation, factors and ReLU go into the convolution before them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srgan_edge_convert.network import Network, Node, per_channel

_CONVS = ("Conv2D", "DepthwiseConv2D")


def fold_batch_norm(network: Network) -> Network:
    """Batch normalisation in inference mode is a factor and a bias a channel.

    They go into the convolution before it (Jacob et al. 2018, section 3.2); where there is none, or
    others see its output too, the layer becomes a depthwise 1x1 convolution.
    """
    return network.each(_per_channel_norm).each(_folded)


def fold_per_channel(network: Network) -> Network:
    """A depthwise 1x1 convolution goes into the convolution before it."""
    return network.each(_folded)


def fuse_relu(network: Network) -> Network:
    """A ReLU layer behind a convolution becomes the convolution's own activation."""
    return network.each(_fused)


def with_factors(conv: Node, factor: Node) -> Node:
    """A linear convolution with a depthwise 1x1 one, and its activation, in it."""
    factors = factor.kernel.ravel()
    # A depthwise kernel's outputs are along its third axis.
    by_output = factors if conv.kind == "Conv2D" else factors[:, None]
    folded = conv.with_conv(conv.kernel * by_output, conv.bias * factors + factor.bias)
    return replace(folded, config={**folded.config, "activation": factor.activation})


def _per_channel_norm(network: Network, node: Node) -> Network:
    if node.kind != "BatchNormalization":
        return network
    gamma, beta, mean, variance = node.weights
    factors = gamma / np.sqrt(variance + node.config["epsilon"])
    own = per_channel(node.name, node.inputs[0], factors, beta - mean * factors)
    return network.changed(new=[own])


def _folded(network: Network, node: Node) -> Network:
    before = _linear_conv_before(network, node) if node.is_per_channel else None
    if before is None:
        return network
    return network.changed([node.name], [with_factors(before, node)], {node.name: before.name})


def _fused(network: Network, node: Node) -> Network:
    before = _linear_conv_before(network, node) if node.kind == "ReLU" else None
    if before is None:
        return network
    fused = replace(before, config={**before.config, "activation": "relu"})
    return network.changed([node.name], [fused], {node.name: before.name})


def _linear_conv_before(network: Network, node: Node) -> Node | None:
    before = network.producer(node)
    fits = before and before.kind in _CONVS and before.activation == "linear"
    return before if fits else None
