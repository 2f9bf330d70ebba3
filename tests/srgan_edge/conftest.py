"""What the runtime's tests share: an upscaler, small clips, a stream, processes to signal."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from srgan_edge.upscaler import Upscaler
from srgan_edge.video_file import silence_opencv

silence_opencv()  # before the first clip: FFmpeg asks once a process how much it may say
SMALL_FRAMES, SMALL_RATE = 12, 24000 / 1001
_PATIENCE = 60.0
# How long an example takes says more of the machine and its load than of the code.
settings.register_profile("any-speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-speed")


@pytest.fixture(scope="session")
def upscaler() -> Upscaler:
    """The embedded model, whole pictures."""
    return Upscaler("edge")


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 frames of 64x36 at 23.976 a second, each plain and brighter than the one before."""
    path = tmp_path_factory.mktemp("small") / "small.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), SMALL_RATE, (64, 36))
    for index in range(SMALL_FRAMES):
        writer.write(np.full((36, 64, 3), 20 + 18 * index, np.uint8))
    writer.release()
    return path


@pytest.fixture(scope="session")
def long_clip(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample clip over and over: long enough that it must be interrupted."""
    frames = read_frames(samples / "clip.mp4")
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 24.0, (320, 180))
    for _ in range(25):
        for frame in frames:
            writer.write(frame)
    writer.release()
    return path


def read_frames(path: Path) -> list[cv2.typing.MatLike]:
    """All frames of a video that can be decoded."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while (answer := capture.read())[0]:
        frames.append(answer[1])
    capture.release()
    return frames


@pytest.fixture(scope="session")
def decode() -> Callable[[Path], list[cv2.typing.MatLike]]:
    """Reads all frames of a video."""
    return read_frames


@dataclass
class Started:
    """`srgan-edge` running beside the test."""

    process: subprocess.Popen[str]

    def wait_until(self, happened: Callable[[], object]) -> None:
        """Wait for something that the process does; fails when it ends first."""
        limit = time.monotonic() + _PATIENCE
        while not happened():
            if self.process.poll() is not None:
                pytest.fail(f"ended with {self.process.returncode}: {self.process.communicate()}")
            if time.monotonic() > limit:
                pytest.fail("waited in vain")
            time.sleep(0.02)

    def stop(self, kind: signal.Signals) -> tuple[int, str]:
        """Send a signal; the exit code and what it said on stderr."""
        self.process.send_signal(kind)
        return self.finish()

    def finish(self) -> tuple[int, str]:
        """Wait for the end; the exit code and what it said on stderr."""
        _, errors = self.process.communicate(timeout=_PATIENCE)
        return self.process.returncode, errors


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Starts `srgan-edge` with these arguments, and ends what is left of it after the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> Started:
        command = [sys.executable, "-m", "srgan_edge", *(str(argument) for argument in arguments)]
        pipe = subprocess.PIPE
        running.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))
        return Started(running[-1])

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@dataclass
class Stream:
    """An MJPEG stream on loopback, as cheap cameras in the network serve it."""

    url: str
    sent: int = 0


@pytest.fixture
def serve() -> Iterator[Callable[..., Stream]]:
    """Serves so many frames of 64x36, 25 a second, then ends or, with `stalls`, goes silent."""
    servers: list[ThreadingHTTPServer] = []
    ended = threading.Event()

    def begin(frames: int, stalls: bool = False) -> Stream:
        noise = np.random.default_rng(0).integers(0, 256, (36, 64, 3), np.uint8)
        jpeg = cv2.imencode(".jpg", noise)[1].tobytes()
        stream = Stream("")

        class Camera(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Nothing."""

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                try:
                    for _ in range(frames):
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                        stream.sent += 1
                        if ended.wait(0.04):
                            return
                except (BrokenPipeError, ConnectionResetError):
                    return
                if stalls:
                    ended.wait(_PATIENCE)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        servers.append(server)
        stream.url = f"http://127.0.0.1:{server.server_address[1]}/camera"
        return stream

    yield begin
    ended.set()
    for server in servers:
        server.shutdown()
        server.server_close()
