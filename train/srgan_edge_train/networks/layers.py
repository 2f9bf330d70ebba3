"""Layers and initialisers that Keras does not have."""

from __future__ import annotations

from typing import Any

import numpy as np

from srgan_edge_train.keras import keras, tf


@keras.saving.register_keras_serializable(package="srgan_edge")
class DepthToSpace(keras.layers.Layer):
    """(n, h, w, s*s*c) -> (n, s*h, s*w, c): the sub-pixel shuffle of Shi et al. 2016, eq. 4."""

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Shuffle channels into space; channel (dy*s + dx)*c + k becomes pixel (dy, dx), k."""
        return tf.nn.depth_to_space(inputs, self.scale)

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments, for `generator.keras`."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="srgan_edge", name="_Repeat")
class Repeat(keras.initializers.Initializer):
    """A 1x1 kernel that copies its 3 input channels s*s times: nearest neighbour, unshuffled."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None, **_: Any) -> Any:
        """The kernel, (1, 1, 3, s*s*3)."""
        copies = np.tile(np.eye(shape[2], dtype=np.float32), shape[3] // shape[2])
        return tf.constant(copies.reshape(shape), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """No arguments."""
        return {}


class SpectralConv2D(keras.layers.Conv2D):
    """A convolution whose kernel is divided by its largest singular value (Miyato et al. 2018).

    One round of power iteration a training step (algorithm 1) keeps the estimate `u` up to date.
    The kernel is seen as a matrix (k*k*c_in, c_out), as in section 2.1 of the paper.
    """

    def build(self, input_shape: Any) -> None:
        """Add `u`, the left singular vector's estimate: (1, c_out)."""
        super().build(input_shape)
        self.u = self.add_weight(
            name="u",
            shape=(1, self.filters),
            initializer=keras.initializers.RandomNormal(),
            trainable=False,
            dtype="float32",
            experimental_autocast=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Convolve with kernel / sigma(kernel); `training` refines the estimate of sigma."""
        outputs = self.convolution_op(inputs, self.kernel / self._sigma(update=training))
        return outputs if not self.use_bias else tf.nn.bias_add(outputs, self.bias)

    def _sigma(self, update: bool) -> Any:
        kernel = tf.cast(self.kernel, tf.float32)
        matrix = tf.reshape(kernel, (-1, self.filters))
        fixed = tf.stop_gradient(matrix)
        right = tf.math.l2_normalize(tf.matmul(self.u, fixed, transpose_b=True))
        left = tf.math.l2_normalize(tf.matmul(right, fixed))
        if update:
            self.u.assign(left)
        sigma = tf.matmul(tf.matmul(right, matrix), left, transpose_b=True)
        return tf.cast(tf.reshape(sigma, ()), self.compute_dtype)
