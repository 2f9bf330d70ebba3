from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import assert_same_function, generator, network_of, run

from srgan_edge.quality import Picture
from srgan_edge_convert.calibration import channel_ranges, ranges, to_float
from srgan_edge_convert.network import Network
from srgan_edge_convert.qat import Quantised, rounded_tensors
from srgan_edge_convert.rewrite import EXACT, FOR_INTEGERS, rewrite
from srgan_edge_convert.rewrite.equalise import channel_groups, equalise
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.edge import edge_generator
from srgan_edge_train.networks.layers import DepthToSpace

L = keras.layers
CROPS: Picture = np.random.default_rng(3).integers(0, 256, (4, 12, 12, 3), np.uint8)


def everything(x: Any) -> Any:
    """Sums, shuffles, joined tensors, slopes and a nearest-neighbour enlargement."""
    first = L.PReLU(shared_axes=[1, 2])(L.Conv2D(8, 3, padding="same")(x))
    y = L.Conv2D(8, 3, padding="same")(L.ReLU()(L.Conv2D(6, 1)(first)))
    y = L.Add()([first, y])
    y = L.LeakyReLU(0.1)(DepthToSpace(2)(L.Conv2D(8, 3, padding="same")(y)))
    y = L.Conv2D(5, 3, padding="same")(y)
    y = L.Concatenate()([y, L.Conv2D(3, 1)(L.UpSampling2D(2)(x))])
    return L.Conv2D(3, 3, padding="same")(y)


def equalised(network: Network) -> Network:
    found = channel_ranges(network, CROPS)
    return equalise(network, {name: found[name] for name in rounded_tensors(network)})


def for_integers(network: Network) -> Network:
    return rewrite(network, (*EXACT, *FOR_INTEGERS), bgr=False)[0]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), size=st.tuples(st.integers(2, 6), st.integers(2, 6)))
def test_same_function_and_no_range_grows(seed: int, size: tuple[int, int]) -> None:
    before = for_integers(generator(everything, seed))
    after = equalised(before)
    assert_same_function(before, after, size)
    was, now = ranges(before, CROPS), ranges(after, CROPS)
    for name in rounded_tensors(before):
        for old, new in zip(was[name], now[name], strict=True):
            assert abs(new) <= abs(old) * (1 + 1e-4)


def test_every_factor_is_as_large_as_the_ranges_allow() -> None:
    network = for_integers(generator(everything, 1))
    after, groups = equalised(network), channel_groups(network)
    found = channel_ranges(after, CROPS)
    fullest = np.zeros(1 + max(ids.max() for ids in groups.values()))
    for name in rounded_tensors(after):
        for size in map(np.abs, found[name]):
            if size.any():
                np.maximum.at(fullest, groups[name], size / size.max())
    used = np.unique(np.concatenate([groups[name] for name in rounded_tensors(after)]))
    alive = fullest[used[used > 0]]
    alive = alive[alive > 0]  # a ReLU's channel may be nothing but zero
    assert len(alive) > 10
    np.testing.assert_allclose(alive, 1, rtol=1e-4)


def test_what_holds_pixels_keeps_its_size() -> None:
    network = network_of(edge_generator(4, 16, 3, "float32"))
    after, groups = equalised(network), channel_groups(network)
    np.testing.assert_array_equal(after["anchor"].kernel, network["anchor"].kernel)
    for name in ("lr", "anchor", "detail", "residual", "sr"):
        assert not groups[name].any()
    assert groups["features_1"].all()


def test_eight_bits_come_nearer_where_channels_differ() -> None:
    """As they do in a residual trunk: a few channels are a hundred times as strong as the rest."""

    def body(x: Any) -> Any:
        x = L.Conv2D(16, 3, padding="same", name="wide", activation="relu")(x)
        return L.Conv2D(3, 3, padding="same", name="narrow")(x)

    network, factors = generator(body, 2), np.geomspace(0.01, 1, 16)
    wide, narrow = network["wide"], network["narrow"]
    wide = wide.with_conv(wide.kernel * factors, wide.bias * factors)
    narrow = narrow.with_conv(narrow.kernel / factors[:, None] / 50, narrow.bias + 0.5)
    network = network.changed(new=[wide, narrow])
    lr = to_float(CROPS)
    wanted = np.clip(run(network, lr), 0, 1)

    def error(one: Network) -> float:
        given = Quantised.calibrated(one, CROPS).model()(lr, training=False).numpy()
        return float(np.mean(np.square(given - wanted)))

    assert error(equalised(network)) < error(network) / 10
