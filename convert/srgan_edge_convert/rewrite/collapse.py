"""Blocks that were trained with more weights than they compute with become one convolution.

Linear convolutions in a row (SESR: Bhardwaj et al. 2022, section 3) and side by side (RepVGG: Ding
et al. 2021, section 3.3) are one linear map. Only what is exact at the picture's border too is
collapsed, and only where it costs no more than before.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srgan_edge_convert.network import Network, Node, Weights


def collapse(network: Network) -> Network:
    """The same network with such blocks as one convolution each."""
    while True:
        found = next((new for node in network.nodes if (new := _collapsed(network, node))), None)
        if found is None:
            return network
        network = found


def _collapsed(network: Network, node: Node) -> Network | None:
    if node.kind == "Add":
        return _side_by_side(network, node)
    return _in_a_row(network, node) if node.kind == "Conv2D" else None


def _in_a_row(network: Network, second: Node) -> Network | None:
    first = network.producer(second)
    if first is None or not first.is_linear_conv:
        return None
    # Zeros around the picture are zeros between the two only where one of them looks at one pixel.
    after = _size(second) == 1
    before = _size(first) == 1 and not np.any(first.bias)
    if not (after or before) or "same" not in (first.config["padding"], _padding(second)):
        return None
    kernel = (
        np.einsum("abim,mo->abio", first.kernel, second.kernel[0, 0])
        if after
        else np.einsum("im,abmo->abio", first.kernel[0, 0], second.kernel)
    )
    if kernel.size > first.kernel.size + second.kernel.size:
        return None
    bias = first.bias @ second.kernel.sum((0, 1)) + second.bias
    padding = first.config["padding"] if after else second.config["padding"]
    config = {**second.config, "padding": padding}
    one = replace(second, inputs=first.inputs, config=config).with_conv(kernel, bias)
    return network.changed([first.name], [one])


def _side_by_side(network: Network, total: Node) -> Network | None:
    """Terms of a sum that are linear in one and the same tensor."""
    for source in dict.fromkeys(name for term in network.sources(total) for name in term.inputs):
        convs = [
            term
            for term in network.sources(total)
            if term.inputs == (source,)
            and network.only_consumer(term.name) is total
            and (_is_plain(term) or _is_per_channel(term))
        ]
        identities = total.inputs.count(source)
        if not any(map(_is_plain, convs)) or len(convs) + identities < 2:
            continue
        one = _sum(convs, identities)
        rest = tuple(n for n in total.inputs if n != source and n not in {c.name for c in convs})
        gone = {term.name for term in convs} - {one.name}
        if not rest:
            return network.changed({*gone, total.name}, [one], {total.name: one.name})
        return network.changed(gone, [one, replace(total, inputs=(one.name, *rest))])
    return None


def _sum(convs: list[Node], identities: int) -> Node:
    largest = max(filter(_is_plain, convs), key=_size)
    kernel = np.zeros_like(largest.kernel)
    bias = np.zeros_like(largest.bias)
    for term in convs:
        dense = term.kernel if _is_plain(term) else np.diag(term.kernel.ravel())[None, None]
        kernel += _centred(dense, kernel.shape)
        bias += term.bias
    if identities:
        kernel += _centred(identities * np.eye(kernel.shape[2])[None, None], kernel.shape)
    return largest.with_conv(kernel, bias)


def _centred(kernel: Weights, shape: tuple[int, ...]) -> Weights:
    around = [((large - small) // 2,) * 2 for large, small in zip(shape, kernel.shape, strict=True)]
    return np.pad(kernel, around)


def _is_plain(node: Node) -> bool:
    """A linear convolution with a middle: odd size, `same`, without holes."""
    odd = node.kind == "Conv2D" and all(side % 2 for side in node.config["kernel_size"])
    return odd and node.is_linear_conv and _padding(node) == "same" and not _has_holes(node)


def _is_per_channel(node: Node) -> bool:
    return node.is_per_channel and node.activation == "linear"


def _has_holes(node: Node) -> bool:
    return any(rate != 1 for rate in node.config.get("dilation_rate", (1, 1)))


def _size(node: Node) -> int:
    return int(max(node.kernel.shape[:2]))


def _padding(node: Node) -> str:
    """`same` for every 1x1: it pads nothing."""
    return "same" if _size(node) == 1 else str(node.config["padding"])
