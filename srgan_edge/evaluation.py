"""A model's quality on a folder of originals, beside bicubic's, by the usual protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.images import IMAGE_SUFFIXES, find_files, read_rgb
from srgan_edge.progress import ProgressLine
from srgan_edge.quality import (
    Judge,
    Picture,
    Quality,
    compare,
    crop_to_multiple,
    degrade,
    resize_bicubic,
)
from srgan_edge.upscales import Upscales, upscale_rgb

Reduce = Callable[[Picture, int], Picture]

# SSIM looks through a window of 11 pixels, inside the border that is shaved.
_LEAST_SIDE = 11


@dataclass(frozen=True)
class Row:
    """One picture's quality, or the mean of all."""

    name: str
    model: Quality
    bicubic: Quality


@dataclass(frozen=True)
class Evaluation:
    """All pictures, their mean, and what was passed over and why."""

    pictures: list[Row]
    mean: Row
    skipped: dict[str, str]


def evaluate_folder(
    upscaler: Upscales, folder: Path, judge: Judge | None = None, reduce: Reduce = degrade
) -> Evaluation:
    """Reduce, upscale and compare every picture below `folder`.

    Args:
        upscaler: what is measured.
        folder: sharp originals.
        judge: measures LPIPS as well.
        reduce: makes LR of HR (h, w, 3) uint8 RGB; antialiased bicubic unless given.

    Raises:
        InputError: no such folder, or no picture in it that can be measured.
    """
    if not folder.is_dir():
        raise InputError(f"no such folder of originals: {folder}")
    paths = find_files(folder, IMAGE_SUFFIXES)
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    with ProgressLine("measuring", len(paths)) as line:
        for done, path in enumerate(paths, start=1):
            name = str(path.relative_to(folder))
            try:
                rows.append(_measure(name, read_rgb(path), upscaler, judge, reduce))
            except InputError as error:
                skipped[name] = str(error)
            line.update(done, name)
    if not rows:
        reason = next(iter(skipped.values()), "it holds no images")
        raise InputError(f"nothing to measure in {folder}: {reason}")
    mean = Row(
        "mean",
        mean_quality([row.model for row in rows]),
        mean_quality([row.bicubic for row in rows]),
    )
    return Evaluation(rows, mean, skipped)


def _measure(
    name: str, original: Picture, upscaler: Upscales, judge: Judge | None, reduce: Reduce
) -> Row:
    scale = upscaler.scale
    hr = crop_to_multiple(original, scale)
    height, width = hr.shape[:2]
    if min(height, width) < _LEAST_SIDE + 2 * scale:
        raise InputError(f"{width}x{height} is too small to measure")
    lr = reduce(hr, scale)
    sr = upscale_rgb(upscaler, lr)
    bicubic = resize_bicubic(lr, width, height)
    return Row(name, compare(sr, hr, scale, judge), compare(bicubic, hr, scale, judge))


def mean_quality(qualities: Sequence[Quality]) -> Quality:
    """The mean of each figure; of LPIPS over those that have it."""

    def mean(values: Iterable[float]) -> float:
        return float(np.mean(list(values)))

    lpips = [quality.lpips for quality in qualities if quality.lpips is not None]
    return Quality(
        mean(quality.psnr for quality in qualities),
        mean(quality.ssim for quality in qualities),
        mean(lpips) if lpips else None,
    )
