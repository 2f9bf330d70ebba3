"""A picture to time and to try models with, where no photograph may be at hand."""

from __future__ import annotations

import cv2
import numpy as np

from srgan_edge.quality import Picture


def scene(width: int, height: int, shift: int = 0) -> Picture:
    """A picture with shapes of every size, (height, width, 3) uint8 BGR, moved by `shift` pixels.

    Noise has no such thing: codecs and the calm of streams treat it as no camera's picture.
    """
    random, canvas = np.random.default_rng(0), np.zeros((height, width, 3), np.float32)
    for cells in (3, 9, 27, 81):
        layer = random.normal(0, 1 / cells, (cells, cells, 3)).astype(np.float32)
        canvas += cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
    canvas[height // 3 : height // 2, width // 4 : width // 2] += 0.5
    levels = 255 * (canvas - canvas.min()) / (np.ptp(canvas) or 1)
    return np.roll(np.asarray(levels, np.uint8), shift, axis=1)
