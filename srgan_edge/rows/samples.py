"""The samples of a pixel, as files have them: grey or RGB, then alpha."""

from __future__ import annotations

import cv2
import numpy as np

from srgan_edge.decoded import ImageFile
from srgan_edge.quality import Picture


def interleaved(image: ImageFile, keeps_alpha: bool = True) -> Picture:
    """(h, w, 1 to 4) uint8."""
    if image.grey:
        planes = _grey(image.bgr)
    else:
        planes = np.asarray(cv2.cvtColor(image.bgr, cv2.COLOR_BGR2RGB), np.uint8)
    if image.alpha is None or not keeps_alpha:
        return np.ascontiguousarray(planes)
    return np.concatenate([planes, image.alpha[..., None]], axis=2)


def _grey(bgr: Picture) -> Picture:
    """(h, w, 3) -> (h, w, 1), to the level as Pillow does it when it writes whole pictures."""
    blue, green, red = (bgr[..., channel].astype(np.uint32) for channel in range(3))
    luma = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    return np.asarray(luma[..., None], np.uint8)
