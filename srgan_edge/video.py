"""Video files: frame by frame through an upscaler, sound copied over by ffmpeg."""

from __future__ import annotations

import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from srgan_edge.decoded import MAX_PIXELS, check_input
from srgan_edge.errors import DiskError, InputError, RunError
from srgan_edge.files import is_full, whole_file
from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Picture
from srgan_edge.upscales import Upscales
from srgan_edge.video_file import open_video_file, sane_rate

# The codec that OpenCV's own FFmpeg can write into each container.
_CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
_LARGEST = {"mp4v": 8191, "MJPG": 65500}
VIDEO_SUFFIXES = (*_CODECS, ".webm", ".mpg", ".mpeg", ".ts", ".wmv", ".flv")
_FALLBACK_RATE = 25.0
_LOOKS_EVERY = 25  # frames between two looks at the room that is left
# Beyond so many seconds without a frame, or so many copies of each, time stamps are damaged.
_LONGEST_GAP, _MOST_COPIES = 60.0, 240
_SOUND_SECONDS = 600.0  # for ffmpeg to copy it


@dataclass(frozen=True)
class VideoResult:
    """What upscaling a video gave.

    Attributes:
        frames: written.
        rate: frames a second: reading, upscaling and writing, without the sound.
        notices: what the person should know, a line each.
    """

    frames: int
    rate: float
    notices: list[str]


def output_suffix(suffix: str) -> str:
    """The container that a video of `suffix` is written in."""
    return suffix if suffix.lower() in _CODECS else ".mp4"


class VideoWriter:
    """Writes frames of one size; the container follows from the path's suffix."""

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        """Open `path` for frames of `size` (width, height) at `rate` a second.

        Raises:
            InputError: a suffix that is no container OpenCV writes, or too many pixels for it.
            RunError: OpenCV cannot open it.
        """
        if path.suffix.lower() not in _CODECS:
            raise InputError(
                f"cannot write {path}: the name must end in one of {' '.join(_CODECS)}"
            )
        name = _CODECS[path.suffix.lower()]
        if max(size) > _LARGEST[name]:
            raise InputError(
                f"{size[0]}x{size[1]} pixels are too many for {path.suffix}: accepted are up to "
                f"{_LARGEST[name]} each way"
            )
        codec = cv2.VideoWriter.fourcc(*name)
        self.frames = 0
        self._path = path
        self._writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, rate, size)
        if not self._writer.isOpened():
            raise RunError(f"OpenCV cannot write a {size[0]}x{size[1]} video to {path}")

    def write(self, frame: Picture) -> None:
        """Add one frame, (h, w, 3) uint8 BGR.

        Raises:
            DiskError: the disk is full. OpenCV does not say so, and the rest would be in vain.
        """
        self._writer.write(frame)
        self.frames += 1
        if self.frames % _LOOKS_EVERY == 0 and is_full(self._path.parent):
            raise DiskError(f"cannot write {self._path}: no space left")

    def close(self) -> None:
        """Finish the file.

        Raises:
            DiskError: fewer frames are in it than were written; OpenCV does not say so itself.
        """
        self._writer.release()
        check = cv2.VideoCapture(str(self._path))
        found = int(check.get(cv2.CAP_PROP_FRAME_COUNT)) if check.isOpened() else 0
        check.release()
        if found < self.frames:
            raise DiskError(f"only {found} of {self.frames} frames were written: is the disk full?")


def upscale_video(
    source: Path, target: Path, upscaler: Upscales, max_pixels: int = MAX_PIXELS
) -> VideoResult:
    """Upscale every frame of `source` into `target`, which appears whole or not at all.

    Raises:
        InputError: `source` is no video, has no frame that can be read, or larger ones than
            `max_pixels`.
        RunError: writing failed.
    """
    with _opened(source) as capture:
        width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        check_input(source, width, height, max_pixels)
        rate = sane_rate(capture.get(cv2.CAP_PROP_FPS))
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        started = time.monotonic()
        with whole_file(target) as part:
            frames = _write_frames(capture, source, part, rate or _FALLBACK_RATE, total, upscaler)
            seconds = time.monotonic() - started
            notices = [_copy_sound(source, part)]
    if rate is None:
        notices.append(f"{source} tells no frame rate: {_FALLBACK_RATE:g} is taken")
    return VideoResult(frames, frames / seconds, [notice for notice in notices if notice])


