"""What a person may change while the loop runs, and what is told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from srgan_edge.errors import SrganEdgeError
from srgan_edge.live.stats import Stats
from srgan_edge.live.switch import Switch
from srgan_edge.sinks.recordings import Recordings
from srgan_edge.sinks.sink import View

_LOG = logging.getLogger(__name__)


@dataclass
class Controls:
    """For windows and browsers; from any thread.

    Attributes:
        switch: the models.
        recordings: that start and stop.
        stats: of the loop.
        trouble: what went wrong with the last change, or nothing.
    """

    switch: Switch
    recordings: Recordings
    stats: Stats
    trouble: str = ""

    def state(self) -> dict[str, Any]:
        """For JSON: the model and those there are, whether it records, and the measurements."""
        return {
            "model": self.switch.name,
            "models": list(self.switch.names),
            "recording": self.recordings.active,
            "trouble": self.trouble or self.recordings.trouble,
            "rate": self.stats.rate,
            **self.stats.as_dict(),
        }

    def choose(self, model: str) -> None:
        """Take another model; what is wrong with it becomes the trouble."""
        self._try(lambda: self.switch.choose(model))

    def choose_next(self) -> None:
        """Take the next model."""
        self._try(self.switch.choose_next)

    def record(self, on: bool) -> None:
        """Start or finish a recording; what is wrong with its file becomes the trouble."""
        self._try(self.recordings.start if on else self.recordings.stop)

    def toggle_recording(self) -> None:
        """Start a recording, or finish the one that goes on."""
        self.record(not self.recordings.active)

    def snapshot(self, view: View) -> None:
        """Keep what is shown as a picture."""
        self._try(lambda: self.recordings.snapshot(view))

    def _try(self, change: Callable[[], object]) -> None:
        try:
            change()
            self.trouble = ""
        except SrganEdgeError as error:
            self.trouble = str(error)
            _LOG.warning("%s", error)
