"""How long the file takes here, beside the same generator in other forms."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from srgan_edge.model_file import ModelFile
from srgan_edge.upscaler import Upscaler

# A frame that is upscaled live; a large network gets a smaller one, so that it takes no minutes.
_FRAME, _SMALL_FRAME = (180, 320), (64, 64)
_LARGE = 500_000  # multiply-accumulates per input pixel
_ROUNDS, _WARM_UP = 7, 2


@dataclass(frozen=True)
class Latency:
    """Median milliseconds of a call on one thread, for a frame of this size."""

    width: int
    height: int
    milliseconds: dict[str, float]


def frame_size(macs: int) -> tuple[int, int]:
    """Height and width of the frame to time a network of so many MACs per input pixel on."""
    return _SMALL_FRAME if macs > _LARGE else _FRAME


def measure_latency(models: Mapping[str, ModelFile], size: tuple[int, int]) -> Latency:
    """Time the candidates in turn on a frame of this height and width."""
    height, width = size
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    upscalers = {name: Upscaler(model, threads=1, tile=None) for name, model in models.items()}
    taken: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(_WARM_UP + _ROUNDS):
        for name, upscaler in upscalers.items():
            started = time.perf_counter()
            upscaler(frame)
            if turn >= _WARM_UP:
                taken[name].append(time.perf_counter() - started)
    return Latency(width, height, {n: float(np.median(s)) * 1000 for n, s in taken.items()})
