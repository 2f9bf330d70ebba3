"""The SRGAN training loop as tutorials write it: plain Keras, one call after another.

A generator predicts, the discriminator is trained on the generated and then on the original
picture, VGG19 predicts the original's features, and a combined model is trained with the
discriminator frozen. The networks are those of `srgan_edge_train.networks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srgan_edge_train.keras import keras
from srgan_edge_train.networks.srgan import srgan_discriminator, srgan_generator
from srgan_edge_train.networks.vgg import vgg19

_SCALE, _SIDE = 4, 128
_ADVERSARIAL_WEIGHT = 1e-3


class PlainLoop:
    """Networks and the combined model, compiled; `step` trains on one batch."""

    def __init__(self, content_layer: str, seed: int) -> None:
        """Fresh weights; those of VGG19 too, since only the time is measured."""
        keras.utils.set_random_seed(seed)
        self.generator = srgan_generator(_SCALE, "float32")
        self.discriminator = srgan_discriminator(_SIDE, "float32")
        self.content = vgg19((content_layer,), "float32")
        cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.discriminator.compile(
            optimizer="adam",
            loss=cross_entropy,
            metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
        )
        self.combined = self._combine(cross_entropy)

    def _combine(self, cross_entropy: Any) -> Any:
        self.discriminator.trainable = False
        lr = keras.Input((None, None, 3))
        sr = self.generator(lr)
        combined = keras.Model(lr, [self.discriminator(sr), self.content(sr)])
        combined.compile(
            optimizer="adam",
            loss=[cross_entropy, "mse"],
            loss_weights=[_ADVERSARIAL_WEIGHT, 1.0],
        )
        return combined

    def step(self, lr: Any, hr: Any) -> dict[str, float]:
        """One batch, LR and HR as uint8. Returns the losses."""
        lr, hr = (np.asarray(batch, np.float32) / 255 for batch in (lr, hr))
        fake, real = np.zeros((len(lr), 1)), np.ones((len(lr), 1))
        sr = self.generator.predict_on_batch(lr)
        self.discriminator.trainable = True
        fake_loss, fake_accuracy = self.discriminator.train_on_batch(sr, fake, reset_metrics=True)
        real_loss, real_accuracy = self.discriminator.train_on_batch(hr, real, reset_metrics=True)
        self.discriminator.trainable = False
        features = self.content.predict(hr, verbose=0)
        loss, adversarial, content = self.combined.train_on_batch(
            lr, [real, features], reset_metrics=True
        )
        return {
            "loss": loss,
            "content": content,
            "adversarial": adversarial,
            "d_loss": (fake_loss + real_loss) / 2,
            "d_accuracy": (fake_accuracy + real_accuracy) / 2,
        }
