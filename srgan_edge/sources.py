"""Where live frames come from: a camera, a video file or a network stream."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.video import sane_rate, silence_opencv

_TIMEOUT_MS = 10_000
_FALLBACK_RATE = 30.0
# Streams often tell their clock's rate, 1000 or 90000, as that of their frames.
_MOST_LIVE_RATE = 120.0


@dataclass(frozen=True)
class Address:
    """What `--source` means: `target` for OpenCV, and whether it is a camera or a stream."""

    target: int | str
    is_camera: bool
    is_live: bool


def parse_source(text: str) -> Address:
    """A camera's number or device, an address with ://, or a file.

    Raises:
        InputError: none of these, or one that this version does not read.
    """
    if text == "picamera2":
        raise InputError("--source picamera2 is not in this version: give a number, FILE or URL")
    if text.isdecimal() and len(text) <= 3:
        return Address(int(text), is_camera=True, is_live=True)
    if re.match(r"/dev/video\d+$", text):
        return Address(text, is_camera=True, is_live=True)
    if "://" in text:
        return Address(text, is_camera=False, is_live=True)
    if Path(text).is_file():
        return Address(text, is_camera=False, is_live=False)
    raise InputError(f"no source {text!r}: give a camera's number, a video file or an address")


class Source:
    """An open source of frames, (h, w, 3) uint8 BGR."""

    def __init__(self, text: str, size: tuple[int, int] | None = None) -> None:
        """Open it.

        Args:
            text: as `--source` takes it.
            size: (width, height): a camera is asked for it, anything else is cropped around its
                centre to that shape and resized.

        Raises:
            InputError: it does not exist or cannot be opened.
        """
        self._address = parse_source(text)
        self._size = size
        silence_opencv()
        self._reading = threading.Lock()
        self._capture = _open(self._address, size)
        if not self._capture.isOpened():
            kind = "camera" if self._address.is_camera else "source"
            raise InputError(f"cannot open the {kind} {text}: it is not there, busy, or no video")
        self.name = text
        self.is_live = self._address.is_live
        told = sane_rate(self._capture.get(cv2.CAP_PROP_FPS)) or _FALLBACK_RATE
        self.rate = _FALLBACK_RATE if self.is_live and told > _MOST_LIVE_RATE else told

    def read(self) -> Picture | None:
        """The next frame, or None when there are no more."""
        with self._reading:
            found, frame = self._capture.read()
        if not found:
            return None
        picture = np.asarray(frame, dtype=np.uint8)
        return picture if self._size is None else fit(picture, self._size)

    def close(self) -> None:
        """Let go of the camera or file."""
        # OpenCV crashes when it lets go of what another thread reads from: a stream that hangs
        # in `read` is left to the end of the process.
        if self._reading.acquire(blocking=False):
            self._capture.release()
            self._reading.release()


def fit(frame: Picture, size: tuple[int, int]) -> Picture:
    """Crop `frame` around its centre to the shape of `size` (width, height), and resize it."""
    width, height = size
    rows, columns = frame.shape[:2]
    if (columns, rows) == size:
        return frame
    keep_rows = min(rows, max(1, round(columns * height / width)))
    keep_columns = min(columns, max(1, round(rows * width / height)))
    top, left = (rows - keep_rows) // 2, (columns - keep_columns) // 2
    cropped = frame[top : top + keep_rows, left : left + keep_columns]
    smaller = keep_columns > width
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cropped, size, interpolation=method), dtype=np.uint8)


def _open(address: Address, size: tuple[int, int] | None) -> cv2.VideoCapture:
    if not address.is_camera:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        return cv2.VideoCapture(str(address.target), cv2.CAP_FFMPEG, limits)
    capture = cv2.VideoCapture(address.target)
    if size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    return capture
