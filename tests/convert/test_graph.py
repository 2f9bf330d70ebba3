from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import network_of

from srgan_edge_convert import graph
from srgan_edge_train.generators import build_generator
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.edge import edge_generator
from srgan_edge_train.networks.layers import DepthToSpace
from srgan_edge_train.recipe import load_recipe

L = keras.layers


def test_edge_costs_what_is_promised() -> None:
    network = network_of(build_generator(load_recipe("edge")))
    assert graph.parameters(network) <= 64_000
    assert graph.macs(network) * 320 * 180 <= 3.6e9
    assert graph.halo(network) == 8
    assert graph.scale(network) == 4


def two_resolutions() -> Any:
    """Convolutions before and after the shuffle, two branches of different reach."""
    picture = keras.Input((None, None, 3))
    far = L.Conv2D(12, 5, padding="same", name="far")(picture)
    near = L.Conv2D(12, 1, padding="same", name="near")(picture)
    both = L.Add(name="both")([far, near])
    large = DepthToSpace(2, name="shuffle")(both)
    return keras.Model(picture, L.Conv2D(3, 7, padding="same", name="after")(large))


def even_kernels() -> Any:
    picture = keras.Input((None, None, 3))
    features = L.Conv2D(4, 4, padding="same", name="even")(picture)
    return keras.Model(picture, L.Conv2D(3, 4, padding="same", name="even_too")(features))


def enlarged_by_nearest() -> Any:
    picture = keras.Input((None, None, 3))
    features = L.DepthwiseConv2D(3, padding="same", dilation_rate=2)(picture)
    features = L.Conv2D(4, 3, padding="same")(L.UpSampling2D(2)(features))
    return keras.Model(picture, L.Conv2D(3, 5, padding="same")(L.UpSampling2D(2)(features)))


@pytest.mark.parametrize(
    "model",
    [edge_generator(3, 8, 4, "float32"), two_resolutions(), even_kernels(), enlarged_by_nearest()],
    ids=["edge", "two_resolutions", "even_kernels", "nearest"],
)
def test_nothing_beyond_the_halo_matters_and_something_within_does(model: Any) -> None:
    halo = graph.halo(network_of(model))
    side, middle = 4 * halo + 9, 2 * halo + 4
    for layer in model.layers:  # positive weights, so that no ReLU hides a path
        layer.set_weights([np.abs(weight) + 0.01 for weight in layer.get_weights()])
    picture = np.full((1, side, side, 3), 0.5, np.float32)
    changed = picture.copy()
    changed[0, middle, middle] = 1.0
    difference = np.abs(model(picture).numpy() - model(changed).numpy()).max((0, 3))
    scale = difference.shape[0] // side
    rows = np.flatnonzero(difference.max(axis=1))
    reach = max(middle - rows.min() // scale, rows.max() // scale - middle)
    assert reach == halo
