"""LPIPS: how different two pictures look (Zhang et al. 2018, version 0.1 on AlexNet).

It judges and never teaches: nothing here can be trained on. Plain numpy, so that it runs wherever
the runtime does; the weights are given by path.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from srgan_edge.errors import InputError
from srgan_edge.files import check_npz
from srgan_edge.quality import Picture

Features = npt.NDArray[np.float32]

# RGB in -1..1, as LPIPS's ScalingLayer takes it.
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)
# Of AlexNet's convolutions: kernel size, channels in and out, stride, padding; a 3x3 pooling of
# stride 2 goes before the second and the third.
_CONVS = (
    (11, 3, 64, 4, 2),
    (5, 64, 192, 1, 2),
    (3, 192, 384, 1, 1),
    (3, 384, 256, 1, 1),
    (3, 256, 256, 1, 1),
)
_POOLED = (2, 3)
LEAST_SIDE = 32  # below it the last maps are empty


class Lpips:
    """The judge: call it with two pictures. 0 is equal, bicubic x4 is at about 0.3 to 0.4."""

    def __init__(self, weights: Path) -> None:
        """Read AlexNet's and LPIPS's weights.

        Args:
            weights: an `.npz` with `convN/kernel` (k, k, c_in, c_out), `convN/bias` and `linN`
                (c_out) for N from 1 to 5, float32.

        Raises:
            InputError: it cannot be read, or does not hold them.
        """
        try:
            check_npz(weights)
            with weights.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                held = {key: arrays[key].astype(np.float32) for key in arrays.files}
        except Exception as error:  # numpy raises many kinds for what is no npz
            raise InputError(f"cannot read the LPIPS weights {weights}: {error}") from None
        self._layers = []
        for number, (size, c_in, c_out, _, _) in enumerate(_CONVS, start=1):
            shapes = {
                f"conv{number}/kernel": (size, size, c_in, c_out),
                f"conv{number}/bias": (c_out,),
                f"lin{number}": (c_out,),
            }
            for key, shape in shapes.items():
                # A list of numbers may be shaped as it likes, a kernel's axes must be in order.
                flat = len(shape) == 1
                there = key in held and (held[key].ravel() if flat else held[key]).shape == shape
                if not there:
                    raise InputError(f"{weights} holds no LPIPS weights: {key} must be {shape}")
            self._layers.append([held[key].reshape(shape) for key, shape in shapes.items()])

    def __call__(self, first: Picture, second: Picture) -> float:
        """The distance of two RGB pictures of one shape, (h, w, 3) uint8.

        Raises:
            InputError: they are too small.
        """
        height, width = first.shape[:2]
        if min(height, width) < LEAST_SIDE:
            raise InputError(f"{width}x{height} is too small for LPIPS ({LEAST_SIDE} pixels)")
        maps = zip(self._features(first), self._features(second), self._layers, strict=True)
        return float(sum(np.mean((_unit(a) - _unit(b)) ** 2 @ lin) for a, b, (_, _, lin) in maps))

    def _features(self, picture: Picture) -> list[Features]:
        features = (picture.astype(np.float32) / 127.5 - 1.0 - _SHIFT) / _SCALE
        maps = []
        for number, (kernel, bias, _) in enumerate(self._layers, start=1):
            if number in _POOLED:
                features = _windows(features, 3, 2).max((3, 4))
            _, _, _, stride, padding = _CONVS[number - 1]
            features = np.maximum(_convolve(features, kernel, stride, padding) + bias, 0.0)
            maps.append(features)
        return maps


def _unit(features: Features) -> Features:
    norm = np.sqrt(np.sum(features**2, axis=2, keepdims=True))
    return features / (norm + np.float32(1e-10))


def _windows(features: Features, size: int, stride: int) -> Features:
    """(h, w, c) -> a view (h', w', c, size, size)."""
    view = np.lib.stride_tricks.sliding_window_view(features, (size, size), axis=(0, 1))
    return view[::stride, ::stride]


def _convolve(features: Features, kernel: Features, stride: int, padding: int) -> Features:
    """(h, w, c_in) * (k, k, c_in, c_out) -> (h', w', c_out), zeros around."""
    padded = np.pad(features, ((padding, padding), (padding, padding), (0, 0)))
    windows = _windows(padded, kernel.shape[0], stride)
    return np.tensordot(windows, kernel, axes=([3, 4, 2], [0, 1, 2]))
