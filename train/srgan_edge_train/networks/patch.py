"""A light discriminator that judges patches (PatchGAN: Isola et al. 2017, section 3.2.2)."""

from __future__ import annotations

from typing import Any

from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import SpectralConv2D


def patch_discriminator(channels: int, policy: str) -> Any:
    """Original or generated, patch by patch? (n, h, w, 3) float32 -> logits (n, h/4, w/4, 1).

    Spectrally normalised convolutions (Miyato et al. 2018) without batch normalisation: one step
    of it costs a fraction of the SRGAN discriminator's, and it takes pictures of any size.

    Args:
        channels: of the first layer; the widest has four times as many.
        policy: the Keras dtype policy to compute in; logits come out as float32.
    """
    layers = keras.layers
    picture = keras.Input((None, None, 3), name="picture")
    features = picture
    plan = ((1, 3, 1), (1, 4, 2), (2, 3, 1), (2, 4, 2), (4, 3, 1))
    for index, (width, size, strides) in enumerate(plan, start=1):
        features = SpectralConv2D(
            width * channels, size, strides, padding="same", dtype=policy, name=f"conv_{index}"
        )(features)
        features = layers.LeakyReLU(0.2, dtype=policy, name=f"relu_{index}")(features)
    logits = SpectralConv2D(1, 3, padding="same", dtype=policy, name="logits")(features)
    logits = layers.Activation("linear", dtype="float32", name="as_float32")(logits)
    return keras.Model(picture, logits, name="patch_discriminator")
