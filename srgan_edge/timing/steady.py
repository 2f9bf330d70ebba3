"""Candidates in turn, frame by frame: so a change of the machine's speed meets them all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srgan_edge.progress import ProgressLine
from srgan_edge.scene import scene
from srgan_edge.upscaler import Upscaler

_WARM_UP = 3

Milliseconds = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Steady:
    """One candidate's frames: milliseconds of the call, and of the model within it; each (n,)."""

    whole: Milliseconds
    model: Milliseconds

    def percentile(self, share: float) -> float:
        """Milliseconds that `share` per cent of the frames stay under."""
        return float(np.percentile(self.whole, share))

    @property
    def conversion_share(self) -> float:
        """The share of the time that is not the model's: pixels into tensors and back."""
        return float(1 - np.median(self.model) / np.median(self.whole))


def time_in_turn(
    upscalers: Sequence[Upscaler], sizes: Sequence[tuple[int, int]], frames: int
) -> list[Steady]:
    """Time so many frames of each, of its size (width, height), after a warm-up.

    Within a round the candidates run in an order of their own, drawn from a fixed seed: none is
    always behind the same other, whose heat and caches it would have.
    """
    pictures = [scene(width, height) for width, height in sizes]
    times = np.zeros((2, len(upscalers), frames))
    random = np.random.default_rng(0)
    with ProgressLine("timing", frames) as line:
        for run in range(-_WARM_UP, frames):
            for index in random.permutation(len(upscalers)):
                upscaler, busy = upscalers[index], upscalers[index].model_seconds
                started = time.perf_counter()
                upscaler(pictures[index])
                whole = time.perf_counter() - started
                if run >= 0:
                    times[:, index, run] = whole, upscaler.model_seconds - busy
            line.update(max(run + 1, 0))
    return [Steady(whole * 1000, model * 1000) for whole, model in zip(*times, strict=True)]
