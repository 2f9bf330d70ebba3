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
_PATIENCE = 5.0  # seconds without a frame, after which a source that says nothing counts as stuck


class Reopening:
    """Opens a live source again whenever it ends: after half a second, then a second, and so on.

    One that is stuck, whose `read` does not come back, cannot be opened again: what hangs in a
    driver has the device. It is told, waited for and given up as one that was lost.
    """

    is_live = True

    def __init__(self, opening: Callable[[], Source], give_up: float | None = None) -> None:
        """Open it for the first time.

        Args:
            opening: opens it.
            give_up: seconds after which a lost source is an error; None waits as long as it takes.
                One that is stuck has `_PATIENCE` at least.

        Raises:
            InputError: it does not open now, at the beginning.
        """
        self._opening = opening
        self._give_up = give_up
        self._source: Source | None = opening()
        self._closed = threading.Event()
        self.name, self.rate = self._source.name, self._source.rate
        self._lost: float | None = None
        self._reading: float | None = None  # since when
        self._was_told = False  # that it is stuck
        self._patience = max(_PATIENCE, 3 / self.rate)

    @property
    def lost_since(self) -> float | None:
        """When it was lost or the read that does not come back began (monotonic seconds).

        Raises:
            RunError: it is stuck, and for longer than is waited.
        """
        reading = self._reading
        waited = 0.0 if reading is None else time.monotonic() - reading
        if reading is None or self._lost is not None or waited < self._patience:
            return self._lost
        if self._give_up is not None and waited > self._give_up:
            raise RunError(f"the source {self.name} gives no frame for {waited:.0f} s: given up")
        if not self._was_told:
            self._was_told = True
            _LOG.warning(
                "%s gives no frame for %.0f s: it is waited for; --give-up bounds that",
                self.name,
                waited,
            )
        return reading

    def read(self) -> Picture | None:
        """The next frame, however long that takes; None once it was closed.

        Raises:
            RunError: it was lost for longer than is waited.
        """
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            picture = self._read()
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
        reading = self._reading
        if self._source and (reading is None or time.monotonic() - reading < self._patience):
            self._source.close()  # one that is stuck would not come back from that either

    def _read(self) -> Picture | None:
        if self._source is None:
            return None
        self._reading = time.monotonic()
        try:
            return self._source.read()
        finally:
            self._lost = self._lost or (self._reading if self._was_told else None)
            self._reading = None

    def _found(self) -> None:
        if self._lost is not None:
            _LOG.warning("%s is back after %.0f s", self.name, time.monotonic() - self._lost)
            self._lost, self._was_told = None, False

    def _lose(self) -> None:
        if self._source:
            self._source.close()
            self._source = None
        if self._lost is None:
            self._lost = time.monotonic()
            _LOG.warning("%s was lost: it is opened again", self.name)

    def _pause(self, seconds: float) -> None:
        lost = time.monotonic() - (self._lost or 0.0)
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
