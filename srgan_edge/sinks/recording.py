"""A recording of what is shown."""

from __future__ import annotations

import glob
import logging
import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srgan_edge.errors import InputError, RunError
from srgan_edge.files import check_target, make_folder, put_in_place, unused
from srgan_edge.leftovers import is_alive
from srgan_edge.quality import Picture, crop_to_multiple
from srgan_edge.sinks.sink import Unwatched, View

if TYPE_CHECKING:
    from av.container import OutputContainer

_LOG = logging.getLogger(__name__)
_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv")
_CLOCK = 90_000  # ticks a second, as in MPEG
_LONGEST_GAP = 2.0  # seconds without a frame that a recording has; longer ones are left out
# In pieces of a second, each with its own index: a power cut takes the last one, not the file.
_PIECES = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
# Little work and no delay; a live picture leaves the processor to the model.
_CODEC = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}


class Recording(Unwatched):
    """An H.264 file of every frame at its own time.

    It is written beside under another name, from which it can be played at any moment, and has its
    own when it is closed.
    """

    def __init__(self, path: Path, rate: float) -> None:
        """Get ready; the file is opened with the first frame.

        Args:
            path: MP4 or Matroska.
            rate: frames a second, about: a piece is as many.

        Raises:
            InputError: the file cannot be written there, its suffix is another, or PyAV is missing.
        """
        check_target(path)
        if path.suffix.lower() not in _SUFFIXES:
            raise InputError(f"cannot record to {path}: the name must end in {' '.join(_SUFFIXES)}")
        _av()
        self._path = path
        self._part = _part_of(path)
        self._rate = rate
        self._container: OutputContainer | None = None
        self._stream: Any = None
        self._start = 0.0  # the moment that is the beginning of the recording
        self._last = 0.0
        self._is_over = False

    def show(self, view: View) -> bool:
        """Write the picture.

        Raises:
            RunError: it cannot be written; what there is stays under the other name.
        """
        assert not self._is_over
        try:
            picture = np.ascontiguousarray(crop_to_multiple(view.sr, 2))  # 4:2:0 has even sides
            if self._container is None:
                self._open(picture)
                self._start = self._last = view.moment
            if view.moment > self._last + _LONGEST_GAP:
                self._start += view.moment - self._last - 1 / self._rate
            self._last = view.moment
            self._write(picture, round((view.moment - self._start) * _CLOCK))
        except OSError as error:  # PyAV's own are some, too
            self._let_go()
            raise self._incomplete(error) from None
        return True

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            RunError: it could not be written; what there is stays under the other name.
        """
        if self._container is None:
            return
        container, self._container = self._container, None
        try:
            container.mux(self._stream.encode(None))
            container.close()
            put_in_place(self._part, self._path)
        except OSError as error:
            raise self._incomplete(error) from None

    def _let_go(self) -> None:
        """Close the file as it is. It does not get its name: half a recording must not have it."""
        container, self._container = self._container, None
        self._is_over = True
        if container is not None:
            with suppress(OSError):
                container.close()

    def _open(self, picture: Picture) -> None:
        make_folder(self._path.parent)
        self._container = _av().open(str(self._part), "w", options=_PIECES)
        stream = self._container.add_stream("libx264", options=_CODEC)
        stream.codec_context.time_base = Fraction(1, _CLOCK)
        stream.codec_context.framerate = Fraction(self._rate).limit_denominator(1001)
        stream.codec_context.gop_size = max(1, round(self._rate))
        stream.pix_fmt = "yuv420p"
        stream.height, stream.width = picture.shape[:2]
        self._stream = stream

    def _write(self, picture: Picture, time: int) -> None:
        assert self._container is not None
        frame = _av().VideoFrame.from_ndarray(picture, format="bgr24")
        frame.time_base = Fraction(1, _CLOCK)
        frame.pts = time
        self._container.mux(self._stream.encode(frame))

    def _incomplete(self, error: OSError) -> RunError:
        return RunError(f"the recording is incomplete, see {self._part}: {error.strerror or error}")


def _part_of(path: Path) -> Path:
    """Under which name it is written. What a cut left there stays: after a boot numbers repeat."""
    part = unused(path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}"))
    for other in path.parent.glob(f".{glob.escape(path.stem)}.*.part{path.suffix}"):
        number = other.name[len(path.stem) + 2 :].split(".")[0].split("-")[0]
        if number.isdecimal() and not is_alive(int(number)):
            _LOG.warning("an earlier recording was cut off, it plays: %s", other)
    return part


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise InputError("a recording needs PyAV: pip install av") from None
    return av
