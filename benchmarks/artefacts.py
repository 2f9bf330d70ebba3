"""What no PSNR and no LPIPS tells: checkerboard, colour shift, and flicker on what stands still.

    python -m benchmarks.artefacts FOLDER edge --video vtest.avi

- checkerboard: the picture's energy at the periods of the upscaling grid (a quarter and a half
  cycle a pixel for x4, along either axis or both), as a ratio to the original's.
- colour: how far a picture's mean red, green or blue is off the original's, in levels, the mean
  over pictures of the worst of the three.
- flicker: the mean absolute difference between consecutive upscaled frames where their input
  differs by one level at most, as a ratio to that of bicubic; below 1 is steadier. Once frame by
  frame, once as streams are upscaled (`srgan_edge.steady`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from srgan_edge import Upscaler
from srgan_edge.files import write_text
from srgan_edge.images import IMAGE_SUFFIXES, find_files, read_rgb
from srgan_edge.quality import Picture, crop_to_multiple, degrade, luma, resize_bicubic
from srgan_edge.steady import Steady
from srgan_edge.upscales import Upscales, upscale_rgb

_STILL = 1  # levels
_BINS = 1  # bins of the spectrum beside each frequency of the grid that count as it


@dataclass(frozen=True)
class Artefacts:
    """Of one model."""

    model: str
    checkerboard: float
    colour: float
    flicker: float | None
    steady: float | None


def grid_energy(rgb: Picture, scale: int) -> float:
    """A picture's luma energy (h, w, 3) at the frequencies of a grid of `scale` pixels."""
    plane = luma(rgb)
    window = np.outer(np.hanning(plane.shape[0]), np.hanning(plane.shape[1]))
    spectrum = np.abs(np.fft.fft2((plane - plane.mean()) * window)) ** 2
    rows, columns = (_near_grid(length, scale) for length in spectrum.shape)
    grid = sum(float(spectrum[np.ix_(row, column)].sum()) for row in rows for column in columns)
    return grid - float(spectrum[np.ix_(rows[0], columns[0])].sum())


def _near_grid(length: int, scale: int) -> list[npt.NDArray[np.intp]]:
    """The bins of a spectrum around 0, 1/scale, 2/scale ... cycles a pixel."""
    centres = [round(multiple * length / scale) for multiple in range(scale)]
    return [np.arange(centre - _BINS, centre + _BINS + 1) % length for centre in centres]


def on_pictures(upscaler: Upscaler, folder: Path) -> tuple[float, float]:
    """Checkerboard and colour shift, means over a folder of originals."""
    energies: list[tuple[float, float]] = []
    shifts: list[float] = []
    for path in find_files(folder, IMAGE_SUFFIXES):
        hr = crop_to_multiple(read_rgb(path), upscaler.scale)
        lr = degrade(hr, upscaler.scale)
        sr = upscale_rgb(upscaler, lr)
        energies.append((grid_energy(sr, upscaler.scale), grid_energy(hr, upscaler.scale)))
        shifts.append(float(np.abs(sr.mean((0, 1)) - hr.mean((0, 1))).max()))
    ours, original = np.sum(energies, axis=0)
    return float(ours / original), float(np.mean(shifts))


def flicker(upscaler: Upscales, video: Path, frames: int) -> float:
    """The ratio to bicubic's of the change on what stands still, over consecutive frames."""
    changes = np.zeros(2)
    before: tuple[Picture, Picture, Picture] | None = None
    for frame in _frames(video, frames):
        height, width = (side * upscaler.scale for side in frame.shape[:2])
        now = (frame, upscaler(frame), resize_bicubic(frame, width, height))
        if before:
            moved = cv2.absdiff(frame, before[0]).max(axis=-1) > _STILL
            still = ~moved.repeat(upscaler.scale, 0).repeat(upscaler.scale, 1)
            changes += [cv2.absdiff(now[i], before[i])[still].sum() for i in (1, 2)]
        before = now
    return float(changes[0] / changes[1])


def _frames(video: Path, count: int) -> Iterator[Picture]:
    capture = cv2.VideoCapture(str(video))
    for _ in range(count):
        found, frame = capture.read()
        if not found:
            return
        yield np.asarray(frame, np.uint8)


def measure(
    models: Sequence[str], folder: Path, video: Path | None, frames: int
) -> list[Artefacts]:
    """Every model's."""
    found = []
    for name in models:
        upscaler = Upscaler(name)
        ways: tuple[Upscales, ...] = (upscaler, Steady(upscaler))
        ratios = [flicker(way, video, frames) if video else None for way in ways]
        found.append(Artefacts(Path(name).stem, *on_pictures(upscaler, folder), *ratios))
    return found


def table(found: Sequence[Artefacts]) -> str:
    """Markdown."""
    lines = [
        "| model | checkerboard | colour shift, levels | flicker | flicker, steady |",
        "|---|---|---|---|---|",
    ]
    for one in found:
        ratios = ["-" if ratio is None else f"{ratio:.2f}" for ratio in (one.flicker, one.steady)]
        cells = [one.model, f"{one.checkerboard:.2f}", f"{one.colour:.2f}", *ratios]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="sharp originals")
    parser.add_argument("models", nargs="+", help="names or .tflite files")
    parser.add_argument("--video", type=Path, help="of a camera that stands still")
    parser.add_argument("--frames", type=int, default=30, help="of the video")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    found = measure(options.models, options.folder, options.video, options.frames)
    print(table(found))
    if options.json:
        write_text(options.json, json.dumps([asdict(one) for one in found], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
