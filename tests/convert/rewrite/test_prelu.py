from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import assert_same_function, generator, kinds

from srgan_edge_convert.rewrite.prelu import lone_relu, split_prelu
from srgan_edge_train.keras import keras

L = keras.layers


@settings(max_examples=20, deadline=None)
@given(
    channels=st.integers(1, 9),
    slopes=st.sampled_from([(-2.0, 0.0), (0.0, 1.0), (-0.5, 1.5), (1.0, 3.0)]),
    seed=st.integers(0, 99),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
)
def test_prelu_in_parts_is_prelu(
    channels: int, slopes: tuple[float, float], seed: int, size: tuple[int, int]
) -> None:
    def body(x: Any) -> Any:
        x = L.Conv2D(channels, 3, padding="same")(x)
        return L.Conv2D(3, 3, padding="same")(L.PReLU(shared_axes=[1, 2])(x))

    before = generator(body, seed, slopes=slopes)
    after = split_prelu(before)
    assert_same_function(before, after, size)
    assert "PReLU" not in kinds(after)


@pytest.mark.parametrize(
    ("slope", "parts"),
    [
        (0.0, ["ReLU"]),
        (0.25, ["LeakyReLU"]),
        (-0.25, ["DepthwiseConv2D", "DepthwiseConv2D", "Add"]),
        (2.0, ["DepthwiseConv2D", "DepthwiseConv2D", "DepthwiseConv2D", "Add"]),
    ],
)
def test_one_slope_for_all_takes_the_fewest_operators(slope: float, parts: list[str]) -> None:
    def prelu(x: Any) -> Any:
        x = L.Conv2D(4, 3, padding="same")(x)
        return L.Conv2D(3, 1)(L.PReLU(shared_axes=[1, 2])(x))

    def leaky(x: Any) -> Any:
        x = L.Conv2D(4, 3, padding="same")(x)
        return L.Conv2D(3, 1)(L.LeakyReLU(slope)(x))

    for before in (generator(prelu, slopes=(slope, slope)), generator(leaky)):
        after = split_prelu(before)
        assert_same_function(before, after, (5, 4))
        assert kinds(after) == ["Conv2D", *parts, "Conv2D"]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), size=st.tuples(st.integers(1, 6), st.integers(1, 6)))
def test_only_a_relu_behind_a_sum_stays_a_layer(seed: int, size: tuple[int, int]) -> None:
    def body(x: Any) -> Any:
        y = L.Conv2D(3, 3, padding="same")(x)
        total = L.ReLU()(L.Add()([y, L.Conv2D(3, 3, padding="same", activation="relu")(y)]))
        shared = L.Conv2D(3, 3, padding="same")(total)
        return L.Add()([shared, L.ReLU()(shared)])

    before = generator(body, seed)
    after = lone_relu(before)
    assert_same_function(before, after, size)
    assert kinds(after).count("ReLU") == 1
    np.testing.assert_array_equal(after.nodes[-2].kernel.ravel(), 1)
