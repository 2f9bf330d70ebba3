"""Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks")."""

from __future__ import annotations

from typing import Any

from srgan_edge_train.keras import keras, tf

# Newton-Schulz iteration: x <- a x + x (b A + c A^2) with A = x'x. With these, five rounds bring
# every singular value near 1.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ROUNDS = 5
_MOMENTUM = 0.95
# An update's root mean square, as a share of the learning rate: about what Adam's is (Liu et al.
# 2025, "Muon is scalable for LLM training", section 2.2), so that both take the same rates.
_SIZE = 0.2


class Muon(keras.optimizers.legacy.Adam):
    """Moves kernels by their orthogonalised momentum, and all that is no kernel as Adam does.

    A kernel (k, k, c_in, c_out) is seen as a matrix (k*k*c_in, c_out): each direction in it moves
    as far as every other, also the many whose gradients are small.
    """

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        if var.shape.rank < 4:
            return super()._resource_apply_dense(grad, var, apply_state)
        rate = apply_state[(var.device, var.dtype.base_dtype)]["lr_t"]
        momentum = self.get_slot(var, "m")
        momentum.assign(_MOMENTUM * momentum + (1 - _MOMENTUM) * grad)
        ahead = _MOMENTUM * momentum + (1 - _MOMENTUM) * grad  # Nesterov's
        matrix = tf.reshape(ahead, (-1, var.shape[-1]))
        step = _SIZE * max(matrix.shape) ** 0.5 * orthogonalised(matrix)
        return var.assign_sub(rate * tf.reshape(step, var.shape))


def orthogonalised(matrix: Any) -> Any:
    """The matrix (m, n) with all its singular values near 1, from 0.7 to 1.2; float32."""
    if matrix.shape[0] < matrix.shape[1]:
        return tf.transpose(orthogonalised(tf.transpose(matrix)))
    x = matrix / (tf.norm(matrix) + 1e-7)
    for _ in range(_ROUNDS):
        square = tf.matmul(x, x, transpose_a=True)
        x = _A * x + tf.matmul(x, _B * square + _C * tf.matmul(square, square))
    return x
