"""Networks for the tests of convert: built from Keras layers, with weights over the whole range."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from srgan_edge_convert.loading import load_network
from srgan_edge_convert.network import Network
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.srgan import srgan_generator


def network_of(model: Any) -> Network:
    """A Keras model as a network, through a file, as a person's generator is read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "generator.keras"
        model.save(path, save_format="keras")
        return load_network(path).network


def scattered(model: Any, seed: int = 0, slopes: tuple[float, float] = (-0.5, 1.5)) -> Any:
    """Every weight somewhere in its range: statistics and slopes have no effect at their start."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        values = random.normal(0, 0.4, weight.shape)
        if "variance" in weight.name:
            values = 0.1 + np.abs(values)
        elif "alpha" in weight.name:
            values = random.uniform(*slopes, weight.shape)
        weight.assign(values)
    return model


def srgan_as_trained() -> Any:
    """The srgan generator; slopes and statistics away from their start, the rest as it starts."""
    keras.utils.set_random_seed(0)
    model, random = srgan_generator(4, "float32"), np.random.default_rng(0)
    for weight in model.weights:
        if "alpha" in weight.name:
            weight.assign(random.uniform(-0.3, 1.3, weight.shape))
        elif "_bn" in weight.name:
            weight.assign(weight + random.uniform(0, 0.3, weight.shape))
    return model


def generator(body: Callable[[Any], Any], seed: int = 0, **how: Any) -> Network:
    """RGB -> `body` -> the network, weights scattered."""
    picture = keras.Input((None, None, 3), name="lr")
    model = keras.Model(picture, body(picture))
    return network_of(scattered(model, seed, **how))


def run(network: Network, picture: Any) -> Any:
    """In float64."""
    return network.model("float64")(picture, training=False).numpy()


def assert_same_function(before: Network, after: Network, shape: tuple[int, int]) -> None:
    """On random input of this height and width, within the rounding of float64."""
    picture = np.random.default_rng(1).random((1, *shape, 3))
    expected, actual = run(before, picture), run(after, picture)
    np.testing.assert_allclose(actual, expected, atol=1e-9 * max(1.0, np.abs(expected).max()))


def kinds(network: Network) -> list[str]:
    """Of its layers, in order."""
    return [node.kind for node in network.nodes]
