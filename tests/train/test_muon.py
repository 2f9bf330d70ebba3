from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srgan_edge_train.keras import keras, tf
from srgan_edge_train.muon import Muon, orthogonalised


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 99))
def test_every_direction_gets_about_the_same_length(rows: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    size = max(rows, columns)
    left, right = (np.linalg.qr(random.normal(size=(size, size)))[0] for _ in range(2))
    values = np.geomspace(1, 0.05, size)
    matrix = ((left * values) @ right)[:rows, :columns].astype(np.float32)
    given_values = np.linalg.svd(matrix, compute_uv=False)
    found = orthogonalised(tf.constant(matrix)).numpy()
    assert found.shape == matrix.shape
    shared = np.linalg.svd(found, compute_uv=False)[given_values > 0.02 * given_values[0]]
    assert np.all((shared > 0.3) & (shared < 1.3))
    # The same directions: what the matrix and its result share is positive in each of them.
    assert np.sum(found * matrix) > 0.6 * np.sum(given_values)


def test_kernels_move_by_their_rate_and_the_rest_as_adam_moves_it() -> None:
    random = np.random.default_rng(0)
    kernel = tf.Variable(random.normal(size=(3, 3, 16, 8)).astype(np.float32))
    bias = tf.Variable(np.zeros(8, np.float32))
    other = tf.Variable(np.zeros(8, np.float32))
    before = kernel.numpy()
    gradients = [random.normal(size=v.shape).astype(np.float32) for v in (kernel, bias)]
    Muon(1e-2).apply_gradients(zip(gradients, (kernel, bias), strict=True))
    keras.optimizers.legacy.Adam(1e-2).apply_gradients([(gradients[1], other)])
    moved = kernel.numpy() - before
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(0.2 * 1e-2, rel=0.2)
    assert np.sum(moved * gradients[0]) < 0
    np.testing.assert_array_equal(bias.numpy(), other.numpy())


def test_it_descends_where_gradients_differ_in_size() -> None:
    """A least-squares problem whose directions are thirty times apart."""
    random = np.random.default_rng(1)
    inputs = tf.constant(random.normal(size=(256, 16)) * np.geomspace(0.03, 1, 16), tf.float32)
    wanted = tf.matmul(inputs, tf.constant(random.normal(size=(16, 8)), tf.float32))
    kernel, optimizer, losses = tf.Variable(tf.zeros((1, 1, 16, 8))), Muon(0.1), []
    for step in range(100):
        optimizer.learning_rate = 0.3 * (1 - step / 100)
        with tf.GradientTape() as tape:
            result = tf.matmul(inputs, tf.reshape(kernel, (16, 8)))
            loss = tf.reduce_mean(tf.square(result - wanted))
        optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 200
