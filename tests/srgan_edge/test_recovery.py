"""Cameras in the network that die and come back, as real servers on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from helpers import TESTS, free_port

from srgan_edge.sources import Source, open_source, parse_source, reopening

SYSTEM = "/usr/bin/python3"
TIMES = 20
pytestmark = pytest.mark.timeout(600)


@contextmanager
def camera(command: list[str], port: int) -> Iterator[None]:
    """While it lasts, a camera sends; then it is killed."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, str(port)], stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        if running.stdout.readline() != "ready\n":
            pytest.fail(running.stderr.read())
        try:
            yield
        finally:
            running.kill()


@pytest.fixture(params=["mjpeg", "rtsp"])
def kind(request: pytest.FixtureRequest) -> tuple[list[str], str]:
    """The command of a camera, and its address for a port."""
    if request.param == "mjpeg":
        script = TESTS / "support" / "mjpeg_camera.py"
        return [sys.executable, str(script)], "http://127.0.0.1:{}/live"
    code = "import gi; gi.require_version('GstRtspServer', '1.0')"
    found = (
        Path(SYSTEM).exists()
        and not subprocess.run([SYSTEM, "-c", code], capture_output=True, check=False).returncode
    )
    if not found:
        pytest.skip("needs gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-ugly")
    return [SYSTEM, str(TESTS / "support" / "rtsp_camera.py")], "rtsp://127.0.0.1:{}/live"


def frames(source: Source, count: int) -> None:
    for _ in range(count):
        frame = source.read()
        assert frame is not None
        assert frame.shape == (120, 160, 3)
        assert frame.std() > 1


def used() -> tuple[int, int, int]:
    """Threads, open files and resident MB of this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in status)
    files = len([*Path("/proc/self/fd").iterdir()])
    return int(found["Threads"]), files, int(found["VmRSS"].split()[0]) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_it_comes_back_every_time(
    kind: tuple[list[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing grows: not threads, not open files, and memory no more than an allocator's whims."""
    monkeypatch.setattr(reopening, "_FIRST_PAUSE", 0.1)
    command, address = kind
    port = free_port()
    with camera(command, port):
        source = open_source(parse_source(address.format(port)))
        frames(source, 5)
    with closing(source):
        measured = []
        for _ in range(TIMES):
            with camera(command, port):
                # Some frames of before the end may still be on their way.
                frames(source, 30)
                assert source.lost_since is None
            measured.append(used())
    threads, files, memory = (list(column) for column in zip(*measured, strict=True))
    assert max(threads[5:]) <= max(threads[:5])
    assert max(files[5:]) <= max(files[:5])
    assert memory[-1] - memory[4] <= 16, memory
