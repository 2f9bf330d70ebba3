from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from networks import assert_same_function, generator, kinds

from srgan_edge_convert import graph
from srgan_edge_convert.rewrite.enlarge import (
    enlarge_after_conv,
    enlarge_by_shuffle,
    enlarge_late,
)
from srgan_edge_train.keras import keras

L = keras.layers


@settings(max_examples=25, deadline=None)
@given(
    factor=st.integers(2, 4),
    kernel=st.sampled_from([1, 3, 5, 7, 9]),
    channels=st.sampled_from([1, 3, 16, 40]),
    relu=st.booleans(),
    seed=st.integers(0, 99),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
)
def test_a_convolution_after_nearest_is_computed_before_it(
    factor: int, kernel: int, channels: int, relu: bool, seed: int, size: tuple[int, int]
) -> None:
    def body(x: Any) -> Any:
        x = L.Conv2D(5, 3, padding="same", activation="relu")(x)
        x = L.UpSampling2D(factor)(x)
        x = L.Conv2D(channels, kernel, padding="same", activation="relu" if relu else None)(x)
        return L.Conv2D(3, 1)(x)

    before = generator(body, seed)
    after = enlarge_after_conv(before)
    assert_same_function(before, after, size)
    assert "UpSampling2D" not in kinds(after)
    assert graph.scale(after) == factor
    assert graph.halo(before) == graph.halo(after)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), size=st.tuples(st.integers(1, 7), st.integers(1, 7)))
def test_nearest_goes_behind_what_looks_at_one_pixel(seed: int, size: tuple[int, int]) -> None:
    def body(x: Any) -> Any:
        x = L.UpSampling2D(2)(L.Conv2D(4, 3, padding="same")(x))
        x = L.ReLU()(L.LeakyReLU(0.3)(L.PReLU(shared_axes=[1, 2])(L.BatchNormalization()(x))))
        return L.Conv2D(3, 3, padding="same")(x)

    before = generator(body, seed)
    after = enlarge_late(before)
    assert_same_function(before, after, size)
    assert kinds(after)[-2:] == ["UpSampling2D", "Conv2D"]
    assert graph.macs(enlarge_after_conv(after)) <= graph.macs(before)


def test_several_convolutions_share_one_enlargement() -> None:
    def body(x: Any) -> Any:
        x = L.UpSampling2D(2)(L.Conv2D(4, 3, padding="same")(x))
        return L.Add()([L.Conv2D(3, 3, padding="same")(x), L.Conv2D(3, 5, padding="same")(x)])

    before = generator(body)
    after = enlarge_after_conv(before)
    assert_same_function(before, after, (5, 6))
    assert "UpSampling2D" not in kinds(after)


@settings(max_examples=10, deadline=None)
@given(
    factor=st.integers(2, 4),
    seed=st.integers(0, 99),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
)
def test_what_is_left_is_a_repeat_and_a_shuffle(
    factor: int, seed: int, size: tuple[int, int]
) -> None:
    """A global residual: the picture itself, enlarged."""

    def body(x: Any) -> Any:
        y = L.UpSampling2D(factor)(L.Conv2D(3, 3, padding="same")(x))
        return L.Add()([y, L.UpSampling2D(factor)(x)])

    before = generator(body, seed)
    after = enlarge_by_shuffle(before)
    assert_same_function(before, after, size)
    assert kinds(after).count("DepthToSpace") == 2


def test_an_even_kernel_stays_behind_the_enlargement() -> None:
    def body(x: Any) -> Any:
        return L.Conv2D(3, 4, padding="same")(L.UpSampling2D(2)(x))

    before = generator(body)
    assert enlarge_after_conv(before) is before
