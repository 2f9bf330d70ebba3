"""The training loop, from a recipe and photographs to `generator.keras`."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srgan_edge.errors import InputError, RunError
from srgan_edge.images import ImageFile, write_image
from srgan_edge.panel import comparison, side_by_side
from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Picture, psnr_y
from srgan_edge_train.generators import build_generator, load_generator, save_generator
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.losses import pixel_loss
from srgan_edge_train.patches import Patches, centre_pair
from srgan_edge_train.photographs import Photographs
from srgan_edge_train.precision import dtype_policy
from srgan_edge_train.recipe import Recipe
from srgan_edge_train.run_folder import Metrics, RunFolder

_REPORT_EVERY = 20  # steps between two updates of the progress line


@dataclass
class Interrupt:
    """Set by Ctrl-C or SIGTERM; the loop then checkpoints and stops."""

    received: bool = False


@dataclass
class Trainer:
    """One run. `generator` trains in the recipe's precision, `twin` is its float32 copy on disk."""

    run: RunFolder
    recipe: Recipe
    photographs: Photographs
    step: int = 0
    lines: list[Metrics] = field(default_factory=list)

    def __post_init__(self) -> None:
        recipe = self.recipe
        self.policy = dtype_policy(recipe.precision)
        self.generator = build_generator(recipe, self.policy)
        self.twin = build_generator(recipe)
        self.optimizer = keras.optimizers.Adam(_schedule(recipe))
        self.optimizer.build(self.generator.trainable_variables)
        self._counter = tf.Variable(0, dtype=tf.int64, name="step")
        self._checkpoint = tf.train.Checkpoint(
            generator=self.generator, optimizer=self.optimizer, step=self._counter
        )
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(self.run.checkpoints), max_to_keep=2
        )
        side = recipe.patch
        signature = [
            tf.TensorSpec((None, side, side, 3), tf.uint8),
            tf.TensorSpec((None, side * recipe.scale, side * recipe.scale, 3), tf.uint8),
        ]
        self._update = tf.function(self._update_weights, input_signature=signature)
        self._upscale = tf.function(self.twin, reduce_retracing=True)

    def start_from(self, path: Any) -> None:
        """Copy the weights of a generator of the same shape (`--init`).

        Raises:
            InputError: it cannot be loaded, or its layers are not this recipe's.
        """
        weights = load_generator(path).get_weights()
        try:
            self.generator.set_weights(weights)
        except ValueError:
            raise InputError(
                f"{path} does not fit the recipe: it must be a {self.recipe.generator} generator "
                f"with scale {self.recipe.scale}, {self.recipe.channels} channels "
                f"and {self.recipe.convs} convolutions"
            ) from None

    def resume(self) -> None:
        """Go back to the newest checkpoint.

        Raises:
            InputError: there is none, or nothing is left to do.
        """
        self._restore()
        self.step = int(self._counter)
        if self.step >= self.recipe.steps:
            raise InputError(
                f"the run in {self.run.path} is complete at step {self.step}: "
                f"give --steps a higher number than {self.recipe.steps} to train on"
            )
        self.lines = self.run.read_metrics(until=self.step)

    def _restore(self) -> None:
        """Load the newest checkpoint that is whole: a power cut may have spoilt the last one."""
        found = self.run.checkpoints.glob("ckpt-*.index")
        for path in sorted(found, key=lambda path: int(path.stem.split("-")[1]), reverse=True):
            try:
                whole = self._checkpoint.restore(str(path.with_suffix("")))
                whole.assert_existing_objects_matched()
                return
            except Exception as error:  # TensorFlow raises many kinds for damaged files
                reason = str(error).splitlines()[0][:100] if str(error) else repr(error)
                print(f"passed over the checkpoint {path.stem}: {reason}", file=sys.stderr)
        raise InputError(f"nothing to resume in {self.run.path}: it has no whole checkpoint")

    def train(self) -> float:
        """Run to the recipe's last step; returns the best validation PSNR (dB).

        Raises:
            RunError: the loss is not finite.
            KeyboardInterrupt: after Ctrl-C or SIGTERM, with a checkpoint kept.
        """
        recipe, started = self.recipe, time.monotonic()
        before = self.lines[-1].seconds if self.lines else 0.0
        patches = Patches(self.photographs.training, recipe.patch, recipe.batch, recipe.seed)
        with ProgressLine("training", recipe.steps) as line, _interruptible() as interrupt:
            first = self.step
            for lr, hr in patches.between(self.step, recipe.steps):
                loss_tensor = self._update(lr, hr)
                self.step += 1
                last = self.step == recipe.steps
                reports = self.step % _REPORT_EVERY == 0 or last
                validates = self.step % recipe.validate_every == 0 or last
                saves = self.step % recipe.checkpoint_every == 0 or last or interrupt.received
                if reports or validates or saves:
                    loss = self._finite(float(loss_tensor))  # before anything good is replaced
                if reports:
                    rate = (self.step - first) / (time.monotonic() - started)
                    line.update(self.step, self._note(loss, rate))
                if validates:
                    self._validate(loss, before, started)
                    line.say(self._summary())
                if saves:
                    self.save_checkpoint()
                if interrupt.received:
                    line.say(f"stopped at step {self.step}: --resume goes on from here")
                    raise KeyboardInterrupt
        return max(metrics.psnr for metrics in self.lines)

    def _update_weights(self, lr: Any, hr: Any) -> Any:
        lr, hr = (tf.cast(batch, tf.float32) / 255.0 for batch in (lr, hr))
        with tf.GradientTape() as tape:
            loss = pixel_loss(self.generator(lr, training=True), hr)
        variables = self.generator.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    def _finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise RunError(
                f"the loss is {loss} at step {self.step}: the last checkpoint is kept; "
                "a lower learning_rate or a longer warmup usually helps"
            )
        return loss

    def _validate(self, loss: float, before: float, started: float) -> None:
        self.twin.set_weights(self.generator.get_weights())
        centres = [centre_pair(photo) for photo in self.photographs.checking]
        results = [(upscale_rgb(self._upscale, lr), hr) for lr, hr in centres]
        psnr = float(np.mean([psnr_y(sr, hr, self.recipe.scale) for sr, hr in results]))
        seconds = before + time.monotonic() - started
        rate = float(_schedule(self.recipe)(self.step - 1))
        best = max((metrics.psnr for metrics in self.lines), default=-math.inf)
        self.lines.append(Metrics(self.step, loss, psnr, rate, seconds))
        if psnr >= best:
            save_generator(self.twin, self.run.generator)
            _write_sample(self.run, *centres[0], results[0][0])
        self.run.write_metrics(self.lines)

    def save_checkpoint(self) -> None:
        """Keep what `resume` continues from."""
        self._counter.assign(self.step)
        self._manager.save(checkpoint_number=self.step)

    def _note(self, loss: float, rate: float) -> str:
        psnr = f"  PSNR {self.lines[-1].psnr:.2f} dB" if self.lines else ""
        return f"{rate:.1f} steps/s  L1 {loss:.4f}{psnr}"

    def _summary(self) -> str:
        line = self.lines[-1]
        return f"step {line.step}: L1 {line.loss:.4f}, validation PSNR {line.psnr:.3f} dB"


