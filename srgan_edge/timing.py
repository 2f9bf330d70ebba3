"""How long a model takes here: the upscaler's call alone, all candidates in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from srgan_edge.progress import ProgressLine
from srgan_edge.upscaler import Upscaler

_WARM_UP = 3


@dataclass(frozen=True)
class Timing:
    """Milliseconds a frame of one model at one thread count."""

    model: str
    sha256: str
    format: str
    accelerator: str
    threads: int
    width: int
    height: int
    runs: int
    median_ms: float
    p90_ms: float

    @property
    def rate(self) -> float:
        """Frames a second at the median."""
        return 1000.0 / self.median_ms

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "frames_per_second": self.rate}


def time_models(
    names: Sequence[str],
    size: tuple[int, int],
    threads: Sequence[int],
    runs: int,
    accelerator: str = "cpu",
) -> list[Timing]:
    """Time each model at each thread count on a frame of `size` (width, height).

    The candidates take turns, run by run, so that a change of the machine's speed meets them all.

    Raises:
        InputError: a model that is not there or cannot be used.
    """
    candidates = [
        (name, Upscaler(name, threads=count, accelerator=accelerator))
        for name in names
        for count in threads
    ]
    width, height = size
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    for _, upscaler in candidates:
        for _ in range(_WARM_UP):
            upscaler(frame)
    seconds: list[list[float]] = [[] for _ in candidates]
    with ProgressLine("timing", runs) as line:
        for done in range(1, runs + 1):
            for (_, upscaler), taken in zip(candidates, seconds, strict=True):
                started = time.perf_counter()
                upscaler(frame)
                taken.append(time.perf_counter() - started)
            line.update(done)
    return [
        _timing(name, upscaler, size, taken)
        for (name, upscaler), taken in zip(candidates, seconds, strict=True)
    ]


def _timing(name: str, upscaler: Upscaler, size: tuple[int, int], seconds: list[float]) -> Timing:
    median, p90 = np.percentile(np.array(seconds) * 1000.0, [50, 90])
    model = upscaler.model
    return Timing(
        model=name,
        sha256=model.sha256,
        format=str(model.facts.conversion.get("format", "")),
        accelerator=upscaler.accelerator,
        threads=upscaler.threads,
        width=size[0],
        height=size[1],
        runs=len(seconds),
        median_ms=float(median),
        p90_ms=float(p90),
    )
