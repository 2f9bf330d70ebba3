"""Pictures side by side, each with its name above."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from srgan_edge.quality import Picture, resize_bicubic

_INK, _PAPER = (40, 40, 40), 245


def comparison(lr: Picture, sr: Picture) -> dict[str, Picture]:
    """What a panel of one upscaled picture shows: nearest, bicubic and ours, all of one size.

    Args:
        lr: (h, w, 3) uint8.
        sr: (s*h, s*w, 3) uint8, in the same channel order.
    """
    height, width = sr.shape[:2]
    nearest = cv2.resize(lr, (width, height), interpolation=cv2.INTER_NEAREST)
    bicubic = resize_bicubic(lr, width, height)
    return {"nearest": np.asarray(nearest, np.uint8), "bicubic": bicubic, "srgan-edge": sr}


def side_by_side(pictures: Mapping[str, Picture]) -> Picture:
    """One picture of all, (h + label, sum of widths, 3) uint8; they must be equally high."""
    return np.hstack([_labelled(name, picture) for name, picture in pictures.items()])


def _labelled(name: str, picture: Picture) -> Picture:
    width = picture.shape[1]
    size = min(1.0, width / 320)
    strip = np.full((max(1, round(40 * size)), width, 3), _PAPER, np.uint8)
    place = (round(12 * size), round(28 * size))
    cv2.putText(strip, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8 * size, _INK, 1, cv2.LINE_AA)
    return np.vstack([strip, picture])
