"""Colours, the proof, and all rewrites in turn on what train can produce."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import generator, kinds, network_of, run, scattered, srgan_as_trained

from srgan_edge.errors import InputError
from srgan_edge_convert import graph
from srgan_edge_convert.network import Network
from srgan_edge_convert.rewrite import EXACT, FOR_INTEGERS, rewrite
from srgan_edge_convert.rewrite.colour import swap_colours
from srgan_edge_convert.rewrite.proof import prove_equal
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.edge import edge_generator
from srgan_edge_train.networks.layers import DepthToSpace

L = keras.layers


@settings(max_examples=10, deadline=None)
@given(
    scale=st.integers(2, 4),
    channels=st.integers(1, 20),
    convs=st.integers(2, 4),
    seed=st.integers(0, 99),
    height=st.integers(5, 20),
)
def test_bgr_in_gives_bgr_out(
    scale: int, channels: int, convs: int, seed: int, height: int
) -> None:
    network = network_of(scattered(edge_generator(scale, channels, convs, "float32"), seed))
    picture = np.random.default_rng(seed).random((1, height, 9, 3))
    expected = run(network, picture)
    actual = run(swap_colours(network), picture[..., ::-1])[..., ::-1]
    np.testing.assert_allclose(actual, expected, atol=1e-9 * max(1, np.abs(expected).max()))


def test_colours_pass_slopes_and_factors_at_the_end() -> None:
    def body(x: Any) -> Any:
        x = DepthToSpace(2)(L.Conv2D(12, 3, padding="same")(x))
        return L.PReLU(shared_axes=[1, 2])(L.DepthwiseConv2D(3, padding="same")(x))

    network = generator(body)
    picture = np.random.default_rng(0).random((1, 5, 6, 3))
    actual = run(swap_colours(network), picture[..., ::-1])[..., ::-1]
    np.testing.assert_allclose(actual, run(network, picture), atol=1e-9)


def test_colours_that_cannot_be_swapped_are_refused_by_the_layer_s_name() -> None:
    def first(x: Any) -> Any:
        return L.Conv2D(3, 3, padding="same")(L.LeakyReLU(name="odd")(x))

    def last(x: Any) -> Any:
        y = L.Conv2D(3, 3, padding="same")(x)
        return L.Add(name="odd")([x, y])

    for body in (first, last):
        with pytest.raises(InputError, match="layer 'odd'"):
            swap_colours(generator(body))


def test_a_rewrite_that_changes_the_picture_is_stopped() -> None:
    network = network_of(scattered(edge_generator(2, 4, 3, "float32")))
    first = network.nodes[0]
    wrong = network.changed(new=[first.with_conv(first.kernel * (1 + 1e-7), first.bias)])
    assert prove_equal(network, network, "nothing") == 0
    with pytest.raises(InputError, match="my_rewrite changed the picture"):
        prove_equal(network, wrong, "my_rewrite")

    def careless(_: Network) -> Network:
        return wrong

    with pytest.raises(InputError, match="careless changed the picture"):
        rewrite(network, [careless], bgr=False)


def test_the_srgan_generator_costs_much_less_and_stays_the_same() -> None:
    network = network_of(srgan_as_trained())
    exact, done = rewrite(network, EXACT, bgr=True)
    assert graph.macs(network) * 64 * 64 == pytest.approx(19.4e9, rel=0.01)
    assert graph.macs(exact) * 64 * 64 == pytest.approx(11.2e9, rel=0.01)
    assert max(one.difference for one in done) < 1e-12
    assert {"BatchNormalization", "UpSampling2D"}.isdisjoint(kinds(exact))
    integer, _ = rewrite(exact, FOR_INTEGERS, bgr=False)
    assert set(kinds(integer)) <= {
        "Conv2D", "DepthwiseConv2D", "Add", "Concatenate", "DepthToSpace", "ZeroPadding2D"
    }  # fmt: skip


def test_a_network_is_immutable() -> None:
    network = network_of(scattered(edge_generator(2, 4, 3, "float32")))
    before = [node.weights for node in network.nodes]
    rewrite(network, EXACT, bgr=True)
    assert all(a is b for a, b in zip(before, [n.weights for n in network.nodes], strict=True))
    assert replace(network, output="features_1").output != network.output
