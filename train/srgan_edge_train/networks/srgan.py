"""The generator and the discriminator of SRGAN (Ledig et al. 2017, figure 4)."""

from __future__ import annotations

import math
from typing import Any

from srgan_edge_train.keras import keras

_CHANNELS, _BLOCKS = 64, 16
_GENERATOR_MOMENTUM, _DISCRIMINATOR_MOMENTUM = 0.5, 0.8
_DISCRIMINATOR_CHANNELS = (64, 64, 128, 128, 256, 256, 512, 512)


def srgan_generator(scale: int, policy: str) -> Any:
    """SRResNet with 16 residual blocks: float32 RGB in 0..1, (n, h, w, 3) -> (n, s*h, s*w, 3).

    2,044,291 parameters at scale 4, of which 2,040,067 are trained. Enlarges by nearest
    neighbour, twofold at a time, after the convolution instead of the paper's sub-pixel shuffle.

    Args:
        scale: a power of two.
        policy: the Keras dtype policy to compute in; the picture comes out as float32.
    """
    layers = keras.layers
    picture = keras.Input((None, None, 3), name="lr")
    first = _conv(_CHANNELS, 9, policy, "first")(picture)
    first = _prelu(policy, "first_prelu")(first)
    features = first
    for index in range(1, _BLOCKS + 1):
        features = _residual_block(features, policy, f"block_{index}")
    features = _conv(_CHANNELS, 3, policy, "trunk")(features)
    features = _batch_norm(_GENERATOR_MOMENTUM, policy, "trunk_bn")(features)
    features = layers.Add(dtype=policy, name="long_skip")([first, features])
    for index in range(1, round(math.log2(scale)) + 1):
        features = _conv(4 * _CHANNELS, 3, policy, f"up_{index}")(features)
        features = layers.UpSampling2D(2, dtype=policy, name=f"up_{index}_nearest")(features)
        features = _prelu(policy, f"up_{index}_prelu")(features)
    detail = layers.Conv2D(
        3,
        9,
        padding="same",
        # Starts at mid-grey. Keras's default starts far beyond 0..1, and Adam's first steps back
        # leave most units before this layer below zero for good.
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        bias_initializer=keras.initializers.Constant(0.5),
        dtype=policy,
        name="last",
    )(features)
    upscaled = layers.Activation("linear", dtype="float32", name="sr")(detail)
    return keras.Model(picture, upscaled, name="srgan")


def srgan_discriminator(side: int, policy: str) -> Any:
    """Original or generated? float32 RGB in 0..1, (n, side, side, 3) -> logits (n, 1).

    38,249,281 parameters at side 128. The sigmoid behind the last layer is in the loss, where it
    cannot overflow.

    Args:
        side: of the pictures, in pixels; a multiple of 16.
        policy: the Keras dtype policy to compute in; logits come out as float32.
    """
    layers = keras.layers
    picture = keras.Input((side, side, 3), name="picture")
    features = picture
    for index, channels in enumerate(_DISCRIMINATOR_CHANNELS):
        name = f"block_{index + 1}"
        features = _conv(channels, 3, policy, name, strides=1 + index % 2)(features)
        if index:
            features = _batch_norm(_DISCRIMINATOR_MOMENTUM, policy, f"{name}_bn")(features)
        features = layers.LeakyReLU(0.2, dtype=policy, name=f"{name}_relu")(features)
    features = layers.Flatten(dtype=policy, name="flat")(features)
    features = layers.Dense(1024, dtype=policy, name="dense")(features)
    features = layers.LeakyReLU(0.2, dtype=policy, name="dense_relu")(features)
    logit = layers.Dense(1, dtype="float32", name="logit")(features)
    return keras.Model(picture, logit, name="srgan_discriminator")


def _residual_block(inputs: Any, policy: str, name: str) -> Any:
    features = _conv(_CHANNELS, 3, policy, f"{name}_conv_1")(inputs)
    features = _batch_norm(_GENERATOR_MOMENTUM, policy, f"{name}_bn_1")(features)
    features = _prelu(policy, f"{name}_prelu")(features)
    features = _conv(_CHANNELS, 3, policy, f"{name}_conv_2")(features)
    features = _batch_norm(_GENERATOR_MOMENTUM, policy, f"{name}_bn_2")(features)
    return keras.layers.Add(dtype=policy, name=f"{name}_add")([inputs, features])


def _conv(channels: int, size: int, policy: str, name: str, strides: int = 1) -> Any:
    return keras.layers.Conv2D(channels, size, strides, padding="same", dtype=policy, name=name)


def _prelu(policy: str, name: str) -> Any:
    """One slope a channel, shared over space, so that any picture size will do."""
    return keras.layers.PReLU(shared_axes=[1, 2], dtype=policy, name=name)


def _batch_norm(momentum: float, policy: str, name: str) -> Any:
    return keras.layers.BatchNormalization(momentum=momentum, dtype=policy, name=name)
