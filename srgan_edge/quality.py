"""How good a picture is: the field's usual protocol for super-resolution.

HR is cropped to a multiple of the scale, LR made by antialiased bicubic on the whole picture,
both in uint8; a border of `scale` pixels is shaved before measuring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Judge = Callable[[Picture, Picture], float]
Plane = npt.NDArray[np.float64]

_WINDOW = 11  # of SSIM
_BAND = 256  # rows at a time: eight bytes a pixel, several times, would be gigabytes
LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue in luma (ITU-R BT.601)."""
# 8-bit "studio" luma (16..235) of RGB in 0..255: what SR papers call Y.
_LUMA_RGB = 219 * np.array(LUMA_WEIGHTS) / 255


@dataclass(frozen=True)
class Quality:
    """PSNR of Y in dB, SSIM of Y (0..1) and, where a judge was there, LPIPS (0 is equal)."""

    psnr: float
    ssim: float
    lpips: float | None = None


def crop_to_multiple(picture: Picture, scale: int) -> Picture:
    """(h, w, c) -> (h - h % scale, w - w % scale, c), from the top left."""
    height, width = picture.shape[:2]
    return picture[: height - height % scale, : width - width % scale]


def degrade(picture: Picture, scale: int) -> Picture:
    """Antialiased bicubic reduction (a = -0.5, as Pillow): (s*h, s*w, 3) uint8 -> (h, w, 3)."""
    height, width = picture.shape[:2]
    return resize_bicubic(picture, width // scale, height // scale)


def resize_bicubic(picture: Picture, width: int, height: int) -> Picture:
    """Pillow's BICUBIC to `width` x `height`, antialiased when it reduces. uint8 in and out."""
    from PIL import Image  # the live loop does without

    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized)


def luma(rgb: Picture) -> Plane:
    """Y of BT.601 in 16..235: (h, w, 3) uint8 RGB -> (h, w) float64."""
    return rgb @ _LUMA_RGB + 16.0


def compare(result: Picture, original: Picture, scale: int, judge: Judge | None = None) -> Quality:
    """How near one RGB picture is to another of its shape.

    Args:
        result: (h, w, 3) uint8.
        original: (h, w, 3) uint8.
        scale: PSNR and SSIM leave out a border of so many pixels.
        judge: measures LPIPS, on the whole pictures.
    """
    ours, theirs = (_shave(picture, scale) for picture in (result, original))
    lpips = judge(result, original) if judge else None
    return Quality(psnr=_psnr_of(*_squares(ours, theirs)), ssim=_ssim(ours, theirs), lpips=lpips)


def psnr_y(result: Picture, original: Picture, scale: int) -> float:
    """Y-PSNR in dB (peak 255) of two RGB pictures of one shape, `scale` pixels shaved all round."""
    return _psnr_of(*_squares(_shave(result, scale), _shave(original, scale)))


def _shave(picture: Picture, border: int) -> Picture:
    height, width = picture.shape[:2]
    return picture[border : height - border, border : width - border]


def _squares(first: Picture, second: Picture) -> tuple[float, int]:
    """The sum of Y's squared differences, and of how many."""
    total = 0.0
    for start in range(0, len(first), _BAND):
        rows = slice(start, start + _BAND)
        total += float(np.sum((luma(first[rows]) - luma(second[rows])) ** 2))
    return total, first.shape[0] * first.shape[1]


def _psnr_of(squares: float, count: int) -> float:
    error = squares / count
    return float("inf") if error == 0 else float(10 * np.log10(255.0**2 / error))


def _ssim(first: Picture, second: Picture) -> float:
    """Wang et al. 2004: 11x11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, valid area only."""
    total, count, last = 0.0, 0, len(first) - _WINDOW + 1
    for start in range(0, last, _BAND):
        rows = slice(start, min(start + _BAND, last) + _WINDOW - 1)
        found = _likeness(luma(first[rows]), luma(second[rows]))
        total, count = total + float(found.sum()), count + found.size
    return total / count if count else float("nan")


def _likeness(first: Plane, second: Plane) -> Plane:
    """SSIM of every window."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean1, mean2 = _window(first), _window(second)
    variance1 = _window(first**2) - mean1**2
    variance2 = _window(second**2) - mean2**2
    covariance = _window(first * second) - mean1 * mean2
    ratio = ((2 * mean1 * mean2 + c1) * (2 * covariance + c2)) / (
        (mean1**2 + mean2**2 + c1) * (variance1 + variance2 + c2)
    )
    return np.asarray(ratio, np.float64)


def _window(plane: Plane) -> Plane:
    blurred = cv2.GaussianBlur(plane, (_WINDOW, _WINDOW), 1.5)
    return np.asarray(blurred[5:-5, 5:-5], dtype=np.float64)
