"""A recording of what is shown."""

from __future__ import annotations

from pathlib import Path

from srgan_edge.errors import RunError
from srgan_edge.files import check_target, make_folder, part_of, put_in_place
from srgan_edge.quality import Picture
from srgan_edge.sinks.sink import View
from srgan_edge.video import VideoWriter

_LONGEST_GAP = 2.0  # seconds that a recording fills with the last frame


class Recording:
    """A video file at a constant rate; frames are repeated or left out to keep time.

    It is written beside under another name, and has its own when it is closed.
    """

    def __init__(self, path: Path, rate: float) -> None:
        """Get ready; the file is opened with the first frame.

        Raises:
            InputError: the file cannot be written there, or the suffix is no video's.
        """
        check_target(path)
        self._path = path
        self._part = part_of(path)
        self._rate = rate
        self._writer: VideoWriter | None = None
        self._first = 0.0
        VideoWriter.check_suffix(path)

    def show(self, view: View) -> bool:
        """Write the picture as often as its time asks for."""
        frame, moment = view.sr, view.moment
        if self._writer is None:
            self._first = moment
            make_folder(self._path.parent)
            self._writer = VideoWriter(self._part, self._rate, (frame.shape[1], frame.shape[0]))
        due = round((moment - self._first) * self._rate) + 1
        if due > self._writer.frames + _LONGEST_GAP * self._rate:
            # A stream that hung: the recording goes on without the time in between.
            self._first = moment - self._writer.frames / self._rate
            due = self._writer.frames + 1
        while self._writer.frames < due:
            self._writer.write(frame)
        return True

    def poll(self, notice: Picture | None = None) -> bool:
        """Nobody to look after."""
        return True

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            RunError: it could not be written; what there is stays under the other name.
        """
        if self._writer is None:
            return
        try:
            self._writer.close()
            put_in_place(self._part, self._path)
        except (OSError, RunError) as error:
            raise RunError(f"the recording is incomplete, see {self._part}: {error}") from None
        finally:
            self._writer = None
