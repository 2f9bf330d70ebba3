"""A live source that comes back when it was lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from srgan_edge.errors import InputError, RunError
from srgan_edge.quality import Picture
from srgan_edge.sources.source import Source

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0


class Reopening:
    """Opens a live source again whenever it ends: after half a second, then a second, and so on."""

    is_live = True

    def __init__(self, opening: Callable[[], Source], give_up: float | None = None) -> None:
        """Open it for the first time.

        Args:
            opening: opens it.
            give_up: seconds after which a lost source is an error; None waits as long as it takes.

        Raises:
            InputError: it does not open now, at the beginning.
        """
        self._opening = opening
        self._give_up = give_up
        self._source: Source | None = opening()
        self._closed = threading.Event()
        self.name, self.rate = self._source.name, self._source.rate
        self.lost_since: float | None = None

    def read(self) -> Picture | None:
        """The next frame, however long that takes; None once it was closed.

        Raises:
            RunError: it was lost for longer than is waited.
        """
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            picture = self._source.read() if self._source else None
            if picture is not None:
                self._found()
                return picture
            self._lose()
            self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            self._open_again()
        return None

    def close(self) -> None:
        """Let go of it, and stop waiting for it."""
        self._closed.set()
        if self._source:
            self._source.close()

    def _found(self) -> None:
        if self.lost_since is not None:
            _LOG.warning("%s is back after %.0f s", self.name, time.monotonic() - self.lost_since)
            self.lost_since = None

    def _lose(self) -> None:
        if self._source:
            self._source.close()
            self._source = None
        if self.lost_since is None:
            self.lost_since = time.monotonic()
            _LOG.warning("%s was lost: it is opened again", self.name)

    def _pause(self, seconds: float) -> None:
        lost = time.monotonic() - (self.lost_since or 0.0)
        left = float("inf") if self._give_up is None else self._give_up - lost
        self._closed.wait(min(seconds, max(0.0, left)))
        if left <= seconds and not self._closed.is_set():
            raise RunError(f"the source {self.name} ended and did not come back: given up")

    def _open_again(self) -> None:
        try:
            self._source = self._opening()
        except InputError as error:
            _LOG.info("%s", error)
        if self._closed.is_set():  # in the meantime
            self.close()
