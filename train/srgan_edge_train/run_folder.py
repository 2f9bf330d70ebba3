"""Everything that a training run leaves on disk.

RUN/recipe.toml       the recipe that is in effect
RUN/run.json          the record: data, versions, start, result
RUN/metrics.csv       a line per validation
RUN/curves.png        the losses and the quality over the steps
RUN/generator.keras   the generator that is kept so far
RUN/fidelity.keras    what the fidelity phase ended with, of a recipe that has two phases
RUN/calibration.npz   crops that let `convert` quantise without the photographs
RUN/sample.png        LR | bicubic | SR | HR of pictures kept back, by that generator
RUN/panels/           the same at every validation
RUN/tensorboard/      scalars and panels: tensorboard --logdir RUN
RUN/checkpoints/      what --resume continues from
RUN/cache/            decoded pixels, removed when the run is complete
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import DiskError, InputError
from srgan_edge.files import whole_file, write_text
from srgan_edge.run_record import LOCK_NAME, RECORD_NAME, read_record
from srgan_edge_train.patches import camera_pair, crop_pair
from srgan_edge_train.photographs import Photographs
from srgan_edge_train.recipe import Recipe, read_recipe

CALIBRATION_CROPS = 32
_CHECK_CROPS = 16


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run, and how they are written and read."""

    path: Path

    @property
    def generator(self) -> Path:
        """The generator that is kept so far."""
        return self.path / "generator.keras"

    @property
    def fidelity(self) -> Path:
        """The generator at the end of the fidelity phase."""
        return self.path / "fidelity.keras"

    @property
    def metrics(self) -> Path:
        """The figures, a line per validation."""
        return self.path / "metrics.csv"

    @property
    def curves(self) -> Path:
        """Their plot."""
        return self.path / "curves.png"

    @property
    def tensorboard(self) -> Path:
        """Event files."""
        return self.path / "tensorboard"

    @property
    def checkpoints(self) -> Path:
        """What `--resume` continues from."""
        return self.path / "checkpoints"

    @property
    def cache(self) -> Path:
        """Decoded pixels."""
        return self.path / "cache"

    @property
    def sample(self) -> Path:
        """The panel of the generator that is kept."""
        return self.path / "sample.png"

    def panel(self, step: int) -> Path:
        """The panel of the validation after so many steps."""
        return self.path / "panels" / f"step-{step:08}.png"

    def keep_sample(self, step: int) -> None:
        """Copy that panel to where people look first."""
        with whole_file(self.sample) as part:
            shutil.copyfile(self.panel(step), part)

    @property
    def calibration(self) -> Path:
        """Crops for quantisation without the photographs."""
        return self.path / "calibration.npz"

    @contextmanager
    def removed_on_failure(self) -> Iterator[None]:
        """Leave nothing behind when a new run fails before its first step.

        Raises:
            InputError: the folder already holds a run or anything else.
        """
        self._require_unused()
        was_empty = not self.path.is_dir() or {path.name for path in self.path.iterdir()} <= {
            LOCK_NAME
        }
        try:
            yield
        except BaseException:
            if was_empty:
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    @contextmanager
    def cache_removed_on_bad_input(self) -> Iterator[None]:
        """Give the space of the decoded pixels back when a run cannot be resumed."""
        try:
            yield
        except InputError:
            self.remove_cache()
            raise

    def _is_cut_off(self) -> bool:
        """Whether a start left this before its record, the last thing it writes."""
        left = {path.name for path in self.path.iterdir() if not path.name.startswith(".")}
        return left <= {"cache", "checkpoints", "recipe.toml", "calibration.npz"}

    def _require_unused(self) -> None:
        """Raise InputError when the folder already holds a run or anything else."""
        if not self.path.is_dir() or self._is_cut_off():
            return
        if (self.path / RECORD_NAME).is_file():
            raise InputError(f"{self.path} already holds a run: add --resume or choose another -o")
        raise InputError(f"{self.path} already holds other files: choose another -o")

    def write_recipe(self, recipe: Recipe) -> None:
        """Keep the recipe that is in effect."""
        write_text(self.path / "recipe.toml", recipe.to_toml())

    def read_recipe(self) -> Recipe:
        """The recipe of a run that is there. Raises InputError when there is none."""
        path = self.path / "recipe.toml"
        if not path.is_file():
            raise InputError(f"nothing to resume in {self.path}: it has no recipe.toml")
        return read_recipe(path)

    def write_record(self, record: dict[str, Any]) -> None:
        """Keep the record of the run."""
        write_text(self.path / RECORD_NAME, json.dumps(record, indent=1) + "\n")

    def read_record(self) -> dict[str, Any]:
        """The record of a run that is there. Raises InputError when there is none."""
        if not (self.path / RECORD_NAME).is_file() and (self.path / "cache").is_dir():
            raise InputError(
                f"the run in {self.path} was cut off before its first step: leave --resume out, "
                "and it begins anew"
            )
        return read_record(self.path)

    def require_there(self) -> None:
        """Look whether the folder is still there. Half of a run must not appear in its place.

        Raises:
            DiskError: it is gone.
        """
        if not (self.path / RECORD_NAME).is_file():
            raise DiskError(f"the run in {self.path} was taken away while it was trained")

    def write_calibration(self, photographs: Photographs, recipe: Recipe) -> None:
        """Keep training crops to calibrate on, and kept-back crops to check with."""
        random = np.random.default_rng(0)
        pair = camera_pair if recipe.degradation == "camera" else crop_pair

        def crops(pictures: list[Any], count: int) -> list[Any]:
            chosen = random.integers(len(pictures), size=count)
            return [pair(pictures[index], recipe.patch, random) for index in chosen]

        seen = crops(photographs.training, CALIBRATION_CROPS)
        unseen = crops(photographs.checking, _CHECK_CROPS)
        with whole_file(self.calibration) as part:
            np.savez_compressed(
                part,
                lr=np.stack([lr for lr, _ in seen]),
                check_lr=np.stack([lr for lr, _ in unseen]),
                check_hr=np.stack([hr for _, hr in unseen]),
            )

    def remove_cache(self) -> None:
        """Give the disk space of the decoded pixels back."""
        shutil.rmtree(self.cache, ignore_errors=True)


def initial_weights(name_or_path: str) -> Path:
    """Where the generator of `--init` lies: a name among the shipped weights, or a path.

    Raises:
        InputError: neither.
    """
    here = Path(__file__).parent
    # In a wheel the weights are inside the package, in a checkout beside it.
    for folder in (here / "weights", here.parent / "weights"):
        shipped = folder / f"{name_or_path}.keras"
        if shipped.is_file():
            return shipped
    path = Path(name_or_path)
    path = RunFolder(path).generator if path.is_dir() else path
    if path.is_file():
        return path
    raise InputError(f"no generator {name_or_path!r}: give edge or the path of a generator.keras")
