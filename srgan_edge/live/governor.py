"""Holds a rate: with a smaller model, then with smaller frames, and back when there is time."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from srgan_edge.live.switch import Switch
from srgan_edge.quality import Picture

_LOG = logging.getLogger(__name__)
_LOOKED_AT = 30  # frames before a change: a second or so
_UP_AFTER = 8  # times as many before it dares the way back
_SHARES = (0.75, 0.5)  # of a frame's sides
_MARGIN = 0.8  # of the time there is, that a step back up may be expected to take


@dataclass(frozen=True)
class Step:
    """A model, and how much of each side of a frame it gets."""

    model: str
    share: float

    def __str__(self) -> str:
        """For the log."""
        size = "whole frames" if self.share == 1 else f"frames of {self.share:.0%}"
        return f"{self.model} on {size}"


class Governor:
    """An upscaler that keeps up with a rate. What comes out always has the same size.

    Steps down when the middle frame of a second took too long; up again only when the step above
    once took little enough, and after eight seconds, so that it does not swing.
    """

    def __init__(
        self,
        switch: Switch,
        smaller: str | None,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with the model that is chosen, on whole frames.

        Args:
            switch: the models.
            smaller: the name of the quicker one among them, or None.
            rate: frames a second to hold.
            clock: seconds.
        """
        names = [switch.name] if smaller in (None, switch.name) else [switch.name, smaller]
        self.steps = [Step(name, 1.0) for name in names]
        self.steps += [Step(names[-1], share) for share in _SHARES]
        self.scale = switch.scale
        self._switch = switch
        self._budget = 1.0 / rate
        self._clock = clock
        self._at = 0
        self._seconds: deque[float] = deque(maxlen=_LOOKED_AT)
        self._last: dict[int, float] = {}  # the middle frame of each step, when it was last taken
        self._first = 0.0  # that of this step, when it was new
        self._since = 0  # frames since the last change

    @property
    def step(self) -> Step:
        """What it does now."""
        return self.steps[self._at]

    def __call__(self, frame: Picture) -> Picture:
        """(h, w, 3) uint8 BGR -> (s*h, s*w, 3) uint8 BGR."""
        started = self._clock()
        picture = self._upscale(frame)
        self._seconds.append(self._clock() - started)
        self._since += 1
        self._decide()
        return picture

    def _upscale(self, frame: Picture) -> Picture:
        share = self.step.share
        if share == 1:
            return self._switch(frame)
        height, width = frame.shape[:2]
        size = (max(1, round(width * share)), max(1, round(height * share)))
        small = self._switch(np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA)))
        whole = (width * self.scale, height * self.scale)
        return np.asarray(cv2.resize(small, whole, interpolation=cv2.INTER_LINEAR), np.uint8)

    def _decide(self) -> None:
        if self._since < _LOOKED_AT:
            return
        middle = float(np.median(self._seconds))
        self._last[self._at] = middle
        self._first = self._first or middle
        if middle > self._budget and self._at + 1 < len(self.steps):
            self._go(self._at + 1, f"a frame takes {middle * 1000:.0f} ms")
        elif self._at and self._since >= _UP_AFTER * _LOOKED_AT and self._fits_above(middle):
            self._go(self._at - 1, f"a frame takes only {middle * 1000:.0f} ms")

    def _fits_above(self, middle: float) -> bool:
        """What the step above took then, by as much as this one is quicker now than at first."""
        return self._last[self._at - 1] * middle / self._first < _MARGIN * self._budget

    def _go(self, place: int, why: str) -> None:
        self._at, self._since, self._first = place, 0, 0.0
        self._seconds.clear()
        if self.step.model != self._switch.name:
            self._switch.choose(self.step.model)
        wanted = 1 / self._budget
        _LOG.warning("%s, for %.0f frames a second: now %s", why, wanted, self.step)
