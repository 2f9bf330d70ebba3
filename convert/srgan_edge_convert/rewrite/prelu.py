"""PReLU in operators that 8-bit kernels have (XNNPACK takes no quantised PRELU)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srgan_edge_convert.network import Network, Node, Weights, per_channel

# Slopes that the 8-bit kernel of LeakyReLU takes.
_LEAST, _MOST = 2.0**-8, 1.0


def split_prelu(network: Network) -> Network:
    """PReLU (He et al. 2015, eq. 1) with slopes a as a*x + s*relu(|1 - a|*x), s the sign of 1 - a.

    For x > 0 that is x, for x < 0 a*x, whatever a is. Where no slope is above 1, s is left out. One
    slope for all channels is a ReLU or a LeakyReLU.
    """
    return network.each(_split_one)


def lone_relu(network: Network) -> Network:
    """ReLU that no operator can take into itself, as a depthwise convolution with factors 1.

    Behind a sum that nobody else sees it stays: TFLite fuses the two.
    """
    return network.each(_as_convolution)


def _split_one(network: Network, node: Node) -> Network:
    if node.kind not in ("PReLU", "LeakyReLU"):
        return network
    new = _split(node, _slopes(network, node))
    return network if [one.kind for one in new] == [node.kind] else network.changed(new=new)


def _slopes(network: Network, node: Node) -> Weights:
    if node.kind == "PReLU":
        return node.weights[0].ravel()
    return np.full(network.channels(node.name), float(node.config["alpha"]))


def _split(node: Node, slopes: Weights) -> list[Node]:
    source, first = node.inputs[0], float(slopes[0])
    if np.all(slopes == first) and first == 0:
        return [Node(node.name, "ReLU", node.inputs)]
    if np.all(slopes == first) and _LEAST <= first <= _MOST:
        return [Node(node.name, "LeakyReLU", node.inputs, {"alpha": first})]
    scaled = per_channel(f"{node.name}_scaled", source, slopes)
    positive = per_channel(f"{node.name}_positive", source, np.abs(1 - slopes), activation="relu")
    parts = [scaled, positive]
    if np.any(slopes > 1):
        parts.append(per_channel(f"{node.name}_signed", positive.name, np.sign(1 - slopes)))
    total = replace(node, kind="Add", config={}, weights=(), inputs=(scaled.name, parts[-1].name))
    return [*parts, total]


def _as_convolution(network: Network, node: Node) -> Network:
    before = network.producer(node) if node.kind == "ReLU" else None
    if node.kind != "ReLU" or (before and before.kind == "Add"):
        return network
    ones = np.ones(network.channels(node.name))
    return network.changed(new=[per_channel(node.name, node.inputs[0], ones, activation="relu")])
