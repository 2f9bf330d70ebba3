"""Fine-tuning a network with rounding in it until it gives the float network's pictures again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Picture
from srgan_edge_convert.calibration import to_float
from srgan_edge_convert.network import Network, Node
from srgan_edge_convert.qat import (
    PICTURE_RANGE,
    Quantised,
    has_range,
    own_weights,
    range_shares,
    wrappers,
)
from srgan_edge_train.keras import keras, tf

# Adam moves every variable by about its rate a step. Rates are in steps of the 8-bit grid that the
# variable is rounded to: kernels of one network differ in size by a factor of hundreds.
_WEIGHT_RATE = 0.03
# A range's ends are shares of what they were calibrated to.
_RANGE_RATE = 1e-3
_LEVELS, _WEIGHT_LEVELS = 255, 127


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
    trainer = _Trainer(model, start, teacher.model(), steps)
    with ProgressLine("fine-tuning", steps) as line:
        for step, lr in zip(range(1, steps + 1), batches, strict=False):
            loss = trainer.step(to_float(lr))
            if step % 20 == 0 or step == steps:
                psnr = -10 * math.log10(max(float(loss), 1e-12))
                line.update(step, f"{psnr:.1f} dB to the float model")
    return start.updated_from(model)


class _Trainer:
    """The step, with an optimiser for each variable, since each has a rate of its own."""

    def __init__(self, model: Any, start: Quantised, teacher: Any, steps: int) -> None:
        self._model, self._teacher = model, teacher
        found = wrappers(model)
        self._optimizers = [
            (variable, _adam(rate, steps))
            for node in start.network.nodes
            if not node.fixed
            for variable, rate in _rates(start, node, found[node.name])
        ]
        self.step = tf.function(self._step, reduce_retracing=True)

    def _step(self, lr: Any) -> Any:
        wanted = tf.clip_by_value(self._teacher(lr, training=False), *PICTURE_RANGE)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self._model(lr, training=True) - wanted))
        gradients = tape.gradient(loss, [variable for variable, _ in self._optimizers])
        for (variable, optimizer), gradient in zip(self._optimizers, gradients, strict=True):
            optimizer.apply_gradients([(gradient, variable)])
        return loss


def _rates(start: Quantised, node: Node, wrapper: Any) -> Iterator[tuple[Any, float]]:
    """The variables of a layer that are trained, and how far each moves a step."""
    for variable, grid in zip(own_weights(wrapper), _grids(start, node), strict=False):
        yield variable, _WEIGHT_RATE * grid
    if has_range(wrapper):
        for share in range_shares(wrapper):
            if share.trainable:  # the picture's own is not
                yield share, _RANGE_RATE


def _grids(start: Quantised, node: Node) -> tuple[float, ...]:
    """One step of the grid of a layer's kernel, and of its output, in which the bias counts."""
    if not node.weights:
        return ()
    largest = np.abs(node.kernel).max((0, 1, 2) if node.kind == "Conv2D" else None)
    follower = start.network.only_consumer(node.name)
    names = [node.name, follower.name if follower else ""]  # joined tensors have one range
    least, most = next(start.ranges[name] for name in names if name in start.ranges)
    return float(np.mean(largest)) / _WEIGHT_LEVELS, (most - least) / _LEVELS


def _adam(rate: float, steps: int) -> Any:
    return keras.optimizers.legacy.Adam(keras.optimizers.schedules.CosineDecay(rate, max(steps, 1)))
