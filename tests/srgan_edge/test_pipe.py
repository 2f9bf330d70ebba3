"""Video for other programs, read by ffmpeg."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers import run_cli

from srgan_edge.errors import InputError, RunError
from srgan_edge.sinks import Pipe, Push, View

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def view(level: int, height: int = 36, width: int = 64) -> View:
    picture = np.full((height, width, 3), level, np.uint8)
    picture[..., 0] = 200
    return View(picture[::4, ::4], picture, level / 25)


@needs_ffmpeg
@pytest.mark.parametrize(("height", "width"), [(36, 64), (35, 63)])
def test_y4m_is_read_by_ffmpeg(height: int, width: int) -> None:
    written = io.BytesIO()
    pipe = Pipe(written, 30000 / 1001)
    for level in range(50, 60):
        assert pipe.show(view(level, height, width))
    command = ["ffmpeg", "-v", "error", "-f", "yuv4mpegpipe", "-i", "-"]
    command += ["-f", "rawvideo", "-pix_fmt", "bgr24", "-"]
    done = subprocess.run(command, input=written.getvalue(), capture_output=True, check=True)
    frames = np.frombuffer(done.stdout, np.uint8).reshape(10, height // 2 * 2, width // 2 * 2, 3)
    for level, frame in zip(range(50, 60), frames, strict=True):
        assert np.abs(frame.astype(int) - [200, level, level]).max() <= 4
    assert b"F30000:1001 " in written.getvalue()


def test_bare_bytes_are_the_frames() -> None:
    written = io.BytesIO()
    pipe = Pipe(written, 25.0, "bgr24")
    assert pipe.show(view(7))
    assert written.getvalue() == view(7).sr.tobytes()


def test_a_size_that_changes_is_told() -> None:
    pipe = Pipe(io.BytesIO(), 25.0)
    pipe.show(view(7))
    with pytest.raises(RunError, match="the frames became 32x36"):
        pipe.show(view(7, width=32))


@needs_ffmpeg
def test_the_command_writes_video_and_nothing_else(small_clip: Path) -> None:
    command = [sys.executable, "-m", "srgan_edge", "webcam", "--source", str(small_clip)]
    command += ["--show", "none", "--output", "-", "--pixels", "bgr24"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert len(done.stdout) == 12 * 144 * 256 * 3
    assert done.stderr.startswith(b"12 frames, ")


def test_a_reader_that_leaves_ends_it(long_clip: Path) -> None:
    command = [sys.executable, "-m", "srgan_edge", "webcam", "--source", str(long_clip)]
    command += ["--show", "none", "--output", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.read(10) == b"YUV4MPEG2 "
        running.stdout.close()
        assert running.wait(timeout=60) == 0
        said = running.stderr.read()
    assert b" frames, " in said
    assert b"xception" not in said


@needs_ffmpeg
def test_it_is_pushed_over_the_network(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = f"udp://127.0.0.1:{free.getsockname()[1]}"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", address, "-frames:v", "3"]
    command += ["-f", "rawvideo", "-pix_fmt", "bgr24", str(tmp_path / "seen")]
    with subprocess.Popen(command) as receiving:
        push, ended = Push(address, 25.0), threading.Event()

        def send() -> None:
            for count in range(2000):
                push.show(view(50 + count % 50, 144, 256))
                if ended.wait(0.04):
                    return

        sending = threading.Thread(target=send)
        sending.start()
        assert receiving.wait(timeout=60) == 0
        ended.set()
        sending.join()
        push.close()
    assert (tmp_path / "seen").stat().st_size == 3 * 144 * 256 * 3


@needs_ffmpeg
def test_nobody_there_is_told() -> None:
    push = Push("rtsp://127.0.0.1:1/x", 25.0)

    def send() -> None:
        for count in range(500):
            push.show(view(count % 200, 144, 256))

    with pytest.raises(
        RunError, match=r"cannot send the video to rtsp://127\.0\.0\.1:1/x: .*refused"
    ):
        send()
    push.close()


@pytest.mark.parametrize("target", ["", "out.mp4", "http://x", "/dev/videoX", "gopher://x"])
def test_where_nothing_can_be_sent(target: str) -> None:
    with pytest.raises(InputError, match="--output must be -, /dev/videoN or rtsp://"):
        Push(target, 25.0)


def test_no_such_pixels(small_clip: Path) -> None:
    ran = run_cli("webcam", "--source", small_clip, "--output", "-", "--pixels", "rgb")
    assert ran.code == 2
    assert "--pixels must be y4m or bgr24" in ran.err
