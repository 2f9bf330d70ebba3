from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from networks import assert_same_function, generator, kinds

from srgan_edge_convert.rewrite.fold import fold_batch_norm, fold_per_channel, fuse_relu
from srgan_edge_train.keras import keras

L = keras.layers
SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@settings(max_examples=15, deadline=None)
@given(
    channels=st.integers(1, 9),
    kernel=st.integers(1, 5),
    scale=st.booleans(),
    bias=st.booleans(),
    depthwise=st.booleans(),
    seed=st.integers(0, 99),
    size=SIZES,
)
def test_batch_norm_goes_into_the_convolution_before_it(
    channels: int, kernel: int, scale: bool, bias: bool, depthwise: bool, seed: int, size: Any
) -> None:
    def body(x: Any) -> Any:
        x = L.Conv2D(channels, kernel, padding="same", use_bias=bias)(x)
        x = L.DepthwiseConv2D(3, padding="same", use_bias=bias)(x) if depthwise else x
        x = L.BatchNormalization(scale=scale, center=not scale)(x)
        return L.Conv2D(3, 3, padding="same", activation="relu")(x)

    before = generator(body, seed)
    after = fold_batch_norm(before)
    assert_same_function(before, after, size)
    assert "BatchNormalization" not in kinds(after)
    assert len(after.nodes) == len(before.nodes) - 1


def test_batch_norm_without_a_convolution_of_its_own_becomes_one() -> None:
    """In front of everything, behind an activation, and where others see the convolution too."""

    def body(x: Any) -> Any:
        x = L.BatchNormalization()(x)
        y = L.Conv2D(3, 3, padding="same", activation="relu")(x)
        y = L.BatchNormalization()(y)
        z = L.Conv2D(3, 3, padding="same")(y)
        return L.Add()([z, L.BatchNormalization()(z)])

    before = generator(body)
    after = fold_batch_norm(before)
    assert_same_function(before, after, (6, 5))
    assert kinds(after).count("DepthwiseConv2D") == 3


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), depthwise=st.booleans(), size=SIZES)
def test_relu_and_rescaling_go_into_the_convolution(
    seed: int, depthwise: bool, size: tuple[int, int]
) -> None:
    def body(x: Any) -> Any:
        conv = L.DepthwiseConv2D(3, padding="same") if depthwise else L.Conv2D(3, 3, padding="same")
        x = L.Rescaling(-1.5, offset=0.3)(conv(x))
        return L.Conv2D(3, 1)(L.ReLU()(x))

    before = generator(body, seed)
    after = fuse_relu(fold_per_channel(before))
    assert_same_function(before, after, size)
    assert len(after.nodes) == 2
    assert after.nodes[0].activation == "relu"


def test_a_relu_stays_where_others_see_what_is_before_it() -> None:
    def body(x: Any) -> Any:
        x = L.Conv2D(3, 3, padding="same")(x)
        return L.Add()([x, L.ReLU()(x)])

    before = generator(body)
    assert fuse_relu(before) is before
