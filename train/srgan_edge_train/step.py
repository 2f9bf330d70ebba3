"""One training step, from a batch to changed weights, in one graph.

Fusing generator, discriminator and content network into one `tf.function` saves what a plain
Keras loop spends on going back and forth between models (`benchmarks/training_speed.py`).
"""

from __future__ import annotations

from typing import Any

from srgan_edge_train.generators import build_generator
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.losses import (
    ADVERSARIAL,
    accuracy,
    content_loss,
    generated_loss,
    grid_loss,
    halved,
    originals_loss,
    pixel_loss,
)
from srgan_edge_train.muon import Muon
from srgan_edge_train.networks.low_resolution import at_low_resolution
from srgan_edge_train.networks.patch import patch_discriminator
from srgan_edge_train.networks.srgan import srgan_discriminator
from srgan_edge_train.recipe import Recipe

# What a step reports, in this order; those after `pixel` in the adversarial phase only.
TERMS = ("loss", "pixel", "content", "adversarial", "d_loss", "d_accuracy")


def build_discriminator(recipe: Recipe, policy: str) -> Any:
    """The discriminator of a recipe with fresh weights: pictures in 0..1 -> logits."""
    if recipe.discriminator == "srgan":
        return srgan_discriminator(recipe.discriminated_side, policy)
    return patch_discriminator(recipe.discriminator_channels, policy)


