"""NIQE: how natural a picture looks, without an original (Mittal, Soundararajan, Bovik 2013).

Local contrasts of natural pictures follow laws that blur, noise and compression bend. A picture's
patches give 36 numbers each, on two scales; NIQE is the distance of their Gaussian to that of sharp
photographs (eq. 10). Lower is better. The published Gaussian is of 125 pictures that are not here:
ours is fitted to a folder of sharp originals, so values compare within one such folder only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gamma

import cv2
import numpy as np
import numpy.typing as npt

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture, luma

Plane = npt.NDArray[np.float64]

_PATCH = 96  # pixels, at full size
_SHARP = 0.75  # of the sharpest patch of a picture: what counts as pristine (section II-B)
_SHAPES = np.arange(0.2, 10, 0.001)  # of the generalised Gaussian that are looked up
_G = np.array([gamma(1 / a) * gamma(3 / a) / gamma(2 / a) ** 2 for a in _SHAPES])


@dataclass(frozen=True)
class Gaussian:
    """Mean (36,) and covariance (36, 36) of patches' features."""

    mean: Plane
    covariance: Plane


class Niqe:
    """A judge that has seen sharp photographs."""

    def __init__(self, pristine: Sequence[Picture]) -> None:
        """Fit their Gaussian.

        Args:
            pristine: (h, w, 3) uint8 RGB each, at least 96 pixels wide and high.

        Raises:
            InputError: too few patches for 36 numbers.
        """
        rows = [_features(picture, sharp_only=True) for picture in pristine]
        features = np.vstack([row for row in rows if len(row)] or [np.empty((0, 36))])
        if len(features) <= 36:
            raise InputError(f"NIQE needs more sharp patches of {_PATCH} pixels: {len(features)}")
        self.pristine = _gaussian(features)

    def __call__(self, rgb: Picture) -> float:
        """NIQE of one picture, (h, w, 3) uint8 RGB. Raises InputError when it is too small."""
        features = _features(rgb, sharp_only=False)
        if len(features) < 2:
            raise InputError(f"NIQE needs two patches of {_PATCH} pixels at least")
        own, sharp = _gaussian(features), self.pristine
        inverse = np.linalg.pinv((own.covariance + sharp.covariance) / 2)
        apart = own.mean - sharp.mean
        return float(np.sqrt(apart @ inverse @ apart))


def _gaussian(features: Plane) -> Gaussian:
    return Gaussian(features.mean(axis=0), np.cov(features, rowvar=False))


def _features(rgb: Picture, sharp_only: bool) -> Plane:
    """(patches, 36): 18 of each patch at full size, 18 at half."""
    plane = luma(rgb).astype(np.float64)
    rows, columns = plane.shape[0] // _PATCH, plane.shape[1] // _PATCH
    if not rows or not columns:
        return np.empty((0, 36))
    plane = plane[: rows * _PATCH, : columns * _PATCH]
    half = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (contrasts, deviation), (coarse, _) = _normalised(plane), _normalised(np.asarray(half))
    kept = np.ones(rows * columns, bool)
    if sharp_only:
        sharpness = np.array([part.mean() for part in _patches(deviation, _PATCH)])
        kept = sharpness >= _SHARP * sharpness.max()
    pairs = zip(_patches(contrasts, _PATCH), _patches(coarse, _PATCH // 2), strict=True)
    found = np.array([[*_statistics(fine), *_statistics(low)] for fine, low in pairs])
    return np.asarray(found[kept])


def _normalised(plane: Plane) -> tuple[Plane, Plane]:
    """Contrasts without the local mean and deviation (eq. 1 to 3), and the deviation."""

    def blurred(values: Plane) -> Plane:
        return np.asarray(cv2.GaussianBlur(values, (7, 7), 7 / 6, borderType=cv2.BORDER_REPLICATE))

    mean = blurred(plane)
    deviation = np.sqrt(np.abs(blurred(plane * plane) - mean * mean))
    return (plane - mean) / (deviation + 1), deviation


def _patches(plane: Plane, side: int) -> list[Plane]:
    return [
        plane[top : top + side, left : left + side]
        for top in range(0, plane.shape[0], side)
        for left in range(0, plane.shape[1], side)
    ]


def _statistics(contrasts: Plane) -> list[float]:
    """18 numbers: of the contrasts, and of products of neighbours in four directions."""
    shape, left, right = _asymmetric(contrasts)
    found = [shape, (left + right) / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        shape, left, right = _asymmetric(contrasts * np.roll(contrasts, shift, (0, 1)))
        spread = gamma(2 / shape) / gamma(1 / shape)
        found += [shape, (right - left) * spread, left, right]
    return found


def _asymmetric(values: Plane) -> tuple[float, float, float]:
    """Shape and the two scales of an asymmetric generalised Gaussian, by moments.

    Lasmar, Stitou, Berthoumieu 2009.
    """
    below, above = values[values < 0], values[values > 0]
    left = np.sqrt(np.mean(below**2)) if below.size else 1e-6
    right = np.sqrt(np.mean(above**2)) if above.size else 1e-6
    skew = left / right
    flat = np.mean(np.abs(values)) ** 2 / max(float(np.mean(values**2)), 1e-12)
    wanted = flat * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = float(_SHAPES[np.argmin((1 / _G - wanted) ** 2)])
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, float(left * scale), float(right * scale)
