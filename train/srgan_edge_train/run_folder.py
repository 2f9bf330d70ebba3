"""Everything that a training run leaves on disk.

RUN/recipe.toml       the recipe that is in effect
RUN/run.json          the record: data, versions, start, result
RUN/metrics.csv       a line per validation
RUN/generator.keras   the best generator so far by validation PSNR
RUN/calibration.npz   crops that let `convert` quantise without the photographs
RUN/sample.png        nearest | bicubic | ours | original of a picture kept back
RUN/checkpoints/      what --resume continues from
RUN/cache/            decoded pixels, removed when the run is complete
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.files import whole_file, write_text
from srgan_edge.run_record import RECORD_NAME, read_record
from srgan_edge_train.patches import crop_pair
from srgan_edge_train.photographs import Photographs
from srgan_edge_train.recipe import Recipe, read_recipe

CALIBRATION_CROPS = 32
_CHECK_CROPS = 16


@dataclass(frozen=True)
class Metrics:
    """One line of `metrics.csv`."""

    step: int
    loss: float
    psnr: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run, and how they are written and read."""

    path: Path

    @property
    def generator(self) -> Path:
        """The best generator so far."""
        return self.path / "generator.keras"

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
        """The panel of a kept-back picture."""
        return self.path / "sample.png"

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
        was_empty = not self.path.is_dir() or not any(self.path.iterdir())
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
        return read_record(self.path)

    def write_metrics(self, lines: Iterable[Metrics]) -> None:
        """Write the whole table; it is short."""
        with whole_file(self.path / "metrics.csv") as part, part.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["step", "loss", "psnr", "learning_rate", "seconds"])
            for line in lines:
                values = (f"{line.loss:.6f}", f"{line.psnr:.4f}", f"{line.learning_rate:.3e}")
                table.writerow([line.step, *values, f"{line.seconds:.1f}"])

    def read_metrics(self, until: int) -> list[Metrics]:
        """The lines up to step `until`: a resumed run repeats what came after its checkpoint."""
        path = self.path / "metrics.csv"
        if not path.is_file():
            return []
        try:
            with path.open(newline="", encoding="utf-8") as file:
                lines = [
                    Metrics(int(row["step"]), *(float(row[key]) for key in list(row)[1:]))
                    for row in csv.DictReader(file)
                ]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path} is damaged: {error}") from None
        return [line for line in lines if line.step <= until]

    def write_calibration(self, photographs: Photographs, patch: int) -> None:
        """Keep training crops to calibrate on, and kept-back crops to check with."""
        random = np.random.default_rng(0)

        def crops(pictures: list[Any], count: int) -> list[Any]:
            chosen = random.integers(len(pictures), size=count)
            return [crop_pair(pictures[index], patch, random) for index in chosen]

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
    if path.is_file():
        return path
    raise InputError(f"no generator {name_or_path!r}: give edge or the path of a generator.keras")
