"""Fine-tuning a network with rounding in it until it gives the float network's pictures again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Picture
from srgan_edge_convert.calibration import to_float
from srgan_edge_convert.network import Network
from srgan_edge_convert.qat import (
    PICTURE_RANGE,
    Quantised,
    has_range,
    own_weights,
    range_shares,
    wrappers,
)
from srgan_edge_train.keras import keras, tf

# Adam moves every weight by about this much a step: above 2e-5 it loses more than rounding did.
_WEIGHT_RATE = 2e-5
# A range's ends are few and far larger than weights: they move by a share of the range.
_RANGE_RATE = 1e-3


def fine_tune(
    start: Quantised, teacher: Network, batches: Iterator[Picture], steps: int
) -> Quantised:
    """Train weights and ranges to give `teacher`'s pictures.

    The float network's own output is what is learned, not the original: nothing of what training
    put into an adversarial generator is averaged away.

    Args:
        start: what was calibrated.
        teacher: the float network, of the same colour order.
        batches: (n, h, w, 3) uint8.
        steps: how many of them.
    """
    model = start.model()
    trainer = _Trainer(model, start.network, teacher.model(), steps)
    with ProgressLine("fine-tuning", steps) as line:
        for step, lr in zip(range(1, steps + 1), batches, strict=False):
            loss = trainer.step(to_float(lr))
            if step % 20 == 0 or step == steps:
                line.update(step, f"L1 to the float model {float(loss) * 255:.3f} levels")
    return start.updated_from(model)


class _Trainer:
    """Two optimisers, since weights and ranges move by steps of another size."""

    def __init__(self, model: Any, network: Network, teacher: Any, steps: int) -> None:
        self._model, self._teacher = model, teacher
        trained = [wrappers(model)[node.name] for node in network.nodes if not node.fixed]
        weights = [weight for one in trained for weight in own_weights(one)]
        shares = [share for one in trained if has_range(one) for share in range_shares(one)]
        shares = [share for share in shares if share.trainable]  # but for the picture's own
        self._groups = ((weights, _adam(_WEIGHT_RATE, steps)), (shares, _adam(_RANGE_RATE, steps)))
        self.step = tf.function(self._step, reduce_retracing=True)

    def _step(self, lr: Any) -> Any:
        wanted = tf.clip_by_value(self._teacher(lr, training=False), *PICTURE_RANGE)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self._model(lr, training=True) - wanted))
        gradients = tape.gradient(loss, [variables for variables, _ in self._groups])
        for (variables, optimizer), found in zip(self._groups, gradients, strict=True):
            optimizer.apply_gradients(zip(found, variables, strict=True))
        return loss


def _adam(rate: float, steps: int) -> Any:
    return keras.optimizers.legacy.Adam(keras.optimizers.schedules.CosineDecay(rate, max(steps, 1)))
