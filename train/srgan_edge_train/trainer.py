"""The training loop, from a recipe and photographs to `generator.keras`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError, RunError
from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Judge
from srgan_edge_train.checkpoints import Checkpoints
from srgan_edge_train.content import ContentSource, load_content
from srgan_edge_train.distribution import Distribution
from srgan_edge_train.generators import load_generator, save_generator
from srgan_edge_train.interrupt import interruptible
from srgan_edge_train.journal import Journal
from srgan_edge_train.keras import tf
from srgan_edge_train.means import Means
from srgan_edge_train.metrics import Metrics, plot, read_metrics
from srgan_edge_train.patches import Pair, Patches, centre_pair
from srgan_edge_train.photographs import Photographs
from srgan_edge_train.precision import dtype_policy
from srgan_edge_train.recipe import Recipe
from srgan_edge_train.run_folder import RunFolder
from srgan_edge_train.schedule import rate_at
from srgan_edge_train.step import TrainingStep
from srgan_edge_train.validation import Figures, Validator

_REPORT_EVERY = 20  # steps between two updates of the progress line and of TensorBoard
_NORMALISED_ON = 32  # pictures that set the scale of a content network from the hub


@dataclass
class Trainer:
    """One run, with fresh weights until `start_from` or `resume`."""

    run: RunFolder
    recipe: Recipe
    photographs: Photographs
    workers: Distribution
    content: ContentSource | None = None
    judge: Judge | None = None
    step: int = 0
    _before: float = field(default=0.0, init=False)
    _started: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        recipe, workers = self.recipe, self.workers
        for batch in (recipe.batch, recipe.adversarial_crops[1]):
            workers.check_batch(batch)
        self.policy = dtype_policy(recipe.precision)
        with workers.scope():
            self.training = TrainingStep(
                recipe, self.policy, self._load_content(), replicas=workers.replicas
            )
        self._fidelity, self._adversarial = (
            workers.compiled(step, self.training.follow)
            for step in (self.training.fidelity, self.training.adversarial)
        )
        self._means = Means()
        self._journal = Journal(self.run)
        self._seconds = tf.Variable(0.0, dtype=tf.float64, name="seconds")
        state = {**self.training.state, "means": self._means.saved, "seconds": self._seconds}
        self._checkpoints = Checkpoints(self.run.checkpoints, **state)
        checking = self.photographs.checking
        self._validate = Validator(self.training.averaged, checking, recipe, self.judge)

    def start_from(self, path: Path) -> None:
        """Copy the weights of a generator of the same shape (`--init`).

        Raises:
            InputError: it cannot be loaded, or its layers are not this recipe's.
        """
        weights, recipe = load_generator(path).get_weights(), self.recipe
        try:
            self.training.generator.set_weights(weights)
            self.training.averaged.set_weights(weights)
        except ValueError:
            shape = f"{recipe.channels} channels, {recipe.convs} convolutions, rank {recipe.rank}"
            shape = shape if recipe.generator == "edge" else "its residual blocks"
            raise InputError(
                f"{path} does not fit the recipe: it must be a {recipe.generator} generator "
                f"with scale {recipe.scale}, {shape}"
            ) from None

    def resume(self, closed_at: int | None) -> None:
        """Go back to the newest checkpoint.

        Args:
            closed_at: the step at which the run was completed and its record closed, if it was.

        Raises:
            InputError: there is none, or nothing is left to do.
        """
        self.step = self._checkpoints.restore()
        if self.step > self.recipe.steps or closed_at == self.step == self.recipe.steps:
            raise InputError(
                f"the run in {self.run.path} is complete at step {self.step}: "
                f"give --steps a higher number than {self.step} to train on"
            )
        self._means.restore()
        self._journal.lines = read_metrics(self.run.metrics, until=self.step)
        self._before = float(self._seconds)

    def train(self) -> Metrics:
        """Run to the recipe's last step; returns the figures of the generator that is kept.

        Raises:
            RunError: a loss is not finite, or the disk is full.
            KeyboardInterrupt: after Ctrl-C or SIGTERM, with a checkpoint kept.
        """
        recipe, first = self.recipe, self.step
        self._started = time.monotonic()
        with ProgressLine("training", recipe.steps) as line, interruptible() as interrupt:
            try:
                for lr, hr in self._batches():
                    terms = self._run_step(lr, hr)
                    self.run.require_there()
                    last = self.step == recipe.steps
                    if self.step % _REPORT_EVERY == 0 or last:
                        rate = (self.step - first) / (time.monotonic() - self._started)
                        line.update(self.step, self._note(terms, rate))
                        self._journal.steps(self.step, {**terms, "steps_per_second": rate})
                    if self.step % recipe.validate_every == 0 or self._ends_phase():
                        self._require_finite(self.training.all_finite(), "a weight is")
                        line.say(self._report_validation().summary())
                    if self.step % recipe.checkpoint_every == 0 or last or interrupt.received:
                        self.save_checkpoint()
                    if interrupt.received:
                        line.say(self._stopped())
                        raise KeyboardInterrupt
            finally:
                self._journal.close()
        title = f"{recipe.name}, {recipe.steps} steps"
        plot(self.run.curves, self._journal.lines, title, asdict(self.bicubic))
        return self._kept()

    @property
    def seconds(self) -> float:
        """What the run took so far, without the time between a stop and `resume`."""
        return self._before + (time.monotonic() - self._started if self._started else 0.0)

    @cached_property
    def bicubic(self) -> Figures:
        """What bicubic enlargement reaches on the pictures kept back."""
        return self._validate.bicubic()

    def save_checkpoint(self) -> None:
        """Keep what `resume` continues from.

        Raises:
            RunError: a weight is not finite, or the disk is full.
        """
        self._require_finite(self.training.all_finite(), "a weight is")
        self._means.store()
        self._seconds.assign(self.seconds)
        self._checkpoints.save(self.step)

    def _stopped(self) -> str:
        if not self.workers.is_chief:
            return f"stopped at step {self.step}: stop the other workers, too"
        return f"stopped at step {self.step}: --resume goes on from here"

    def _batches(self) -> Iterator[Pair]:
        """The batches that are left, phase after phase."""
        recipe = self.recipe
        switch = recipe.fidelity_steps if recipe.has_adversarial_phase else recipe.steps
        if self.step < switch:
            patches = self._patches(recipe.patch, recipe.batch)
            yield from patches.between(self.step, switch)
        patches = self._patches(*recipe.adversarial_crops, noise=recipe.adversarial_noise)
        yield from patches.between(max(self.step, switch), recipe.steps)

    def _patches(self, patch: int, batch: int, noise: float = 0.0) -> Patches:
        recipe = self.recipe
        return Patches(
            self.photographs.training,
            patch,
            batch,
            recipe.seed,
            sampling=recipe.sampling,
            degraded_by=recipe.degradation,
            noise=noise,
        )

    def _run_step(self, lr: Any, hr: Any) -> dict[str, float]:
        adversarial = self.recipe.is_adversarial_at(self.step)
        self.training.set_rate(rate_at(self.recipe, self.step))
        run = self._adversarial if adversarial else self._fidelity
        try:
            results = run(self.workers.shared(lr), self.workers.shared(hr))
            terms = {name: float(value) for name, value in results.items()}
        except tf.errors.OpError as error:  # another worker is gone, or the memory is full
            reason = str(error).splitlines()[0][:160]
            raise RunError(f"step {self.step + 1} failed: {reason}") from None
        self.step += 1
        self._require_finite(all(map(math.isfinite, terms.values())), "a loss is")
        self._means.add(terms)
        return terms

    def _require_finite(self, finite: bool, what: str) -> None:
        if not finite:
            raise RunError(
                f"{what} not finite at step {self.step}: the last checkpoint is kept; "
                "a lower learning rate or a longer warmup usually helps"
            )

    def _ends_phase(self) -> bool:
        return self.step in (self.recipe.steps, self.recipe.fidelity_steps)

    def _report_validation(self) -> Metrics:
        if not self.recipe.average:
            self.training.copy_weights()
        validation = self._validate()
        means: dict[str, Any] = self._means.take()
        line = Metrics(
            step=self.step,
            **means,
            psnr=validation.figures.psnr,
            lpips=validation.figures.lpips,
            learning_rate=rate_at(self.recipe, self.step - 1),
            seconds=self.seconds,
        )
        self._journal.validation(line, validation)
        if self._kept() is line:
            save_generator(self.training.averaged, self.run.generator)
            self.run.keep_sample(self.step)
        if self.step == self.recipe.fidelity_steps and self.recipe.has_adversarial_phase:
            save_generator(self.training.averaged, self.run.fidelity)
        return line

    def _kept(self) -> Metrics:
        """Of a fidelity run the best by PSNR; of an adversarial one the last: PSNR falls there."""
        lines = self._journal.lines
        if self.recipe.is_adversarial_at(self.step - 1):
            return lines[-1]
        return max(reversed(lines), key=lambda line: line.psnr)

    def _load_content(self) -> Any:
        if self.content is None:
            return None
        training = self.photographs.training[:_NORMALISED_ON]
        side = min(min(photo.lr.shape[:2]) for photo in training)
        pictures = np.stack([centre_pair(photo, min(side, 32))[1] for photo in training])
        layers = self.recipe.content_layers
        return load_content(self.content, layers, pictures.astype(np.float32) / 255, self.policy)

    def _note(self, terms: dict[str, float], rate: float) -> str:
        lines = self._journal.lines
        psnr = f"  PSNR {lines[-1].psnr:.2f} dB" if lines else ""
        d_loss = f"  d_loss {terms['d_loss']:.3f}" if "d_loss" in terms else ""
        return f"{rate:.1f} steps/s  loss {terms['loss']:.4f}{d_loss}{psnr}"


def settle_tensorflow() -> None:
    """The same run twice gives the same bits. Costs no time on a CPU (measured)."""
    tf.config.experimental.enable_op_determinism()
    # Fails on this graph with a message that is not for the person who trains; saves no time.
    tf.config.optimizer.set_experimental_options({"remapping": False})
