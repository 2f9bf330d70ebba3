from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import assert_same_function, generator, kinds

from srgan_edge_convert.rewrite.first import copy_first_for_skip, copy_first_per_side
from srgan_edge_convert.rewrite.prelu import split_prelu
from srgan_edge_train.keras import keras

L = keras.layers
SIZES = st.tuples(st.integers(1, 6), st.integers(1, 6))


def trunk(blocks: int, activation: str) -> Any:
    """First features, residual blocks, and a skip over all of them."""

    def body(x: Any) -> Any:
        x = L.Conv2D(4, 5, padding="same", name="first")(x)
        x = first = L.PReLU(shared_axes=[1, 2])(x) if activation == "prelu" else L.ReLU()(x)
        for _ in range(blocks):
            x = L.Add()([x, L.Conv2D(4, 3, padding="same")(x)])
        x = L.Add(name="long_skip")([first, L.Conv2D(4, 3, padding="same")(x)])
        return L.Conv2D(3, 3, padding="same")(x)

    return body


@settings(max_examples=10, deadline=None)
@given(
    blocks=st.integers(1, 3),
    activation=st.sampled_from(["prelu", "relu"]),
    seed=st.integers(0, 99),
    size=SIZES,
)
def test_the_long_skip_has_features_of_its_own(
    blocks: int, activation: str, seed: int, size: tuple[int, int]
) -> None:
    before = generator(trunk(blocks, activation), seed)
    after = copy_first_for_skip(before)
    assert_same_function(before, after, size)
    assert len(after.nodes) == len(before.nodes) + 2
    shared = set(after["long_skip"].inputs) & set(before["long_skip"].inputs)
    assert len(shared) == 1  # the trunk's end


def test_without_sums_on_the_way_nothing_is_copied() -> None:
    before = generator(trunk(0, "prelu"))
    assert copy_first_for_skip(before) is before


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), size=SIZES)
def test_the_first_prelu_has_a_convolution_a_side(seed: int, size: tuple[int, int]) -> None:
    before = generator(trunk(1, "prelu"), seed, slopes=(-0.5, 1.5))
    after = copy_first_per_side(split_prelu(before))
    assert_same_function(before, after, size)
    assert "first" not in after.by_name
    assert kinds(after)[:2] == ["Conv2D", "Conv2D"]
    assert sorted(node.activation for node in after.nodes[:2]) == ["linear", "relu"]


@pytest.mark.parametrize("seed", range(3))
def test_other_prelus_stay_factors(seed: int) -> None:
    def body(x: Any) -> Any:
        x = L.Conv2D(4, 3, padding="same", activation="relu")(x)
        x = L.PReLU(shared_axes=[1, 2])(L.Conv2D(4, 3, padding="same")(x))
        return L.Conv2D(3, 3, padding="same")(x)

    before = split_prelu(generator(body, seed))
    assert copy_first_per_side(before) is before
