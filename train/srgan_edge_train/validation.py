"""How good the generator is on the pictures kept back, in figures and in a panel to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.lpips import LEAST_SIDE
from srgan_edge.panel import side_by_side
from srgan_edge.quality import Judge, Picture, psnr_y, resize_bicubic
from srgan_edge_train.keras import tf
from srgan_edge_train.patches import centre_camera_pair, centre_pair
from srgan_edge_train.photographs import Photograph
from srgan_edge_train.recipe import Recipe

_MOST_PICTURES = 200  # that a validation looks at: a large data set keeps thousands back
_PANEL_ROWS = 3
_PANEL_SIDE = 256  # pixels: a panel shows the middle, one to one


@dataclass(frozen=True)
class Figures:
    """Means over the pictures kept back: Y-PSNR in dB, and LPIPS where there is a judge."""

    psnr: float
    lpips: float | None


@dataclass(frozen=True)
class Validation:
    """How good the generator is, and a panel LR | bicubic | SR | HR, RGB."""

    figures: Figures
    panel: Picture


class Validator:
    """Upscales the middle of each picture kept back and compares it with the original."""

    def __init__(
        self, generator: Any, photographs: Sequence[Photograph], recipe: Recipe, judge: Judge | None
    ) -> None:
        """Say what is validated, and on what.

        Args:
            generator: float32 RGB in 0..1 in and out; its weights may change between calls.
            photographs: the pictures kept back.
            recipe: how LR is made of them, and how much of each is looked at.
            judge: measures LPIPS too.

        Raises:
            InputError: the pictures are too small for LPIPS.
        """
        self._upscale = tf.function(
            lambda lr: generator(lr, training=False),
            input_signature=[tf.TensorSpec((1, None, None, 3), tf.float32)],
        )
        pair = centre_camera_pair if recipe.degradation == "camera" else centre_pair
        self._pairs = [pair(one, recipe.check_side) for one in photographs[:_MOST_PICTURES]]
        self._scale = recipe.scale
        self._judge = judge
        if judge and min(min(hr.shape[:2]) for _, hr in self._pairs) < LEAST_SIDE:
            raise InputError(
                f"LPIPS needs pictures of {LEAST_SIDE} pixels: raise check_side, or leave "
                "--lpips-weights out"
            )

    def __call__(self) -> Validation:
        """Measure the generator as it is now."""
        shown: list[Picture] = []

        def upscale(lr: Picture, _: Picture) -> Picture:
            sr = upscale_rgb(self._upscale, lr)
            shown.extend([sr] if len(shown) < _PANEL_ROWS else [])
            return sr

        figures = self._figures(upscale)
        return Validation(figures, self._panel(shown))

    def bicubic(self) -> Figures:
        """What bicubic enlargement reaches on the same pictures."""
        return self._figures(lambda lr, hr: resize_bicubic(lr, hr.shape[1], hr.shape[0]))

    def _figures(self, upscale: Callable[[Picture, Picture], Picture]) -> Figures:
        psnr, lpips = [], []
        for lr, hr in self._pairs:
            sr = upscale(lr, hr)
            psnr.append(psnr_y(sr, hr, self._scale))
            lpips += [self._judge(sr, hr)] if self._judge else []
        return Figures(float(np.mean(psnr)), float(np.mean(lpips)) if lpips else None)

    def _panel(self, pictures: Sequence[Picture]) -> Picture:
        rows = [self._row(*pair, sr) for pair, sr in zip(self._pairs, pictures, strict=False)]
        width = max(row.shape[1] for row in rows)
        padded = [
            np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255)
            for row in rows
        ]
        return np.vstack(padded)

    def _row(self, lr: Picture, hr: Picture, sr: Picture) -> Picture:
        height, width = hr.shape[:2]
        enlarged = cv2.resize(lr, (width, height), interpolation=cv2.INTER_NEAREST)
        nearest = np.asarray(enlarged, np.uint8)
        row = {"LR": nearest, "bicubic": resize_bicubic(lr, width, height), "SR": sr, "HR": hr}
        return side_by_side({name: _middle(picture) for name, picture in row.items()})


def upscale_rgb(generator: Any, lr: Picture) -> Picture:
    """Run a float generator on one uint8 RGB picture: (h, w, 3) -> (s*h, s*w, 3) uint8."""
    output = generator(lr[None].astype(np.float32) / np.float32(255))
    levels = np.rint(np.asarray(output[0]) * 255.0)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _middle(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    top, left = max(0, (height - _PANEL_SIDE) // 2), max(0, (width - _PANEL_SIDE) // 2)
    return picture[top : top + _PANEL_SIDE, left : left + _PANEL_SIDE]
