"""The upscaled video for other programs: on standard output, or through ffmpeg to anywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from typing import IO

import cv2
import numpy as np

from srgan_edge.errors import InputError, RunError
from srgan_edge.quality import Picture, crop_to_multiple
from srgan_edge.sinks.sink import Unwatched, View

FORMATS = ("y4m", "bgr24")


class Pipe(Unwatched):
    """Frames of one size into a pipe or standard output: YUV4MPEG2 4:2:0, or bare BGR bytes."""

    def __init__(self, file: IO[bytes], rate: float, pixels: str = "y4m") -> None:
        """Get ready; nothing is written before the first frame.

        Args:
            file: open for bytes.
            rate: frames a second, which a header tells.
            pixels: one of `FORMATS`.

        Raises:
            InputError: no such format.
        """
        if pixels not in FORMATS:
            raise InputError(f"--pixels must be {' or '.join(FORMATS)}, got {pixels!r}")
        self._file = file
        self._rate = rate
        self._is_bare = pixels == "bgr24"
        self._size: tuple[int, int] | None = None

    def show(self, view: View) -> bool:
        """Write the picture; False when nobody reads any more.

        Raises:
            RunError: the size changed, which no video does, or the disk is full.
        """
        height, width = view.sr.shape[:2]
        try:
            if self._size is None:
                self._size = (width, height)
                self._file.write(b"" if self._is_bare else self._header())
            if self._size != (width, height):
                raise RunError(f"the frames became {width}x{height}, they were {self._size}")
            self._file.write(view.sr.tobytes() if self._is_bare else _y4m(view.sr))
            self._file.flush()
        except BrokenPipeError:
            return False
        except OSError as error:
            raise RunError(f"cannot write the video: {error.strerror}") from None
        return True

    def close(self) -> None:
        """The file is its owner's."""

    def _header(self) -> bytes:
        assert self._size is not None
        width, height = (side // 2 * 2 for side in self._size)
        rate = Fraction(self._rate).limit_denominator(1001)
        line = f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator} Ip A1:1 C420jpeg"
        return line.encode() + b" XCOLORRANGE=LIMITED\n"


def _y4m(picture: Picture) -> bytes:
    even = np.ascontiguousarray(crop_to_multiple(picture, 2))
    return b"FRAME\n" + cv2.cvtColor(even, cv2.COLOR_BGR2YUV_I420).tobytes()


class Push(Unwatched):
    """The video through ffmpeg: to an RTSP, RTMP, UDP or SRT address, or a v4l2loopback device."""

    def __init__(self, target: str, rate: float) -> None:
        """Check that it can be.

        Args:
            target: an address with ://, or `/dev/video` and a number.
            rate: frames a second.

        Raises:
            InputError: no such way, or no ffmpeg.
        """
        self._arguments = _codec(target)
        if shutil.which("ffmpeg") is None:
            raise InputError(f"--output {target} needs ffmpeg: apt-get install ffmpeg")
        self._target = target
        self._rate = rate
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Pipe | None = None

    def show(self, view: View) -> bool:
        """Send the picture.

        Raises:
            RunError: ffmpeg ended, with its own reason.
        """
        if self._pipe is None:
            self._pipe = self._start()
        if not self._pipe.show(view):
            raise RunError(f"cannot send the video to {self._target}: {self._last_words()}")
        return True

    def close(self) -> None:
        """Send what is left, and end ffmpeg."""
        if self._process is None:
            return
        process, self._process = self._process, None
        try:
            process.communicate(timeout=5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _start(self) -> Pipe:
        command = ["ffmpeg", "-nostdin", "-v", "error", "-use_wallclock_as_timestamps", "1"]
        command += ["-f", "yuv4mpegpipe", "-i", "-", *self._arguments, self._target]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stderr=pipe)
        assert self._process.stdin is not None
        return Pipe(self._process.stdin, self._rate)

    def _last_words(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        words = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return "; ".join(words[:3]) or "ffmpeg ended"


# What carries an address's scheme.
_CONTAINERS = {"rtsp": "rtsp", "rtmp": "flv", "udp": "mpegts", "srt": "mpegts", "tcp": "mpegts"}


def _codec(target: str) -> Sequence[str]:
    if re.fullmatch(r"/dev/video\d+", target):
        return ("-pix_fmt", "yuv420p", "-f", "v4l2")
    scheme = target.split("://")[0] if "://" in target else ""
    if scheme not in _CONTAINERS:
        accepted = ", ".join(f"{name}://" for name in _CONTAINERS)
        raise InputError(f"--output must be -, /dev/videoN or {accepted}, got {target!r}")
    live = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt")
    return (*live, "yuv420p", "-g", "50", "-f", _CONTAINERS[scheme])
