"""What takes frames from the live loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from srgan_edge.quality import Picture


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        lr: what came in, (h, w, 3) uint8 BGR.
        sr: what it became, (s*h, s*w, 3) uint8 BGR.
        moment: its time in seconds: of capture when live, else in the file.
    """

    lr: Picture
    sr: Picture
    moment: float

    def bicubic(self) -> Picture:
        """What came in, as large as what it became: what people compare with."""
        size = (self.sr.shape[1], self.sr.shape[0])
        return np.asarray(cv2.resize(self.lr, size, interpolation=cv2.INTER_CUBIC), np.uint8)


class Sink(Protocol):
    """Takes views."""

    def show(self, view: View) -> bool:
        """Take one; False asks to stop."""

    def poll(self, notice: Picture | None = None) -> bool:
        """Look after the person while no frame comes; False asks to stop.

        Args:
            notice: what to show in the meantime, to people only.
        """

    def close(self) -> None:
        """Finish; no view follows."""


class Unwatched:
    """A sink, or a part of one, without a person before it."""

    def poll(self, notice: Picture | None = None) -> bool:
        """Nobody to look after."""
        return True


class Commands(Protocol):
    """What a person asks of the loop from where they look."""

    def choose_next(self) -> None:
        """Another model."""

    def toggle_recording(self) -> None:
        """Start a recording, or finish it."""

    def snapshot(self, view: View) -> None:
        """Keep what is shown as a picture."""
