"""Recordings that start and stop while the loop runs, and snapshots."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from pathlib import Path

from srgan_edge.errors import SrganEdgeError
from srgan_edge.files import unused
from srgan_edge.sinks.recording import Recording
from srgan_edge.sinks.sink import Unwatched, View

_LOG = logging.getLogger(__name__)


class Recordings(Unwatched):
    """One recording after another in a folder, each with the time of its start as its name."""

    def __init__(self, folder: Path, rate: float) -> None:
        """Get ready; nothing is made until a recording starts.

        Args:
            folder: where they go.
            rate: frames a second.
        """
        self._folder = folder
        self._rate = rate
        self._changing = threading.Lock()
        self._recording: Recording | None = None
        self.trouble = ""
        """What ended the last one, if something did."""

    @property
    def active(self) -> bool:
        """Whether one goes on."""
        return self._recording is not None

    def start(self) -> None:
        """Start one, unless one goes on. From any thread.

        Raises:
            InputError: the folder cannot be written.
        """
        with self._changing:
            if self._recording is None:
                self.trouble = ""
                self._recording = Recording(self._path(".mp4"), self._rate)

    def stop(self) -> None:
        """Finish it, if one goes on. From any thread.

        Raises:
            RunError: it could not be written.
        """
        with self._changing:
            recording, self._recording = self._recording, None
            if recording is not None:
                recording.close()

    def snapshot(self, view: View) -> Path:
        """Keep what is shown as a PNG; returns where. From any thread.

        Raises:
            InputError: the folder cannot be written.
        """
        from srgan_edge.images import ImageFile, write_image  # with Pillow, when it is asked for

        path = self._path(".png")
        write_image(path, ImageFile(view.sr))
        return path

    def _path(self, suffix: str) -> Path:
        now = datetime.now().strftime("%Y%m%d-%H%M%S-%f")[:-3]
        # A clock that was set back, or begins anew at each boot, gives a name twice.
        return unused(self._folder / f"srgan-edge-{now}{suffix}")

    def show(self, view: View) -> bool:
        """Write the picture, if a recording goes on. One that fails ends; the loop does not."""
        with self._changing:
            try:
                return self._recording is None or self._recording.show(view)
            except SrganEdgeError as error:
                _LOG.warning("%s", error)
                self.trouble = str(error)
                self._recording = None
        return True

    def close(self) -> None:
        """Finish what goes on."""
        self.stop()
