"""Generators built, saved, loaded and mixed: float32 RGB, (n, h, w, 3) -> (n, s*h, s*w, 3)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.files import whole_file
from srgan_edge_train.keras import keras
from srgan_edge_train.keras_file import check_keras_file, first_line
from srgan_edge_train.networks.edge import edge_generator
from srgan_edge_train.networks.srgan import srgan_generator
from srgan_edge_train.recipe import Recipe


def build_generator(recipe: Recipe, policy: str = "float32") -> Any:
    """The generator of a recipe with fresh weights, computing in `policy` (a Keras dtype policy).

    Weights are float32 under every policy, in the same order, so they can be copied between them.
    """
    keras.utils.set_random_seed(recipe.seed)
    if recipe.generator == "srgan":
        return srgan_generator(recipe.scale, policy)
    return edge_generator(recipe.scale, recipe.channels, recipe.convs, policy, recipe.rank)


def load_generator(path: Path) -> Any:
    """Load a `generator.keras` in Keras's safe mode: no code from the file is run.

    Raises:
        InputError: no such file, or not a generator that this package can load.
    """
    check_keras_file(path)
    try:
        with warnings.catch_warnings():  # what is said here is said once, as an error or not at all
            warnings.simplefilter("ignore")
            return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises a dozen kinds for damaged and foreign files
        raise InputError(f"cannot load {path} as a Keras generator: {first_line(error)}") from None


def save_generator(generator: Any, path: Path) -> None:
    """Write `generator` as a `.keras` file, whole or not at all."""
    with whole_file(path) as part:
        generator.save(part, save_format="keras")


def generator_scale(generator: Any) -> int:
    """Output pixels per input pixel, found by running the network on a small input.

    Raises:
        InputError: the output is not a picture that is a whole number of times as large.
    """
    side = 16
    output = generator(np.zeros((1, side, side, 3), np.float32), training=False)
    scale = int(output.shape[1]) // side
    if scale < 1 or tuple(output.shape) != (1, side * scale, side * scale, 3):
        raise InputError(f"of a {side}x{side} picture the generator makes {tuple(output.shape)}")
    return scale
