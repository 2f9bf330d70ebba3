"""A file at its own rate, as if it were live."""

from __future__ import annotations

import time

from srgan_edge.quality import Picture
from srgan_edge.sources.source import Source


class Paced:
    """Gives each frame when its time has come; who is late misses some."""

    is_live = True
    lost_since = None

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.rate = source.rate
        self._source = source
        self._started: float | None = None
        self._read = 0

    def read(self) -> Picture | None:
        """The next frame when it is due, or None when there are no more."""
        picture = self._source.read()
        self._started = self._started or time.monotonic()
        due = self._started + self._read / self.rate
        self._read += 1
        time.sleep(max(0.0, due - time.monotonic()))
        return picture

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()
