"""What runs live: float32 RGB in 0..1, (n, h, w, 3) -> (n, s*h, s*w, 3)."""

from __future__ import annotations

from typing import Any

from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import DepthToSpace, Repeat


def edge_generator(scale: int, channels: int, convs: int, policy: str, rank: int = 0) -> Any:
    """Plain 3x3 convolutions with ReLU, and an image-space residual on the repeated input.

    The last one, to 3 * scale^2 channels, is the most expensive. With a `rank` it is a 3x3 one to
    so many channels and a 1x1 one from there.

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
    small, size = keras.initializers.RandomNormal(stddev=1e-3), 3
    if rank:
        features = layers.Conv2D(
            rank,
            3,
            padding="same",
            kernel_initializer=keras.initializers.RandomNormal(stddev=1e-2),
            dtype=policy,
            name="squeezed",
        )(features)
        small, size = keras.initializers.RandomNormal(stddev=1e-1), 1
    detail = layers.Conv2D(
        3 * scale**2,
        size,
        padding="same",
        kernel_initializer=small,
        dtype=policy,
        name="detail",
    )(features)
    # From here in float32: bfloat16 holds 8 bits, fine for detail but not for the picture.
    anchor = layers.Conv2D(
        3 * scale**2,
        1,
        use_bias=False,
        kernel_initializer=Repeat(),
        trainable=False,
        dtype="float32",
        name="anchor",
    )(picture)
    total = layers.Add(dtype="float32", name="residual")([anchor, detail])
    upscaled = DepthToSpace(scale, dtype="float32", name="sr")(total)
    return keras.Model(picture, upscaled, name="edge")
