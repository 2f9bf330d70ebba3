"""Nearest-neighbour enlargement followed by a convolution, computed before the enlargement.

The enlarged picture repeats each pixel, so a k x k kernel meets every source pixel several times:
its taps can be added up beforehand, for each of the four output phases. The same function with
fewer multiplications, 2.25 times for 3x3 and 3.24 times for 9x9.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from srgan_edge_train.keras import keras, tf


class NearestConv(keras.layers.Layer):
    """Equals `conv(UpSampling2D(2)(x))` with the weights of `conv`, which stay where they are."""

    def __init__(self, conv: Any, **kwargs: Any) -> None:
        """Take over a convolution.

        Args:
            conv: a Conv2D with an odd square kernel, stride 1, padding `same`, no activation.
            **kwargs: of a Keras layer.
        """
        super().__init__(**kwargs)
        self._conv = conv
        self._size = conv.kernel_size[0]

    def call(self, inputs: Any) -> Any:
        """(n, h, w, c_in) -> (n, 2h, 2w, c_out)."""
        phases = [self._phase(inputs, row, column) for row in (0, 1) for column in (0, 1)]
        enlarged = tf.nn.depth_to_space(tf.concat(phases, -1), 2)
        return tf.nn.bias_add(enlarged, tf.cast(self._conv.bias, self.compute_dtype))

    def _phase(self, inputs: Any, row: int, column: int) -> Any:
        """The output pixels (2y + row, 2x + column)."""
        (above, rows), (left, columns) = (taps(self._size, phase) for phase in (row, column))
        kernel = tf.einsum("ak,klio->alio", rows, tf.cast(self._conv.kernel, tf.float32))
        kernel = tf.cast(tf.einsum("alio,bl->abio", kernel, columns), self.compute_dtype)
        around = [[0, 0], [above, len(rows) - 1 - above], [left, len(columns) - 1 - left], [0, 0]]
        # Padded by itself: a convolution with explicit padding has no fast kernel on the CPU.
        return tf.nn.conv2d(tf.pad(inputs, around), kernel, 1, "VALID")


def taps(size: int, phase: int, factor: int = 2) -> tuple[int, npt.NDArray[np.float32]]:
    """Which of a kernel's rows fall on which source pixel.

    Args:
        size: of the kernel, odd.
        phase: which of the output pixels that one source pixel becomes, 0 to factor - 1.
        factor: of the enlargement.

    Returns:
        How many source pixels lie before the output's own, and a matrix (source pixels, size) of
        zeros and ones.
    """
    sources = [(phase + tap - size // 2) // factor for tap in range(size)]
    first, last = sources[0], sources[-1]
    matrix = np.zeros((last - first + 1, size), np.float32)
    for tap, source in enumerate(sources):
        matrix[source - first, tap] = 1
    return -first, matrix


def at_low_resolution(generator: Any) -> Any:
    """A model of the same function and the same weights, that enlarges as late as it can.

    Nearest-neighbour enlargement goes behind the PReLU that follows it and into the convolution
    after that. A generator without it is returned as it is.

    Args:
        generator: a chain or graph of Keras layers, as `srgan_generator` builds.
    """
    layers = {layer.name: layer for layer in generator.layers}
    if not any(isinstance(layer, keras.layers.UpSampling2D) for layer in layers.values()):
        return generator
    rebuilt: dict[str, Any] = {}
    enlarged: set[str] = set()  # whose output still has to be enlarged
    for layer in generator.layers:
        inputs = _inputs(layer)
        if not inputs:
            rebuilt[layer.name] = layer.output
        elif isinstance(layer, keras.layers.UpSampling2D):
            rebuilt[layer.name] = rebuilt[inputs[0]]
            enlarged.add(layer.name)
        elif inputs[0] in enlarged and isinstance(layer, keras.layers.PReLU):
            rebuilt[layer.name] = layer(rebuilt[inputs[0]])
            enlarged.add(layer.name)
        elif inputs[0] in enlarged:
            fast = NearestConv(layer, dtype=layer.dtype_policy, name=f"{layer.name}_nearest")
            rebuilt[layer.name] = fast(rebuilt[inputs[0]])
        else:
            tensors = [rebuilt[name] for name in inputs]
            rebuilt[layer.name] = layer(tensors if len(tensors) > 1 else tensors[0])
    return keras.Model(generator.input, rebuilt[generator.layers[-1].name])


def _inputs(layer: Any) -> list[str]:
    """Names of the layers that feed this one."""
    node = layer._inbound_nodes[0]
    return [source.name for source in tf.nest.flatten(node.inbound_layers)]
