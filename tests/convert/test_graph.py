from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from srgan_edge.errors import InputError
from srgan_edge_convert import graph
from srgan_edge_train.generators import build_generator
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import DepthToSpace
from srgan_edge_train.recipe import load_recipe

EDGE = load_recipe("edge")


def test_edge_costs_what_is_promised() -> None:
    generator = build_generator(EDGE)
    assert graph.parameters(generator) <= 64_000
    assert graph.macs(generator) * 320 * 180 <= 3.6e9
    assert graph.halo(generator) == 7


def two_resolutions() -> Any:
    """Convolutions before and after the shuffle, two branches of different reach."""
    picture = keras.Input((None, None, 3))
    far = keras.layers.Conv2D(12, 5, padding="same", name="far")(picture)
    near = keras.layers.Conv2D(12, 1, padding="same", name="near")(picture)
    both = keras.layers.Add(name="both")([far, near])
    large = DepthToSpace(2, name="shuffle")(both)
    output = keras.layers.Conv2D(3, 7, padding="same", name="after")(large)
    return keras.Model(picture, output)


def even_kernels() -> Any:
    picture = keras.Input((None, None, 3))
    features = keras.layers.Conv2D(4, 4, padding="same", name="even")(picture)
    output = keras.layers.Conv2D(3, 4, padding="same", name="even_too")(features)
    return keras.Model(picture, output)


@pytest.mark.parametrize(
    "generator", [build_generator(replace(EDGE, scale=3)), two_resolutions(), even_kernels()]
)
def test_nothing_beyond_the_halo_matters_and_something_within_does(generator: Any) -> None:
    halo = graph.halo(generator)
    side, middle = 4 * halo + 9, 2 * halo + 4
    for layer in generator.layers:  # positive weights, so that no ReLU hides a path
        layer.set_weights([np.abs(weight) + 0.01 for weight in layer.get_weights()])
    picture = np.full((1, side, side, 3), 0.5, np.float32)
    changed = picture.copy()
    changed[0, middle, middle] = 1.0
    difference = np.abs(generator(picture).numpy() - generator(changed).numpy()).max((0, 3))
    scale = difference.shape[0] // side
    rows = np.flatnonzero(difference.max(axis=1))
    reach = max(middle - rows.min() // scale, rows.max() // scale - middle)
    assert reach == halo


def test_unknown_layers_are_named() -> None:
    picture = keras.Input((None, None, 3))
    output = keras.layers.SeparableConv2D(3, 3, padding="same", name="odd")(picture)
    with pytest.raises(InputError, match=r"'odd' is a SeparableConv2D; accepted are .*Conv2D"):
        graph.check_layers(keras.Model(picture, output), "mine.keras")


@pytest.mark.parametrize("settings", [{"strides": 2, "padding": "same"}, {"padding": "valid"}])
def test_convolutions_that_change_the_size_are_named(settings: dict[str, Any]) -> None:
    picture = keras.Input((None, None, 3))
    output = keras.layers.Conv2D(3, 3, name="odd", **settings)(picture)
    with pytest.raises(InputError, match="layer 'odd' must be"):
        graph.check_layers(keras.Model(picture, output), "mine.keras")


def test_other_inputs_are_refused() -> None:
    picture = keras.Input((None, None, 1))
    output = keras.layers.Conv2D(3, 3, padding="same")(picture)
    with pytest.raises(InputError, match=r"takes \(None, None, None, 1\)"):
        graph.check_layers(keras.Model(picture, output), "mine.keras")