def upscale_rgb(generator: Any, lr: Picture) -> Picture:
    """Run a float generator on one uint8 RGB picture: (h, w, 3) -> (s*h, s*w, 3) uint8."""
    output = generator(lr[None].astype(np.float32) / np.float32(255))
    levels = np.rint(np.asarray(output[0]) * 255.0)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _schedule(recipe: Recipe) -> Any:
    """Linear warm-up, then cosine decay to `final_rate` (Loshchilov and Hutter 2017, eq. 5)."""
    warmup = min(recipe.warmup, recipe.steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / max(warmup, 1),
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
        decay_steps=recipe.steps - warmup,
        alpha=recipe.final_rate,
    )


def _write_sample(run: RunFolder, lr: Picture, hr: Picture, sr: Picture) -> None:
    panel = side_by_side({**comparison(lr, sr), "original": hr})
    write_image(run.sample, ImageFile(panel[..., ::-1]))


@contextmanager
def _interruptible() -> Iterator[Interrupt]:
    """Turn the first Ctrl-C or SIGTERM into a flag; a second one acts at once."""
    interrupt = Interrupt()
    kinds = (signal.SIGINT, signal.SIGTERM)
    previous = {kind: signal.getsignal(kind) for kind in kinds}

    def restore() -> None:
        for kind, handler in previous.items():
            signal.signal(kind, handler)

    def on_signal(*_: object) -> None:
        interrupt.received = True
        restore()

    for kind in kinds:
        signal.signal(kind, on_signal)
    try:
        yield interrupt
    finally:
        restore()
