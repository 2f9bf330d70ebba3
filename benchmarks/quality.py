"""How good models are: PSNR-Y, SSIM-Y and LPIPS on test sets, side by side, and crops to look at.

    python -m benchmarks.quality Set5 Set14 --models edge edge-fidelity --lpips-weights ALEX.npz

The usual protocol (`srgan_edge.quality`). A generator's float file stands beside its int8 file when
both are given. `--panel crops.png` shows of each set's most detailed pictures the most detailed
crop, pixel for pixel: bicubic, the models, the original. `--niqe-pristine photographs` adds NIQE,
which needs no original and asks whether a picture looks like those photographs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from benchmarks.commands import reporting_errors
from benchmarks.niqe import Niqe
from srgan_edge import Upscaler
from srgan_edge.evaluation import Reduce, evaluate_folder
from srgan_edge.files import write_text
from srgan_edge.images import IMAGE_SUFFIXES, find_files, read_rgb
from srgan_edge.lpips import Lpips
from srgan_edge.panel import side_by_side
from srgan_edge.quality import (
    Judge,
    Picture,
    Quality,
    crop_to_multiple,
    degrade,
    luma,
    resize_bicubic,
)
from srgan_edge.upscales import Upscales, upscale_rgb

Figures = dict[str, dict[str, Quality]]  # by set or condition, then by model

_SIDE = 160  # pixels of a crop
_ROWS = 3  # crops of a set
_PRISTINE = 125  # photographs, as the paper had


def load(models: Sequence[str], threads: int | None = None) -> dict[str, Upscaler]:
    """Models by the names that they have in tables."""
    return {Path(name).stem: Upscaler(name, threads=threads) for name in models}


def means(
    upscalers: Mapping[str, Upscales], folder: Path, judge: Judge | None, reduce: Reduce = degrade
) -> dict[str, Quality]:
    """Model -> mean quality on a folder; bicubic is one of the models."""
    row: dict[str, Quality] = {}
    for name, upscaler in upscalers.items():
        mean = evaluate_folder(upscaler, folder, judge, reduce).mean
        row.setdefault("bicubic", mean.bicubic)
        row[name] = mean.model
    return row


def table(found: Figures) -> str:
    """Markdown: a row a set, a column a model."""
    names = list(next(iter(found.values())))
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [
        f"| {folder} | {' | '.join(_cell(row[name]) for name in names)} |"
        for folder, row in found.items()
    ]
    return "\n".join(lines)


def naturalness(upscalers: Mapping[str, Upscales], folder: Path, niqe: Niqe) -> dict[str, float]:
    """Model -> mean NIQE on a folder; bicubic and the originals are beside the models."""
    found: dict[str, list[float]] = {}
    for path in find_files(folder, IMAGE_SUFFIXES):
        hr = crop_to_multiple(read_rgb(path), 4)
        for name, picture in _enlarged(hr, upscalers).items():
            found.setdefault(name, []).append(niqe(picture))
    return {name: float(np.mean(each)) for name, each in found.items()}


def as_rows(found: Figures) -> dict[str, dict[str, dict[str, float | None]]]:
    """For JSON: by set or condition, then by model, then by measure."""
    return {key: {name: asdict(q) for name, q in row.items()} for key, row in found.items()}


def write_figures(path: Path, found: Figures) -> None:
    """As JSON."""
    write_text(path, json.dumps(as_rows(found), indent=1))


def panel(folders: Sequence[Path], upscalers: Mapping[str, Upscales]) -> Picture:
    """The most detailed crops of each set: bicubic, the models, the original; RGB."""
    rows = []
    for folder in folders:
        pictures = [read_rgb(path) for path in find_files(folder, IMAGE_SUFFIXES)]
        large = [picture for picture in pictures if min(picture.shape[:2]) >= _SIDE]
        crops = sorted((_most_detailed(crop_to_multiple(one, 4)) for one in large), key=_detail)
        rows += [side_by_side(_enlarged(hr, upscalers)) for hr in crops[: -_ROWS - 1 : -1]]
    return np.vstack(rows)


def _enlarged(hr: Picture, upscalers: Mapping[str, Upscales]) -> dict[str, Picture]:
    """What bicubic and the models make of a reduced original, and itself; RGB."""
    height, width = hr.shape[:2]
    lr = degrade(hr, 4)
    ours = {name: upscale_rgb(upscaler, lr) for name, upscaler in upscalers.items()}
    return {"bicubic": resize_bicubic(lr, width, height), **ours, "original": hr}


def _most_detailed(picture: Picture) -> Picture:
    """Of all crops on a coarse grid the one with the most energy in fine structure."""
    height, width = picture.shape[:2]
    places = [
        (top, left)
        for top in range(0, height - _SIDE + 1, _SIDE // 2)
        for left in range(0, width - _SIDE + 1, _SIDE // 2)
    ]
    crops = (picture[top : top + _SIDE, left : left + _SIDE] for top, left in places)
    return max(crops, key=_detail)


def _detail(crop: Picture) -> float:
    return float(np.abs(cv2.Laplacian(luma(crop), cv2.CV_64F)).mean())


def _cell(quality: Quality) -> str:
    lpips = "" if quality.lpips is None else f" / {quality.lpips:.4f}"
    return f"{quality.psnr:.2f} / {quality.ssim:.4f}{lpips}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="sharp originals, a folder a set")
    parser.add_argument("--models", nargs="+", required=True, help="names or .tflite files")
    parser.add_argument("--lpips-weights", type=Path, help="an .npz of LPIPS's AlexNet weights")
    parser.add_argument("--panel", type=Path, help="write crops to this picture")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--niqe-pristine", type=Path, help="sharp photographs: measures NIQE")
    options = parser.parse_args()
    judge = Lpips(options.lpips_weights) if options.lpips_weights else None
    upscalers = load(options.models)
    found = {folder.name: means(upscalers, folder, judge) for folder in options.folders}
    print(f"PSNR-Y in dB / SSIM-Y{' / LPIPS' if judge else ''}\n\n{table(found)}")
    if options.niqe_pristine:
        pictures = find_files(options.niqe_pristine, IMAGE_SUFFIXES)[:_PRISTINE]
        niqe = Niqe([read_rgb(path) for path in pictures])
        for folder in options.folders:
            row = naturalness(upscalers, folder, niqe).items()
            cells = ", ".join(f"{model} {value:.2f}" for model, value in row)
            print(f"\nNIQE on {folder.name}: {cells}")
    if options.panel:
        crops = panel(options.folders, upscalers)
        cv2.imwrite(str(options.panel), np.ascontiguousarray(crops[..., ::-1]))
    if options.json:
        write_figures(options.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
