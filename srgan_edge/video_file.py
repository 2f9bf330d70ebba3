"""Opens a video file with OpenCV's FFmpeg, whatever its name is and wherever it may point."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path

import cv2

from srgan_edge.errors import InputError

# Lists of other files or of addresses in the network: FFmpeg would go and open those.
_LISTS = (b"#EXTM3U", b"ffconcat", b"v=0", b"<?xml", b"<MPD", b"[playlist]", b"[reference]")
_HEAD = 512
_SILENT = 0  # the lowest of OpenCV's log levels


def open_video_file(path: Path, options: list[int] | None = None) -> cv2.VideoCapture:
    """Open a video file.

    Args:
        path: of the file.
        options: pairs of OpenCV's properties and their values.

    Raises:
        InputError: it is no file, a list of others, or OpenCV cannot read its content.
        OSError: the system does not let it be read.
    """
    if not path.is_file():
        raise InputError(f"no such video file: {path}")
    with path.open("rb") as file:
        head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(_LISTS):
        raise InputError(f"not a video: {path} (it lists other files or addresses)")
    silence_opencv()
    capture = _open(path, options or [])
    if not capture.isOpened():
        raise InputError(f"not a video: {path} (OpenCV cannot read its content)")
    return capture


def sane_rate(rate: float) -> float | None:
    """A frame rate as a container tells it, or None when it cannot be one."""
    return rate if math.isfinite(rate) and 1.0 <= rate <= 1000.0 else None


def silence_opencv() -> None:
    """Our own line says what is wrong; OpenCV and its FFmpeg would add several."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read when the first video is opened
    # OpenCV 4, which 32-bit systems have, keeps it elsewhere.
    set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    set_level(_SILENT)


def _open(path: Path, options: list[int]) -> cv2.VideoCapture:
    try:
        # As a whole path: what stands before a colon would be a protocol of FFmpeg's.
        whole = str(path.absolute())
        whole.encode()
        return cv2.VideoCapture(whole, cv2.CAP_FFMPEG, options)
    except UnicodeEncodeError:
        # OpenCV takes no names that are not UTF-8. The link is needed until it is open.
        with tempfile.TemporaryDirectory(prefix="srgan-edge-") as folder:
            link = Path(folder) / f"video{path.suffix.encode(errors='ignore').decode()}"
            link.symlink_to(path.absolute())
            return cv2.VideoCapture(str(link), cv2.CAP_FFMPEG, options)
    except cv2.error as error:
        raise InputError(f"not a video: {path} ({' '.join(str(error).split())})") from None