class TrainingStep:
    """The networks of a recipe, their optimisers, and the step that changes them.

    `generator` computes in the recipe's precision; `generate` is the same function with the same
    weights, arranged to compute faster; `averaged` is its float32 copy that is kept
    and shown, the exponential moving average of its weights when the recipe asks for one.
    """

    def __init__(
        self, recipe: Recipe, policy: str, content: Any = None, *, replicas: int = 1
    ) -> None:
        """Build everything with fresh weights.

        Args:
            recipe: what to train.
            policy: the Keras dtype policy to compute in.
            content: the content network, for a recipe that has an adversarial phase.
            replicas: that run this step, each on its rows of the batch.
        """
        self._recipe = recipe
        self._content = content
        self._replicas = replicas
        self.generator = build_generator(recipe, policy)
        self.generate = at_low_resolution(self.generator)
        self.averaged = build_generator(recipe, "float32")
        self.averaged.set_weights(self.generator.get_weights())
        self.optimizer = _optimizer(recipe.optimizer, self.generator)
        self.updates = _counter("updates")
        self.state = {"generator": self.generator, "averaged": self.averaged}
        self.state |= {"optimizer": self.optimizer, "updates": self.updates}
        # Part of the state even while the pixel loss is alone: a run may go on into the next phase.
        if recipe.discriminator != "none":
            self._game = ADVERSARIAL[recipe.adversarial_loss]
            self.discriminator = build_discriminator(recipe, policy)
            self.discriminator_optimizer = _optimizer("adam", self.discriminator)
            self.state |= {
                "discriminator": self.discriminator,
                "discriminator_optimizer": self.discriminator_optimizer,
            }

    def set_rate(self, rate: float) -> None:
        """The learning rate of the steps to come."""
        self.optimizer.learning_rate = rate
        if self._recipe.discriminator != "none":
            self.discriminator_optimizer.learning_rate = rate

    def fidelity(self, lr: Any, hr: Any) -> dict[str, Any]:
        """A step for the pixel loss alone. LR and HR: uint8 RGB batches. Returns the losses."""
        lr, hr = _as_float(lr), _as_float(hr)
        with tf.GradientTape() as tape:
            sr = self.generate(lr, training=True)
            loss = self._pixel_loss(sr, hr)
        self._apply(tape, loss, self.generator, self.optimizer)
        return {"loss": loss, "pixel": loss}

    def adversarial(self, lr: Any, hr: Any) -> dict[str, Any]:
        """A step of the discriminator, then one of the generator. Returns the losses."""
        lr, hr = _as_float(lr), _as_float(hr)
        if self._recipe.alternation == "separate":
            fooled = self._train_discriminator_separately(self.generate(lr, training=False), hr)
            with tf.GradientTape() as tape:
                terms = self._generator_losses(self.generate(lr, training=True), hr)
        else:
            with tf.GradientTape() as tape:
                sr = self.generate(lr, training=True)
                with tape.stop_recording():
                    fooled = self._train_discriminator(sr, hr)
                terms = self._generator_losses(sr, hr)
        self._apply(tape, terms["loss"], self.generator, self.optimizer)
        return {**terms, **fooled}

    def _generator_losses(self, sr: Any, hr: Any) -> dict[str, Any]:
        recipe = self._recipe
        pixel = self._pixel_loss(sr, hr)
        content = self._content_loss(sr, hr)
        adversarial = self._game.generator(
            lambda: self.discriminator(hr, training=False), self.discriminator(sr, training=False)
        )
        loss = recipe.pixel_weight * pixel + content + recipe.adversarial_weight * adversarial
        if recipe.grid_weight:
            loss += recipe.grid_weight * grid_loss(sr, hr, recipe.scale)
        return {"loss": loss, "pixel": pixel, "content": content, "adversarial": adversarial}

    def _pixel_loss(self, sr: Any, hr: Any) -> Any:
        return pixel_loss(sr, hr, self._recipe.pixel_distance, self._recipe.pixel_luma)

    def _content_loss(self, sr: Any, hr: Any) -> Any:
        loss = self._content_distance(sr, hr)
        for weight in self._recipe.content_halvings:
            sr, hr = halved(sr), halved(hr)
            loss += weight * self._content_distance(sr, hr)
        return loss

    def _content_distance(self, sr: Any, hr: Any) -> Any:
        weights, distance = self._recipe.content_weights, self._recipe.content_distance
        return content_loss(self._features(sr), self._features(hr), weights, distance)

    def _features(self, pictures: Any) -> list[Any]:
        # Keras returns a single output bare.
        return tf.nest.flatten(self._content(pictures))

    def _train_discriminator(self, sr: Any, hr: Any) -> dict[str, Any]:
        """One update on originals and generated pictures together."""
        with tf.GradientTape() as tape:
            real = self.discriminator(hr, training=True)
            fake = self.discriminator(sr, training=True)
            loss = self._game.discriminator(real, fake)
        self._apply(tape, loss, self.discriminator, self.discriminator_optimizer)
        return {"d_loss": loss, "d_accuracy": accuracy(real, fake)}

    def _train_discriminator_separately(self, sr: Any, hr: Any) -> dict[str, Any]:
        """An update on generated pictures, then one on originals, each seen by itself."""
        fake, fake_loss = self._update_on(sr, generated_loss)
        real, real_loss = self._update_on(hr, originals_loss)
        return {"d_loss": (fake_loss + real_loss) / 2.0, "d_accuracy": accuracy(real, fake)}

    def _update_on(self, pictures: Any, loss_of: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            logits = self.discriminator(pictures, training=True)
            loss = loss_of(logits)
        self._apply(tape, loss, self.discriminator, self.discriminator_optimizer)
        return logits, loss

    def _apply(self, tape: Any, loss: Any, network: Any, optimizer: Any) -> None:
        variables = network.trainable_variables
        gradients = tape.gradient(loss, variables)
        if self._replicas > 1:  # the optimiser sums them, a loss is a mean
            gradients = [gradient / self._replicas for gradient in gradients]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def copy_weights(self) -> None:
        """Make `averaged` equal to `generator`, for a recipe without an average."""
        self.averaged.set_weights(self.generator.get_weights())

    def all_finite(self) -> bool:
        """Whether every weight is a number."""
        networks = [self.generator]
        networks += [self.discriminator] if self._recipe.discriminator != "none" else []
        return all(
            bool(tf.reduce_all(tf.math.is_finite(weight)))
            for network in networks
            for weight in network.weights
        )

    def follow(self) -> None:
        """Move `averaged` a little towards `generator`; in the first steps it follows faster.

        Comes after every step, once for all replicas.
        """
        if not self._recipe.average:
            return
        self.updates.assign_add(1)
        count = tf.cast(self.updates, tf.float32)
        decay = tf.minimum(self._recipe.average, (1.0 + count) / (10.0 + count))
        for slow, fast in zip(self.averaged.weights, self.generator.weights, strict=True):
            slow.assign(decay * slow + (1.0 - decay) * fast)


def _optimizer(name: str, network: Any) -> Any:
    """With Keras's defaults. Adam is TensorFlow's fused kernel: one pass over the weights."""
    optimizer = {"adam": keras.optimizers.legacy.Adam, "muon": Muon}[name]()
    optimizer._create_all_weights(network.trainable_variables)
    return optimizer


def _counter(name: str) -> Any:
    return tf.Variable(
        0, dtype=tf.int64, name=name, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
    )


def _as_float(batch: Any) -> Any:
    return tf.cast(batch, tf.float32) / 255.0
