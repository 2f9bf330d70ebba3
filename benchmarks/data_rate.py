"""Whether the data pipeline keeps up: batches a second with the training step replaced by nothing.

    python -m benchmarks.data_rate             # about two minutes
    python -m benchmarks.data_rate --quick     # whether it works

Each recipe's phases, on the sample photographs: the rate of the batches alone, the rate of the real
steps, and their ratio, which should be at least 5.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from srgan_edge_train.keras import tf
from srgan_edge_train.networks.vgg import vgg19
from srgan_edge_train.patches import Pair, Patches
from srgan_edge_train.photographs import Photograph, load_photographs
from srgan_edge_train.precision import dtype_policy
from srgan_edge_train.recipe import RECIPES, Recipe, load_recipe
from srgan_edge_train.step import TrainingStep
from srgan_edge_train.trainer import settle_tensorflow

LEAST_RATIO = 5.0


@dataclass(frozen=True)
class Rate:
    """Of one phase of one recipe, per second."""

    phase: str
    batches: float
    steps: float

    @property
    def ratio(self) -> float:
        """How many times as many batches come as steps take."""
        return self.batches / self.steps


def photographs(recipe: Recipe) -> list[Photograph]:
    """The sample photographs, decoded."""
    folder = Path(__file__).parent.parent / "tests" / "samples" / "photos"
    with tempfile.TemporaryDirectory() as cache:
        return load_photographs(
            folder,
            Path(cache),
            recipe.scale,
            recipe.least_side,
            camera_versions=recipe.camera_versions if recipe.degradation == "camera" else 0,
        ).training


def rates(recipe: Recipe, seconds: float) -> Iterator[Rate]:
    """Measure each phase for about so many seconds, batches and steps in turn."""
    policy = dtype_policy(recipe.precision)
    training = TrainingStep(recipe, policy, vgg19(recipe.content_layers, policy))
    pictures = photographs(recipe)
    phases = [("fidelity", recipe.patch, recipe.batch, training.fidelity)]
    phases.append(("adversarial", *recipe.adversarial_crops, training.adversarial))
    for name, patch, batch, step in phases[0 if recipe.fidelity_steps else 1 :]:
        patches = Patches(
            pictures,
            patch,
            batch,
            recipe.seed,
            sampling=recipe.sampling,
            degraded_by=recipe.degradation,
        )
        run = tf.function(step, autograph=False)
        fixed = patches.at(0)
        run(*fixed)
        delivered = _per_second(patches.between(0, 10**9), seconds)
        taken = _per_second((run(*fixed)["loss"].numpy() for _ in itertools.count()), seconds)
        yield Rate(f"{recipe.name}, {name}, {batch} x {patch}x{patch}", delivered, taken)


def _per_second(things: Iterator[Pair] | Iterator[float], seconds: float) -> float:
    started, count = time.perf_counter(), 0
    for _ in things:
        count += 1
        if time.perf_counter() - started >= seconds:
            break
    return count / (time.perf_counter() - started)


def main() -> int:
    """Measure and print; exit code 1 when a pipeline is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="half a second each, nothing judged")
    quick = parser.parse_args().quick
    settle_tensorflow()
    print("| phase | batches/s | steps/s | ratio |\n|---|---|---|---|")
    ratios = []
    for name in RECIPES:
        for rate in rates(load_recipe(name), 0.5 if quick else 8.0):
            print(f"| {rate.phase} | {rate.batches:.0f} | {rate.steps:.2f} | {rate.ratio:.0f} |")
            ratios.append(rate.ratio)
    return 0 if quick or min(ratios) >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
