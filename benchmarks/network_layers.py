"""Layers as PyTorch computes them on a CPU, and the work that each of them is.

A convolution there is a matrix product (Chellapilla, Puri and Simard, "High performance
convolutional neural networks for document processing", 2006): every position of the kernel becomes
a row of a matrix that holds a column for each pixel ("im2col"), and the kernels multiply it. So
there are two costs beside the multiplications: that matrix is written, and it has to be read again
in an order for which it does not lie well in memory. Numbers are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

_FLOAT = 4  # bytes
# The rows of the matrix lie megabytes apart, each in a page of its own, and a Cortex-A72 knows the
# addresses of 32 pages at a time (its L1 data TLB). The knee in the measured times is there; that
# this is its cause is likely and not proved.
_NEAR_ROWS = 32
# Where the product becomes slow, found in the measured times; networks with 32 outputs are spared.
# Which block of the library that multiplied is full then, the times do not tell.
_BLOCK, _SPARED = 128, 32
# More planes than this, read side by side, are more than the processor fetches ahead. Found too.
_PLANES = 4


@dataclass(frozen=True)
class Work:
    """What a layer or a network has to do. Each kind has its price in `cost_model.Costs`.

    Attributes:
        moved: bytes read and written: tensors, weights, and the matrix of a convolution once.
        macs: multiply-accumulates.
        far: elements of the matrix in rows beyond the near ones.
        deep: multiply-accumulates beyond the depth at which the product becomes slow.
        tanh: hyperbolic tangents.
        exp: exponentials.
        planes: bytes moved times planes beyond those that are fetched ahead.
    """

    moved: float = 0
    macs: float = 0
    far: float = 0
    deep: float = 0
    tanh: float = 0
    exp: float = 0
    planes: float = 0


class Layer(Protocol):
    """What all layers tell."""

    @property
    def parameters(self) -> int:
        """Weights and biases."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one frame."""

    @property
    def activations(self) -> int:
        """Elements that it reads and writes, the matrix of a convolution left out."""

    @property
    def work(self) -> Work:
        """What it has to do for one frame."""


@dataclass(frozen=True)
class Convolution:
    """A convolution of stride 1 that keeps the size.

    Attributes:
        pixels: of its input, and of its output.
        inputs: channels.
        outputs: channels.
        kernel: side, in pixels.
        biased: whether a bias is added.
    """

    pixels: int
    inputs: int
    outputs: int
    kernel: int
    biased: bool = True

    @property
    def depth(self) -> int:
        """What one output sums over: rows of the matrix."""
        return self.inputs * self.kernel**2

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.outputs * (self.depth + self.biased)

    @property
    def macs(self) -> int:
        """At the border those with padding count too."""
        return self.pixels * self.outputs * self.depth

    @property
    def activations(self) -> int:
        """Elements of the input and the output."""
        return self.pixels * (self.inputs + self.outputs)

    @property
    def work(self) -> Work:
        """Of a 1x1 convolution the input itself is the matrix."""
        matrix = self.pixels * self.depth if self.kernel > 1 else 0
        beyond = 0 if self.outputs == _SPARED else max(0, self.depth - _BLOCK)
        return Work(
            moved=_FLOAT * (self.activations + self.parameters + matrix),
            macs=self.macs,
            far=self.pixels * max(0, self.depth - _NEAR_ROWS),
            deep=self.pixels * self.outputs * beyond,
        )


@dataclass(frozen=True)
class TransposedConvolution:
    """One that enlarges, to one channel: a product, whose results are added where they belong.

    Attributes:
        pixels: of its input.
        inputs: channels.
        kernel: side, in pixels of the output.
        stride: output pixels per input pixel, each way.
    """

    pixels: int
    inputs: int
    kernel: int
    stride: int

    @property
    def parameters(self) -> int:
        """Weights and the bias."""
        return self.inputs * self.kernel**2 + 1

    @property
    def macs(self) -> int:
        """Of the product."""
        return self.pixels * self.inputs * self.kernel**2

    @property
    def activations(self) -> int:
        """Elements of the input and the output."""
        return self.pixels * (self.inputs + self.stride**2)

    @property
    def work(self) -> Work:
        """Each result is written, read, and added to the output.

        Neighbours are added `stride` pixels apart, and memory comes in whole lines: what lies
        between them is fetched as well.
        """
        results = self.pixels * self.kernel**2
        each = 3 * _FLOAT + self.stride * _FLOAT
        return Work(
            moved=_FLOAT * (self.activations + self.parameters) + each * results,
            macs=self.macs,
            far=self.pixels * max(0, self.inputs - _NEAR_ROWS),
        )


@dataclass(frozen=True)
class Elementwise:
    """What takes elements one by one: an activation, a shuffle, a sum over channels.

    Attributes:
        read: elements.
        written: elements.
        tanh: hyperbolic tangents among what is computed.
        exp: exponentials.
        planes: full-size channels that are read side by side.
        parameters: learned numbers.
    """

    read: int
    written: int
    tanh: int = 0
    exp: int = 0
    planes: int = 1
    parameters: int = 0
    macs: int = 0

    @property
    def activations(self) -> int:
        """Elements read and written."""
        return self.read + self.written

    @property
    def work(self) -> Work:
        """Additions and comparisons come for free beside what is moved."""
        moved = _FLOAT * self.activations
        beyond = max(0, self.planes - _PLANES)
        return Work(moved=moved, tanh=self.tanh, exp=self.exp, planes=moved * beyond)


def amounts(layers: Sequence[Layer]) -> Vector:
    """The work of a network, (8,): 1 for being run at all, then as `Work` has it."""
    return np.array([1, *np.sum([astuple(layer.work) for layer in layers], axis=0)], np.float64)


def macs(layers: Sequence[Layer]) -> int:
    """Multiply-accumulates of a network, for one frame."""
    return sum(layer.macs for layer in layers)


def parameters(layers: Sequence[Layer]) -> int:
    """Weights and biases of a network."""
    return sum(layer.parameters for layer in layers)