@contextmanager
def _opened(source: Path) -> Iterator[cv2.VideoCapture]:
    capture = open_video_file(source)
    try:
        yield capture
    finally:
        capture.release()


def _write_frames(
    capture: cv2.VideoCapture,
    source: Path,
    part: Path,
    rate: float,
    total: int,
    upscaler: Upscales,
) -> int:
    writer: VideoWriter | None = None
    gaps = _Gaps(rate)
    started = time.monotonic()
    with ProgressLine(source.name, total if total > 0 else None) as line:
        while (frame := _next_frame(capture, source)) is not None:
            result = upscaler(frame)
            if writer is None:
                size = (result.shape[1], result.shape[0])
                writer = VideoWriter(part, rate, size)
            elif size != (result.shape[1], result.shape[0]):  # as players do
                result = np.asarray(cv2.resize(result, size, interpolation=cv2.INTER_AREA))
            for _ in range(gaps.copies(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)):
                writer.write(result)
            speed = writer.frames / (time.monotonic() - started)
            line.update(writer.frames, f"{speed:.1f} frames/s")
    if writer is None:
        raise InputError(f"no frame of {source} can be read")
    writer.close()
    return writer.frames


def _next_frame(capture: cv2.VideoCapture, source: Path) -> Picture | None:
    try:
        found, frame = capture.read()
    except cv2.error as error:
        raise InputError(f"cannot read {source}: {' '.join(str(error).split())}") from None
    return np.asarray(frame, dtype=np.uint8) if found else None


class _Gaps:
    """Fills in for frames that a file skipped.

    Telephones and screen recorders leave frames out that bring nothing new; at a constant rate the
    picture would run away from the sound.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._read = self._written = 0
        self._damaged = False

    def copies(self, moment: float) -> int:
        """How often the frame just read is written, by its time stamp in seconds.

        Once where no time stamp can be right: after a gap of more than a minute, or when there
        would be hundreds of copies of every frame, nothing is filled in any more.
        """
        self._read += 1
        missing = round(moment * self._rate) - self._written if math.isfinite(moment) else 0
        most = round(_LONGEST_GAP * self._rate)
        total = most + _MOST_COPIES * self._read
        self._damaged |= missing > most or self._written + missing > total
        copies = 1 if self._damaged else 1 + max(0, missing)
        self._written += copies
        return copies


def _copy_sound(source: Path, part: Path) -> str:
    """Add the sound of `source` to the silent `part`; returns a notice, or nothing."""
    if shutil.which("ffmpeg") is None:
        return f"ffmpeg is not installed: sound of {source}, if it has any, is not copied"
    mixed = part.with_name(f"{part.stem}.sound{part.suffix}")
    try:
        # As it is, or newly encoded where the container does not take that.
        for codec in ("copy", "aac"):
            if _mix(part, source, mixed, codec):
                mixed.replace(part)
                return ""
    finally:
        mixed.unlink(missing_ok=True)
    return f"ffmpeg cannot put the sound of {source} into {part.suffix}: it is not copied"


def _mix(silent: Path, source: Path, mixed: Path, codec: str) -> bool:
    # As whole paths: what stands before a colon would be a protocol.
    inputs = ["-i", str(silent.absolute()), "-i", str(source.absolute())]
    streams = ["-map", "0:v:0", "-map", "1:a?", "-c:v", "copy", "-c:a", codec]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, *streams, str(mixed.absolute())]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SOUND_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    if b"No space left" in done.stderr:  # a video without its sound would be half of it
        raise DiskError(f"cannot add the sound of {source}: no space left")
    return done.returncode == 0
