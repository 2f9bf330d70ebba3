"""Starting a run and resuming one: everything around the training loop, and the run's record."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.evaluation import evaluate_folder
from srgan_edge.lpips import Lpips
from srgan_edge.quality import Judge, Picture
from srgan_edge_train.content import HUB, ContentSource, content_source
from srgan_edge_train.distribution import Distribution
from srgan_edge_train.generators import generator_scale, load_generator
from srgan_edge_train.keras import tf
from srgan_edge_train.photographs import Photographs, describe
from srgan_edge_train.recipe import Recipe
from srgan_edge_train.run_folder import RunFolder, initial_weights
from srgan_edge_train.trainer import Trainer, settle_tensorflow
from srgan_edge_train.validation import upscale_rgb

_TOOLS = ("srgan-edge", "srgan-edge-train", "tensorflow", "tf-keras", "numpy", "pillow")


@dataclass(frozen=True)
class Settings:
    """What the command line says besides the recipe."""

    data: Path
    run: RunFolder
    workers: Distribution
    read: Callable[[Path, RunFolder, Recipe], Photographs]
    content_weights: Path | None
    evaluate: Path | None
    lpips_weights: Path | None

    @property
    def judge(self) -> Judge | None:
        """LPIPS, if its weights are there."""
        return Lpips(self.lpips_weights) if self.lpips_weights else None


@dataclass
class Start:
    """A run that is ready to train."""

    trainer: Trainer
    settings: Settings
    record: dict[str, Any]

    def train(self) -> dict[str, Any]:
        """Train to the end and complete the record, which is returned."""
        trainer, run = self.trainer, self.settings.run
        kept = trainer.train()
        record = {
            **self.record,
            "steps_done": trainer.step,
            "seconds": round(trainer.seconds),
            "validation": {
                "generator": _rounded({"psnr": kept.psnr, "lpips": kept.lpips}),
                "bicubic": _rounded(asdict(trainer.bicubic)),
            },
        }
        if self.settings.evaluate:
            kept = load_generator(run.generator)
            record["evaluation"]["end"] = measure(kept, self.settings)["generator"]
        run.remove_cache()  # before the record says that nothing is left to do
        run.write_record(record)
        return record


def new_run(settings: Settings, recipe: Recipe, init: str | None) -> Start:
    """Read the photographs, build the networks, and keep what makes the run resumable.

    Raises:
        InputError: whatever is wrong with what was given; nothing is left behind.
    """
    settle_tensorflow()
    _check_memory(recipe)
    run = settings.run
    first = initial_weights(init) if init else None
    content = content_source(settings.content_weights) if recipe.has_adversarial_phase else None
    with run.removed_on_failure():
        photographs = settings.read(settings.data, run, recipe)
        recipe = recipe.for_pictures(len(photographs.training))
        trainer = Trainer(run, recipe, photographs, settings.workers, content, settings.judge)
        if first:
            trainer.start_from(first)
        record = _record(settings, trainer, init)
        if settings.evaluate:
            found = measure(trainer.training.averaged, settings)
            names = {"data": str(settings.evaluate), "bicubic": found["bicubic"]}
            record["evaluation"] = {**names, "start": found["generator"]}
        run.write_recipe(recipe)
        run.write_calibration(photographs, recipe)
        trainer.save_checkpoint()
        run.write_record(record)  # last: what has a record can be resumed
    return Start(trainer, settings, record)


def _check_memory(recipe: Recipe) -> None:
    """Raise InputError when a step of a recipe cannot fit into this machine, by any count."""
    if tf.config.list_physical_devices("GPU") or not hasattr(os, "sysconf"):
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = recipe.least_bytes
    if needed > memory:
        raise InputError(
            f"recipe: batch {recipe.batch} of patch {recipe.patch} needs at least "
            f"{needed / 2**30:.0f} GB for a step, this machine has {memory / 2**30:.0f}"
        )


def resumed_run(settings: Settings, steps: int | None) -> Start:
    """Go back to the newest checkpoint of a run.

    Raises:
        InputError: no run, nothing left to do, or other pictures or content weights than before.
    """
    settle_tensorflow()
    run = settings.run
    record = run.read_record()
    settings = _as_started(settings, record)
    recipe = run.read_recipe().with_steps(steps)
    content = _recorded_content(record, settings) if recipe.has_adversarial_phase else None
    with run.cache_removed_on_bad_input():
        photographs = settings.read(settings.data, run, recipe)
        found, expected = describe(photographs), record.get("photographs", {})
        if any(found[kind] != expected.get(kind) for kind in ("training", "checking")):
            raise InputError(
                f"the pictures in {settings.data} are not those that the run in {run.path} was "
                "started with"
            )
        trainer = Trainer(run, recipe, photographs, settings.workers, content, settings.judge)
        trainer.resume(closed_at=record.get("steps_done"))
    if trainer.policy != record["policy"]:
        print(f"started in {record['policy']}, goes on in {trainer.policy}", file=sys.stderr)
    run.write_recipe(recipe)
    known = {"recipe": asdict(recipe), "content": _told(content, recipe)}
    return Start(trainer, settings, {**record, **known})


def measure(generator: Any, settings: Settings) -> dict[str, Any]:
    """PSNR, SSIM and LPIPS of a float generator, and bicubic's, on `--evaluate`."""
    assert settings.evaluate is not None
    mean = evaluate_folder(_Float(generator), settings.evaluate, settings.judge).mean
    return {
        "generator": _rounded(asdict(mean.model)),
        "bicubic": _rounded(asdict(mean.bicubic)),
    }


