"""Cameras, video files and network streams, as OpenCV opens them."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.sources.address import Address, Kind
from srgan_edge.sources.framing import Framing
from srgan_edge.video_file import open_video_file, sane_rate, silence_opencv

_TIMEOUT_MS = 10_000
_FALLBACK_RATE = 30.0
# Streams often tell their clock's rate, 1000 or 90000, as that of their frames.
_MOST_LIVE_RATE = 120.0


class Capture:
    """An open `cv2.VideoCapture`; a `Source`."""

    lost_since = None

    def __init__(self, address: Address, framing: Framing, rate: float | None = None) -> None:
        """Open it.

        Args:
            address: a camera, a stream or a file.
            framing: what of each frame is given. A camera is asked for its size.
            rate: frames a second that a camera is asked for.

        Raises:
            InputError: it does not exist or cannot be opened.
        """
        self._framing = framing
        silence_opencv()
        self._reading = threading.Lock()
        self._capture = _open(address, framing, rate)
        if not self._capture.isOpened():
            kind = "camera" if address.kind is Kind.CAMERA else "source"
            raise InputError(
                f"cannot open the {kind} {address.name}: it is not there, busy, or no video"
            )
        self.name = address.name
        self.is_live = address.is_live
        told = sane_rate(self._capture.get(cv2.CAP_PROP_FPS)) or _FALLBACK_RATE
        self.rate = _FALLBACK_RATE if self.is_live and told > _MOST_LIVE_RATE else told

    def read(self) -> Picture | None:
        """The next frame, or None when there are no more."""
        with self._reading:
            found, frame = self._capture.read()
        return self._framing(np.asarray(frame, dtype=np.uint8)) if found else None

    def close(self) -> None:
        """Let go of the camera or file."""
        # OpenCV crashes when it lets go of what another thread reads from: a stream that hangs
        # in `read` is left to the end of the process.
        if self._reading.acquire(blocking=False):
            self._capture.release()
            self._reading.release()


def _open(address: Address, framing: Framing, rate: float | None) -> cv2.VideoCapture:
    if address.kind is Kind.FILE:
        try:
            return open_video_file(Path(str(address.target)))
        except InputError as error:
            raise InputError(f"cannot open the source {address.name}: {error}") from None
    if address.kind is not Kind.CAMERA:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        return cv2.VideoCapture(str(address.target), cv2.CAP_FFMPEG, limits)
    capture = cv2.VideoCapture(address.target)
    if framing.size is not None and framing.crop is None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, framing.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, framing.size[1])
    if rate is not None:
        capture.set(cv2.CAP_PROP_FPS, rate)
    return capture
