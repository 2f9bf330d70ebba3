"""From a compressed video to a compressed picture for a browser: what a person waits for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2

from srgan_edge.live import Live
from srgan_edge.scene import scene
from srgan_edge.sinks import Recording, View
from srgan_edge.sinks.sink import Unwatched
from srgan_edge.sources import open_source, parse_source
from srgan_edge.timing.candidate import Candidate
from srgan_edge.upscaler import Upscaler

_RATE = 25.0
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88]  # as the browser view has it


class Encoder(Unwatched):
    """Shows as a browser view does: by a JPEG."""

    def show(self, view: View) -> bool:
        """Encode it; never asks to stop."""
        cv2.imencode(".jpg", view.sr, _JPEG)
        return True

    def close(self) -> None:
        """Nothing to finish."""


def rate_end_to_end(candidate: Candidate, upscaler: Upscaler, frames: int) -> float:
    """Frames a second of the live loop on an H.264 file: decoded, upscaled, made a JPEG, in turn.

    The three overlap, as in `webcam`.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        _write(candidate, clip, frames)
        source = open_source(parse_source(str(clip)))
        stats = Live(source, upscaler, [Encoder()], overlay=False).run()
    return stats.frames / stats.seconds


def _write(candidate: Candidate, path: Path, frames: int) -> None:
    recording = Recording(path, _RATE)
    for index in range(frames):
        picture = scene(candidate.width, candidate.height, index)
        recording.show(View(picture, picture, index / _RATE))
    recording.close()
