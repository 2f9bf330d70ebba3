"""What an upscaler is to those that use one."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from srgan_edge.quality import Picture


class Upscales(Protocol):
    """An `Upscaler`, a `Steady` one, or whatever else makes BGR pictures `scale` times larger."""

    @property
    def scale(self) -> int:
        """Output pixels per input pixel, each way."""

    def __call__(self, frame: Picture) -> Picture:
        """(h, w, 3) uint8 BGR -> (s*h, s*w, 3) uint8 BGR."""


def upscale_rgb(upscaler: Upscales, rgb: Picture) -> Picture:
    """The same for RGB pictures: (h, w, 3) uint8 -> (s*h, s*w, 3) uint8."""
    return upscaler(np.ascontiguousarray(rgb[..., ::-1]))[..., ::-1]
