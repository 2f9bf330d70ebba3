"""How many pictures a second SRGAN training takes, beside the loop as tutorials write it.

    python -m benchmarks.training_speed            # about five minutes on two cores
    python -m benchmarks.training_speed --quick    # whether it works; no figures worth keeping

Same networks, same pictures, same machine, candidates in turn. Both sides have random VGG19 weights
up to block3_conv4. Every line adds one trick to the line above. The lines with batch 1 and float32
train with the plain loop's settings, so their losses must agree with its. TensorFlow is as it
comes, without the op determinism that `srgan-edge train` turns on. Features of the originals are
computed once a step on both sides; random crops leave nothing to keep over epochs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.plain_srgan import PlainLoop
from srgan_edge.files import write_text
from srgan_edge.progress import ProgressLine
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.networks.vgg import vgg19
from srgan_edge_train.patches import Patches
from srgan_edge_train.photographs import load_photographs
from srgan_edge_train.precision import dtype_policy
from srgan_edge_train.recipe import Recipe, load_recipe
from srgan_edge_train.step import TrainingStep

_LAYER = "block3_conv4"
_SEED = 5
_RATE = 1e-3
# Relative, of the first step's losses. The discriminator's are read after its first update by Adam,
# the adversarial one after both: Adam's first step is the gradient's sign, and where a gradient is
# nearly zero, rounding decides it, otherwise on every machine.
_TOLERANCE = {"loss": 1e-3, "content": 1e-5, "adversarial": 0.1, "d_loss": 1e-2, "d_accuracy": 0}
_WARM_UP_STEPS = 2

Step = Callable[[Any, Any], dict[str, float]]
Batch = tuple[Any, Any]


@dataclass
class Candidate:
    """One way to train, and what it took: seconds a picture."""

    name: str
    batch: int
    step: Step
    seconds: list[float] = field(default_factory=list)
    losses: list[dict[str, float]] = field(default_factory=list)

    def run(self, pictures: Batch, steps: int) -> None:
        """Time some steps on pictures (n, ...) of which each step takes the first ones."""
        lr, hr = (side[: self.batch] for side in pictures)
        started = time.perf_counter()
        for _ in range(steps):
            self.losses.append(self.step(lr, hr))
        self.seconds.append((time.perf_counter() - started) / steps / self.batch)


def candidates(batch: int, bfloat16: bool) -> list[Candidate]:
    """The plain loop, and ours with one trick after another; all from the same weights."""
    plain = PlainLoop(_LAYER, _SEED)
    recipe = replace(load_recipe("srgan"), content_layers=(_LAYER,), seed=_SEED)
    found = [
        Candidate("plain Keras loop", 1, plain.step),
        Candidate("one fused tf.function", 1, _fused(recipe, plain, slow=("adam", "resolution"))),
        Candidate("+ fused Adam kernel", 1, _fused(recipe, plain, slow=("resolution",))),
        Candidate("+ convolutions before enlarging", 1, _fused(recipe, plain)),
        Candidate(f"+ batch {batch}", batch, _fused(recipe, plain)),
    ]
    if bfloat16:
        reduced = [_fused(recipe, plain, "mixed_bfloat16") for _ in range(2)]
        found.append(Candidate("+ mixed bfloat16", batch, reduced[0]))
        found.append(Candidate("mixed bfloat16, batch 1", 1, reduced[1]))
    return found


def _fused(
    recipe: Recipe, plain: PlainLoop, policy: str = "float32", slow: tuple[str, ...] = ()
) -> Step:
    """Our training step, from the plain loop's weights; without the tricks named in `slow`."""
    content = vgg19((_LAYER,), policy)
    content.set_weights(plain.content.get_weights())
    training = TrainingStep(recipe, policy, content)
    training.generator.set_weights(plain.generator.get_weights())
    training.discriminator.set_weights(plain.discriminator.get_weights())
    if "resolution" in slow:
        training.generate = training.generator
    if "adam" in slow:
        training.optimizer = keras.optimizers.Adam(_RATE)
        training.optimizer.build(training.generator.trainable_variables)
        training.discriminator_optimizer = keras.optimizers.Adam(_RATE)
        training.discriminator_optimizer.build(training.discriminator.trainable_variables)
    training.set_rate(_RATE)
    run = tf.function(training.adversarial, autograph=False)

    def step(lr: Any, hr: Any) -> dict[str, float]:
        return {name: float(value) for name, value in run(lr, hr).items()}

    return step


def pictures(count: int) -> Batch:
    """Crops of the sample photographs: LR (n, 32, 32, 3) and HR (n, 128, 128, 3) uint8."""
    folder = Path(__file__).parent.parent / "tests" / "samples" / "photos"
    with tempfile.TemporaryDirectory() as cache:
        photographs = load_photographs(folder, Path(cache), 4, 32)
        return Patches(photographs.training, 32, count, _SEED).at(0)


def same_losses(first: Candidate, second: Candidate) -> dict[str, float]:
    """The relative difference of each loss of the first step, same weights, same settings."""
    ours, theirs = first.losses[0], second.losses[0]
    return {k: abs(theirs[k] - ours[k]) / max(abs(ours[k]), 1e-6) for k in ours}


def measure(found: Sequence[Candidate], batch: Batch, rounds: int, steps: int) -> None:
    """Run the candidates in turn, so that a slow moment of the machine hits all."""
    for candidate in found:  # these build the graphs
        candidate.run(batch, _WARM_UP_STEPS)
        candidate.seconds.clear()
    with ProgressLine("measuring", rounds) as line:
        for done in range(1, rounds + 1):
            for candidate in found:
                candidate.run(batch, max(1, steps // candidate.batch))
            line.update(done)


def table(found: Sequence[Candidate]) -> str:
    """Markdown: seconds and pictures a second, and the ratio to the plain loop."""
    rows = [
        "| training | batch | s a picture | pictures/s | times the plain loop |",
        "|---|---|---|---|---|",
    ]
    plain = statistics.median(found[0].seconds)
    for one in found:
        median = statistics.median(one.seconds)
        low, high = min(one.seconds), max(one.seconds)
        spread = f"{median:.3f} ({low:.3f} to {high:.3f})"
        rows.append(
            f"| {one.name} | {one.batch} | {spread} | {1 / median:.2f} | {plain / median:.2f} |"
        )
    return "\n".join(rows)


def main() -> int:
    """Measure, print, and fail when losses that should agree do not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round, batch 2")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    batch, rounds, steps = (2, 1, 2) if options.quick else (16, 5, 16)
    bfloat16 = dtype_policy("auto") == "mixed_bfloat16"
    found = candidates(batch, bfloat16)
    measure(found, pictures(batch), rounds, steps)
    differences = same_losses(found[0], found[3])
    print(table(found))
    print(f"\nthis CPU {'multiplies' if bfloat16 else 'does not multiply'} in bfloat16")
    print("relative difference of the first step's losses, plain and fused:")
    print(", ".join(f"{name} {value:.1e}" for name, value in differences.items()))
    if options.json:
        seconds = {f"{one.name}, batch {one.batch}": one.seconds for one in found}
        write_text(options.json, json.dumps({"seconds": seconds, "losses": differences}, indent=1))
    return 0 if all(differences[name] <= most for name, most in _TOLERANCE.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
