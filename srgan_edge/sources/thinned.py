"""Fewer frames a second than a source gives."""

from __future__ import annotations

import time

from srgan_edge.quality import Picture
from srgan_edge.sources.source import Source


class Thinned:
    """Leaves frames out, so that at most `rate` a second are left."""

    lost_since = None

    def __init__(self, source: Source, rate: float) -> None:
        self.name = source.name
        self.is_live = source.is_live
        self.rate = min(rate, source.rate)
        self._source = source
        self._wanted = rate
        self._read = 0
        self._due = 0.0

    def read(self) -> Picture | None:
        """The next frame whose turn it is, or None when there are no more."""
        while (picture := self._source.read()) is not None:
            if self._is_due():
                break
        return picture

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()

    def _is_due(self) -> bool:
        """By the clock when live, else by the frame's place in the file."""
        moment = time.monotonic() if self.is_live else self._read / self._source.rate
        self._read += 1
        if moment < self._due - 1e-6:
            return False
        # A source that paused owes nothing: the next turn counts from now.
        late = moment - self._due > 1 / self._wanted
        self._due = (moment if late else self._due) + 1 / self._wanted
        return True
