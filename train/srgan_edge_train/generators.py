"""The networks that turn LR into SR: float32 RGB in 0..1, (n, h, w, 3) -> (n, s*h, s*w, 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.files import whole_file
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.recipe import Recipe


@keras.saving.register_keras_serializable(package="srgan_edge")
class DepthToSpace(keras.layers.Layer):
    """(n, h, w, s*s*c) -> (n, s*h, s*w, c): the sub-pixel shuffle of Shi et al. 2016, eq. 4."""

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Shuffle channels into space; channel (dy*s + dx)*c + k becomes pixel (dy, dx), k."""
        return tf.nn.depth_to_space(inputs, self.scale)

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments, for `generator.keras`."""
        return {**super().get_config(), "scale": self.scale}


def build_generator(recipe: Recipe, policy: str = "float32") -> Any:
    """The generator of a recipe with fresh weights, computing in `policy` (a Keras dtype policy).

    Weights are float32 under every policy, in the same order, so they can be copied between them.
    """
    keras.utils.set_random_seed(recipe.seed)
    return _edge(recipe.scale, recipe.channels, recipe.convs, policy)


def load_generator(path: Path) -> Any:
    """Load a `generator.keras` in Keras's safe mode: no code from the file is run.

    Raises:
        InputError: no such file, or not a generator that this package can load.
    """
    if not path.is_file():
        raise InputError(f"no generator at {path}")
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises a dozen kinds for damaged and foreign files
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else repr(error)
        raise InputError(f"cannot load {path} as a Keras generator: {reason}") from None


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


def _edge(scale: int, channels: int, convs: int, policy: str) -> Any:
    """Plain 3x3 convolutions with ReLU, and an image-space residual on the repeated input.

    Every op is one that XNNPACK runs in int8. Values beyond 0..1 are clipped by uint8, not here.
    He-normal weights and a last convolution near zero start it at nearest neighbour, from where
    it learns at once; with default weights its ReLUs die.
    """
    layers = keras.layers
    picture = keras.Input((None, None, 3), name="lr")
    features = picture
    for index in range(1, convs):
        features = layers.Conv2D(
            channels,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            dtype=policy,
            name=f"features_{index}",
        )(features)
    detail = layers.Conv2D(
        3 * scale**2,
        3,
        padding="same",
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        dtype=policy,
        name="detail",
    )(features)
    # From here in float32: bfloat16 holds 8 bits, fine for detail but not for the picture.
    anchor = layers.Conv2D(
        3 * scale**2,
        1,
        use_bias=False,
        kernel_initializer=_Repeat(),
        trainable=False,
        dtype="float32",
        name="anchor",
    )(picture)
    total = layers.Add(dtype="float32", name="residual")([anchor, detail])
    upscaled = DepthToSpace(scale, dtype="float32", name="sr")(total)
    return keras.Model(picture, upscaled, name="edge")


@keras.saving.register_keras_serializable(package="srgan_edge")
class _Repeat(keras.initializers.Initializer):
    """A 1x1 kernel that copies its 3 input channels s*s times: nearest neighbour, unshuffled."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None, **_: Any) -> Any:
        copies = np.tile(np.eye(shape[2], dtype=np.float32), shape[3] // shape[2])
        return tf.constant(copies.reshape(shape), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """No arguments."""
        return {}
