from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from networks import assert_same_function, generator, kinds

from srgan_edge_convert import graph
from srgan_edge_convert.rewrite.collapse import collapse
from srgan_edge_convert.rewrite.fold import fold_batch_norm
from srgan_edge_train.keras import keras

L = keras.layers
SIZES = st.tuples(st.integers(1, 8), st.integers(1, 8))


@settings(max_examples=15, deadline=None)
@given(
    wide=st.integers(8, 24),
    kernel=st.integers(1, 5),
    short=st.booleans(),
    seed=st.integers(0, 99),
    size=SIZES,
)
def test_a_collapsible_block_becomes_one_convolution(
    wide: int, kernel: int, short: bool, seed: int, size: tuple[int, int]
) -> None:
    """SESR's: k x k to many channels, 1 x 1 back, the input added."""

    def body(x: Any) -> Any:
        y = L.Conv2D(wide, kernel, padding="same")(x)
        y = L.Conv2D(3, 1)(y)
        y = L.Add()([y, x]) if short and kernel % 2 else y
        return L.Conv2D(3, 3, padding="same", activation="relu")(L.ReLU()(y))

    before = generator(body, seed)
    after = collapse(before)
    assert_same_function(before, after, size)
    assert kinds(after) == ["Conv2D", "ReLU", "Conv2D"]
    assert graph.macs(after) < graph.macs(before)


@settings(max_examples=15, deadline=None)
@given(
    sides=st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=3),
    seed=st.integers(0, 99),
    size=SIZES,
)
def test_branches_of_one_tensor_become_one_convolution(
    sides: list[int], seed: int, size: tuple[int, int]
) -> None:
    """RepVGG's: convolutions of several sizes, a normalised identity, and the tensor itself."""

    def body(x: Any) -> Any:
        x = L.Conv2D(4, 3, padding="same", activation="relu")(x)
        branches = [L.BatchNormalization()(L.Conv2D(4, k, padding="same")(x)) for k in sides]
        x = L.Add()([*branches, L.BatchNormalization()(x), x])
        return L.Conv2D(3, 3, padding="same")(L.ReLU()(x))

    before = generator(body, seed)
    after = collapse(fold_batch_norm(before))
    assert_same_function(before, after, size)
    assert kinds(after) == ["Conv2D", "Conv2D", "ReLU", "Conv2D"]


def test_what_would_differ_at_the_border_or_cost_more_is_left() -> None:
    def twice_three(x: Any) -> Any:
        x = L.Conv2D(4, 3, padding="same")(x)
        return L.Conv2D(3, 3, padding="same")(x)

    def biased_before(x: Any) -> Any:
        return L.Conv2D(3, 3, padding="same")(L.Conv2D(9, 1)(x))

    def bottleneck(x: Any) -> Any:
        x = L.Conv2D(24, 3, padding="same", activation="relu")(x)
        x = L.Conv2D(2, 3, padding="same")(x)
        return L.Conv2D(3, 1)(L.ReLU()(L.Conv2D(24, 1)(x)))

    def residual(x: Any) -> Any:
        y = L.Conv2D(3, 3, padding="same", activation="relu")(x)
        return L.Add()([x, L.Conv2D(3, 3, padding="same")(y)])

    for body in (twice_three, biased_before, bottleneck, residual):
        before = generator(body)
        assert collapse(before) is before, body.__name__


def test_a_sum_keeps_its_other_terms() -> None:
    def body(x: Any) -> Any:
        y = L.Conv2D(3, 3, padding="same", activation="relu")(x)
        return L.Add()([y, L.Conv2D(3, 3, padding="same")(x), L.Conv2D(3, 1)(x)])

    before = generator(body)
    after = collapse(before)
    assert_same_function(before, after, (5, 7))
    assert kinds(after) == ["Conv2D", "Conv2D", "Add"]