def _rounded(figures: dict[str, float | None]) -> dict[str, float]:
    """Those that were measured, with as many digits as say something."""
    return {name: round(value, 4) for name, value in figures.items() if value is not None}


class _Float:
    """A float generator as `evaluate_folder` takes it."""

    def __init__(self, generator: Any) -> None:
        self.scale = generator_scale(generator)
        self._run = tf.function(lambda lr: generator(lr, training=False), reduce_retracing=True)

    def __call__(self, frame: Picture) -> Picture:
        rgb = upscale_rgb(self._run, np.ascontiguousarray(frame[..., ::-1]))
        return rgb[..., ::-1]


def _as_started(settings: Settings, record: dict[str, Any]) -> Settings:
    """What a run is measured with and on stays what it was started with."""
    started = record.get("evaluation", {}).get("data")
    folder = settings.evaluate or (Path(started) if started else None)
    if folder and str(folder) != started:
        raise InputError(
            f"the run was started with --evaluate {started or 'left out'}, got {folder}: "
            "before and after must be measured on the same pictures"
        )
    if folder and not folder.is_dir():
        raise InputError(f"the folder to evaluate on is gone: {folder}")
    judge = settings.lpips_weights or (Path(p) if (p := record.get("lpips_weights")) else None)
    return replace(settings, evaluate=folder, lpips_weights=judge)


def _told(content: ContentSource | None, recipe: Recipe) -> dict[str, Any] | None:
    """The content network, for the record."""
    return {**asdict(content), "layers": recipe.content_layers} if content else None


def _recorded_content(record: dict[str, Any], settings: Settings) -> ContentSource:
    """The content network of a run that is resumed, from where it was or from a copy of it."""
    recorded = record.get("content") or {}
    if settings.content_weights is None and recorded.get("weights", HUB) != HUB:
        settings = replace(settings, content_weights=Path(recorded["weights"]))
    source = content_source(settings.content_weights)
    if recorded and not source.matches(recorded):
        raise InputError(
            f"the run was started with the content weights {recorded['weights']}, "
            f"{source.weights} are others"
        )
    return source


def _record(settings: Settings, trainer: Trainer, init: str | None) -> dict[str, Any]:
    """What somebody needs to know to judge or repeat the run."""
    recipe = trainer.recipe
    return {
        "version": 1,
        "date": date.today().isoformat(),
        "data": str(settings.data.resolve()),
        "recipe": asdict(recipe),
        "init": init,
        "content": _told(trainer.content, recipe),
        "lpips_weights": str(settings.lpips_weights) if settings.lpips_weights else None,
        "policy": trainer.policy,
        "replicas": settings.workers.replicas,
        "tools": {name: importlib.metadata.version(name) for name in _TOOLS},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "photographs": describe(trainer.photographs),
    }
