"""What the live loop measures."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

_RECENT = 30  # frames that "lately" looks back on
_REMEMBERED = 20_000  # frames that the percentiles look back on: a loop may run for weeks
# From the camera to the screen: how old a frame is when it is taken, the model, waiting to be
# shown, showing it, and all together.
STAGES = ("age", "upscale", "queue", "show", "latency")


@dataclass
class Stats:
    """Frames shown and lost, and milliseconds by stage of every frame."""

    frames: int = 0
    dropped: int = 0
    seconds: float = 0.0
    input_size: tuple[int, int] = (0, 0)
    output_size: tuple[int, int] = (0, 0)
    shown: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    stages: dict[str, deque[float]] = field(
        default_factory=lambda: {stage: deque(maxlen=_REMEMBERED) for stage in STAGES}
    )

    @property
    def rate(self) -> float:
        """Frames a second, lately."""
        shown = self.shown
        return (len(shown) - 1) / (shown[-1] - shown[0]) if len(shown) > 1 else 0.0

    def add(self, **milliseconds: float) -> None:
        """Add one frame's stages."""
        for stage, value in milliseconds.items():
            self.stages[stage].append(value)
        self.frames += 1
        self.shown.append(time.monotonic())

    def as_dict(self) -> dict[str, Any]:
        """For JSON: sizes as [width, height], stages as percentiles in milliseconds."""
        return {
            "frames": self.frames,
            "dropped": self.dropped,
            "seconds": self.seconds,
            "fps": self.frames / self.seconds if self.seconds else 0.0,
            "input_size": list(self.input_size),
            "output_size": list(self.output_size),
            "milliseconds": {
                name: _percentiles(list(values)) for name, values in self.stages.items()
            },
        }

    def lately(self) -> str:
        """For a status every second: of a few frames, because percentiles of all take time."""
        recent = list(islice(reversed(self.stages["latency"]), _RECENT))
        latency = f"{_quantile(recent, 0.5):.0f} ms" if recent else "unknown"
        return (
            f"{self.rate:.1f} fps, latency {latency}; {self.frames} frames, {self.dropped} dropped"
        )

    def line(self) -> str:
        """For the log."""
        latency = _percentiles(list(self.stages["latency"]))
        parts = [f"{name} {value:.0f}" for name, value in latency.items()]
        return (
            f"{self.frames} frames, {self.rate:.1f} fps, latency in ms {' '.join(parts)}, "
            f"{self.dropped} dropped"
        )


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"p{share}": _quantile(values, share / 100) for share in (50, 90, 99)}


def _quantile(values: Sequence[float], share: float) -> float:
    """As np.quantile, which would load numpy.ma: some MB, and a while on a small board."""
    return float(np.interp(share * (len(values) - 1), range(len(values)), sorted(values)))
