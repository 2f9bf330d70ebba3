"""A Raspberry Pi's own camera, through picamera2, which comes with Raspberry Pi OS."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import cv2
import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.sources.framing import Framing

_SIZE = (320, 180)
_RATE = 30.0


class PiCamera:
    """The camera's low-resolution stream, which the chip makes: nothing is left to resize."""

    name = "picamera2"
    is_live = True
    lost_since = None

    def __init__(self, framing: Framing, rate: float | None = None) -> None:
        """Start it.

        Args:
            framing: its size is the stream's, 320x180 unless given; a crop is of that.
            rate: frames a second, 30 unless given.

        Raises:
            InputError: there is no picamera2 here, or it finds no camera.
        """
        self.rate = rate or _RATE
        self._size = framing.size or _SIZE
        self._framing = framing
        module = _picamera2()
        try:
            self._camera = module.Picamera2()
            self._camera.configure(self._configuration())
            self._camera.start()
        except (RuntimeError, IndexError, ValueError) as error:  # libcamera's and picamera2's own
            raise InputError(f"picamera2 cannot open a camera: {error}") from None

    def read(self) -> Picture | None:
        """The next frame, or None when the camera fails."""
        try:
            planes = self._camera.capture_array("lores")  # I420, lines longer than the picture's
        except RuntimeError:
            return None
        width, height = self._size
        frame = cv2.cvtColor(planes, cv2.COLOR_YUV420p2BGR)[:height, :width]
        return self._framing(np.asarray(frame, np.uint8))

    def close(self) -> None:
        """Stop it, so that others can use it."""
        self._camera.stop()
        self._camera.close()

    def _configuration(self) -> object:
        width, height = self._size
        return self._camera.create_video_configuration(
            main={"size": (2 * width, 2 * height)},  # at least as large, of the same shape
            lores={"size": (width, height), "format": "YUV420"},
            controls={"FrameRate": self.rate},
        )


def _picamera2() -> ModuleType:
    try:
        return import_module("picamera2")
    except ImportError as error:
        raise InputError(
            f"no picamera2 here ({error}): apt install python3-picamera2, and make the environment "
            "with --system-site-packages"
        ) from None
