"""From a network to an equal network that computes less, each step proved on random input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from srgan_edge_convert import graph
from srgan_edge_convert.network import Network
from srgan_edge_convert.rewrite.collapse import collapse
from srgan_edge_convert.rewrite.colour import swap_colours
from srgan_edge_convert.rewrite.enlarge import enlarge_after_conv, enlarge_by_shuffle, enlarge_late
from srgan_edge_convert.rewrite.equalise import equalise
from srgan_edge_convert.rewrite.first import copy_first_for_skip, copy_first_per_side
from srgan_edge_convert.rewrite.fold import fold_batch_norm, fold_per_channel, fuse_relu
from srgan_edge_convert.rewrite.prelu import lone_relu, split_prelu
from srgan_edge_convert.rewrite.proof import prove_equal

Rewrite = Callable[[Network], Network]

# In this order: folding makes convolutions plain, which the others look for.
EXACT: tuple[Rewrite, ...] = (
    fold_batch_norm,
    fold_per_channel,
    collapse,
    fuse_relu,
    enlarge_late,
    enlarge_after_conv,
    enlarge_by_shuffle,
)
# What only quantised kernels need: in float, PRELU and RELU have their own.
FOR_INTEGERS: tuple[Rewrite, ...] = (
    copy_first_for_skip,
    split_prelu,
    copy_first_per_side,
    fuse_relu,
    lone_relu,
)


@dataclass(frozen=True)
class Rewritten:
    """What one rewrite did, for the report.

    Attributes:
        name: of the rewrite.
        difference: largest one between the pictures before and after, in float64, as a share of
            the picture's range.
        macs: multiply-accumulates per input pixel afterwards.
        layers: how many there are afterwards.
    """

    name: str
    difference: float
    macs: int
    layers: int


def rewrite(
    network: Network, steps: Sequence[Rewrite], *, bgr: bool
) -> tuple[Network, list[Rewritten]]:
    """Apply rewrites in turn, and prove after each that the picture is still the same.

    Args:
        network: for RGB pictures.
        steps: what is applied.
        bgr: whether the result takes and gives BGR pictures.

    Returns:
        The network and what each rewrite did; those that found nothing are left out.

    Raises:
        InputError: a rewrite changed the picture by more than rounding.
    """
    done: list[Rewritten] = []
    for step in (*steps, *([swap_colours] if bgr else [])):
        after = step(network)
        if after is network:
            continue
        difference = prove_equal(network, after, step.__name__, swapped=step is swap_colours)
        network = after
        done.append(Rewritten(step.__name__, difference, graph.macs(network), len(network.nodes)))
    return network, done


__all__ = ["EXACT", "FOR_INTEGERS", "Rewrite", "Rewritten", "equalise", "rewrite"]
