"""Calm where nothing moves: what sharpens edges sharpens noise, and still parts would flicker."""

from __future__ import annotations

import cv2
import numpy as np

from srgan_edge.quality import Picture
from srgan_edge.upscales import Upscales

_STILL = 1  # levels that an input pixel may differ from the frame before and count as still
_SHARE = 0.25  # of the new frame there: what was wrong is gone after some ten frames


class Calm:
    """Takes the upscaled frames of one stream in their order, and calms what stands still.

    Where an input pixel has not changed by more than a level, the output goes a quarter of the way
    from what was shown to what the model says now (a recursive filter); elsewhere it is the
    model's own.
    """

    def __init__(self) -> None:
        self._before: tuple[Picture, Picture] | None = None

    def __call__(self, frame: Picture, picture: Picture) -> Picture:
        """A frame (h, w, 3) and what the model made of it (s*h, s*w, 3), uint8: what is shown.

        The picture is changed in place.
        """
        if self._before and self._before[0].shape == frame.shape:
            last_frame, shown = self._before
            still = _still(frame, last_frame, picture.shape[0] // frame.shape[0])
            cv2.addWeighted(picture, _SHARE, shown, 1 - _SHARE, 0, dst=shown)
            cv2.copyTo(shown, still, picture)
            np.copyto(last_frame, frame)
            np.copyto(shown, picture)
        else:
            # Copies: what a caller draws into its picture or frame must not come back.
            self._before = frame.copy(), picture.copy()
        return picture


class Steady:
    """Upscales the frames of one stream, calmed."""

    def __init__(self, upscaler: Upscales) -> None:
        self.scale = upscaler.scale
        self._upscaler = upscaler
        self._calm = Calm()

    def __call__(self, frame: Picture) -> Picture:
        """The next frame: (h, w, 3) uint8 BGR -> (s*h, s*w, 3) uint8 BGR, a new array."""
        return self._calm(frame, self._upscaler(frame))


def _still(frame: Picture, before: Picture, scale: int) -> Picture:
    """(h, w, 3) twice -> (s*h, s*w) uint8: 1 where nothing moved."""
    moved = cv2.absdiff(frame, before)
    largest = cv2.max(cv2.max(moved[..., 0], moved[..., 1]), moved[..., 2])
    still = np.asarray(largest <= _STILL, np.uint8)
    size = (frame.shape[1] * scale, frame.shape[0] * scale)
    return np.asarray(cv2.resize(still, size, interpolation=cv2.INTER_NEAREST), np.uint8)
