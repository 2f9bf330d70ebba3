"""What a conversion calibrates with, fine-tunes on, and is checked against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.files import check_npz
from srgan_edge.quality import Picture
from srgan_edge.run_record import RECORD_NAME, read_record
from srgan_edge_train.keras_file import first_line
from srgan_edge_train.patches import Patches, centre_pair
from srgan_edge_train.photographs import Photographs
from srgan_edge_train.run_folder import CALIBRATION_CROPS, RunFolder

# Small steps, many of them: detail is local. A crop still shows more than most networks' reach.
_BATCH, _PATCH = 8, 32

ReadPhotographs = Callable[[Path], Photographs]


@dataclass(frozen=True)
class Pictures:
    """RGB uint8 pictures of one conversion.

    Attributes:
        source: where they came from, for the person.
        calibration: LR crops (n, p, p, 3).
        checks: pairs of LR and HR that are neither calibrated with nor trained on.
        photographs: the whole set to fine-tune on, or None when there are only crops.
        patch: side of an LR crop.
        seed: which crops are seen.
    """

    source: str
    calibration: Picture
    checks: list[tuple[Picture, Picture]]
    photographs: Photographs | None
    patch: int
    seed: int

    def batches(self) -> Iterator[Picture]:
        """LR batches (8, 32, 32, 3) to fine-tune on, without end."""
        if self.photographs is None:
            raise InputError("there are no photographs to fine-tune on: give --data")
        patches = Patches(self.photographs.training, min(self.patch, _PATCH), _BATCH, self.seed)
        step = 0
        while True:
            yield patches.at(step)[0]
            step += 1


def find_pictures(
    generator: Path, data: Path | None, patch: int, seed: int, read: ReadPhotographs
) -> Pictures | None:
    """The pictures of `data`; else those of the generator's own run; else the crops kept in it.

    Args:
        generator: a run's `generator.keras`, or one that stands alone.
        data: a folder of photographs, or None.
        patch: side of an LR crop to calibrate on.
        seed: which crops are seen.
        read: decodes a folder of photographs.

    Returns:
        None for a generator that stands alone, without `data`.

    Raises:
        InputError: `data` cannot be used, or the kept crops are damaged.
    """
    if data is not None:
        return _from_photographs(read(data), patch, seed, str(data))
    run = RunFolder(generator.parent)
    recorded = Path(run_record(generator).get("data", ""))
    if recorded.name and recorded.is_dir():
        try:
            return _from_photographs(
                read(recorded), patch, seed, f"the run's photographs in {recorded}"
            )
        except InputError:
            pass  # they are no longer what they were: the crops are
    return _from_crops(run.calibration) if run.calibration.is_file() else None


def run_record(generator: Path) -> dict[str, Any]:
    """The record of the run that a generator lies in; empty when it stands alone."""
    run = generator.parent
    return read_record(run) if (run / RECORD_NAME).is_file() else {}


def _from_photographs(photographs: Photographs, patch: int, seed: int, source: str) -> Pictures:
    patches = Patches(photographs.training, patch, CALIBRATION_CROPS, seed + 1)
    checks = [centre_pair(photograph) for photograph in photographs.checking]
    return Pictures(source, patches.at(0)[0], checks, photographs, patch, seed)


def _from_crops(path: Path) -> Pictures:
    try:
        check_npz(path)
        with np.load(path, allow_pickle=False) as crops:
            lr, check_lr, check_hr = crops["lr"], crops["check_lr"], crops["check_hr"]
        _check_crops(lr, check_lr, check_hr)
    except Exception as error:  # numpy raises many kinds for what is no npz
        raise InputError(f"cannot read the crops kept in {path}: {first_line(error)}") from None
    checks = list(zip(check_lr, check_hr, strict=True))
    return Pictures(f"{len(lr)} crops kept in the run", lr, checks, None, lr.shape[1], seed=0)


def _check_crops(lr: Picture, check_lr: Picture, check_hr: Picture) -> None:
    """Raise ValueError for what are no square pictures, or no pairs of them."""
    for crops in (lr, check_lr, check_hr):
        square = crops.ndim == 4 and crops.shape[1] == crops.shape[2] and crops.shape[3] == 3
        if crops.dtype != np.uint8 or not square or 0 in crops.shape:
            raise ValueError(f"crops of the shape {crops.shape}, {crops.dtype}")
    if len(check_lr) != len(check_hr) or check_hr.shape[1] % check_lr.shape[1]:
        raise ValueError("crops to check with that are no pairs")
