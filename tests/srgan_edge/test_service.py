"""What systemd hears, at a real socket: from the sink, from the live loop, from the command."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from srgan_edge.live import Live
from srgan_edge.quality import Picture
from srgan_edge.sinks import Heartbeat, View, heartbeats
from srgan_edge.upscaler import Upscaler

if TYPE_CHECKING:
    from tests.srgan_edge.conftest import Started, Stream

PICTURE = np.full((9, 16, 3), 100, np.uint8)
VIEW = View(PICTURE, PICTURE, 0.0)
MOST_SECONDS_TO_STOP = 2.0
ATTEMPTS = 3  # what else the machine does is not its fault
Decode = Callable[[Path], list[cv2.typing.MatLike]]
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here"),
]


@dataclass
class Systemd:
    """The listening end, as systemd has it."""

    name: str  # as in NOTIFY_SOCKET
    socket: socket.socket
    heard: list[str] = field(default_factory=list)  # all lines so far

    def listen(self) -> list[str]:
        """The lines that arrived since it was last asked."""
        new: list[str] = []
        while True:
            try:
                new += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                self.heard += new
                return new

    def has_heard(self, words: str) -> bool:
        """Whether a line with these words has arrived since the beginning."""
        self.listen()
        return words in "\n".join(self.heard)


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    """Both kinds of address."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@srgan-edge-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        listening.setblocking(False)
        yield Systemd(name, listening)


class Clock:
    """Seconds that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_said_when(systemd: Systemd) -> None:
    clock, spoken = Clock(), iter(("slow", "slower"))
    told = Heartbeat(systemd.name, 0.25, lambda: next(spoken), clock)
    assert told.poll()
    assert systemd.listen() == []
    assert told.show(VIEW)
    assert systemd.listen() == ["READY=1"]
    said = {}
    for step in range(1, 21):  # for two seconds, a frame every tenth
        clock.now = 1000.0 + step / 10
        assert told.show(VIEW)
        said[step] = systemd.listen()
    assert [step for step, lines in said.items() if "WATCHDOG=1" in lines] == [3, 6, 9, 12, 15, 18]
    assert {step: lines[-1] for step, lines in said.items() if "STATUS" in str(lines)} == {
        10: "STATUS=slow",
        20: "STATUS=slower",
    }
    clock.now += 60
    assert told.poll()
    assert systemd.listen() == []  # nothing was shown
    told.close()
    assert systemd.listen() == ["STOPPING=1"]
    assert "READY=1" not in str(said)


def test_nobody_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    told = Heartbeat(str(tmp_path / "nobody"), 0.25, lambda: "well", clock)
    for _ in range(50):
        clock.now += 0.1
        assert told.show(VIEW)
    told.close()
    (record,) = caplog.records
    assert record.getMessage().startswith("systemd cannot be told how it goes: No such file")


def test_a_full_socket_keeps_nobody_waiting(
    systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    """What was not taken is said again, once there is room."""
    clock = Clock()
    told = Heartbeat(systemd.name, 0.25, lambda: "well", clock)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                other.sendto(b"X", systemd.socket.getsockname())
        for _ in range(50):
            clock.now += 0.1
            assert told.show(VIEW)
    assert "READY=1" not in systemd.listen()
    clock.now += 0.2
    assert told.show(VIEW)
    assert systemd.listen() == ["READY=1"]
    assert len(caplog.records) == 1
    told.close()


def test_only_a_service_that_notifies_has_one(systemd: Systemd) -> None:
    assert heartbeats(str, {}) == []
    assert heartbeats(str, {"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "1000"}) == []
    (told,) = heartbeats(str, {"NOTIFY_SOCKET": systemd.name})
    told.close()
    assert systemd.listen() == ["STOPPING=1"]


@pytest.mark.parametrize(
    ("environment", "beats"),
    [
        ({"WATCHDOG_USEC": "4"}, True),
        ({"WATCHDOG_USEC": "4", "WATCHDOG_PID": str(os.getpid())}, True),
        ({"WATCHDOG_USEC": "4", "WATCHDOG_PID": "1"}, False),
        ({"WATCHDOG_USEC": "0"}, False),
        ({"WATCHDOG_USEC": "soon"}, False),
        ({}, False),
    ],
)
def test_whose_watchdog_it_is(systemd: Systemd, environment: dict[str, str], beats: bool) -> None:
    (told,) = heartbeats(str, {"NOTIFY_SOCKET": systemd.name, **environment})
    for _ in range(3):
        told.show(VIEW)
        time.sleep(0.001)
    told.close()
    assert ("WATCHDOG=1" in systemd.listen()) is beats


def test_it_is_ready_with_the_first_frame(systemd: Systemd, upscaler: Upscaler) -> None:
    class Late:
        """Looks whether anything was said before its first frame."""

        name, is_live, rate, lost_since = "late", True, 25.0, None
        left = 3

        def read(self) -> Picture | None:
            if self.left == 3:
                time.sleep(0.5)
                assert systemd.listen() == []
            self.left -= 1
            return PICTURE if self.left >= 0 else None

        def close(self) -> None:
            """Nothing to close."""

    (told,) = heartbeats(str, {"NOTIFY_SOCKET": systemd.name})
    Live(Late(), upscaler, [told], overlay=False).run()
    told.close()
    assert systemd.listen() == ["READY=1", "STOPPING=1"]


def start_configured(
    start: Callable[..., Started], stream: Stream, folder: Path, show: str
) -> tuple[Started, Path]:
    """The command as the service runs it: with one file. Also what it records."""
    record = folder / "recorded" / "live.mp4"
    folder.mkdir(exist_ok=True)
    (folder / "webcam.toml").write_text(
        f'source = "{stream.url}"\nshow = "{show}"\nbind = "0"\nrecord = "{record}"\nthreads = 1\n'
    )
    return start("webcam", "--config", folder / "webcam.toml"), record


@pytest.mark.parametrize("systemd", ["path"], indirect=True)
def test_the_watchdog_starves_when_frames_stop(
    systemd: Systemd,
    serve: Callable[..., Stream],
    start: Callable[..., Started],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.name)
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    stream = serve(frames=120, stalls=True)
    running, _ = start_configured(start, stream, tmp_path, "none")
    running.wait_until(lambda: systemd.has_heard("READY=1"))
    assert stream.sent > 0
    running.wait_until(lambda: systemd.has_heard("STATUS=") and stream.sent == 120)
    assert systemd.heard.count("READY=1") == 1
    assert systemd.heard.count("WATCHDOG=1") > 2
    while systemd.listen():  # of the frames that were on their way
        time.sleep(1.0)
    time.sleep(1.0)
    assert systemd.listen() == []
    assert running.stop(signal.SIGTERM) == (0, "")
    assert systemd.listen() == ["STOPPING=1"]


@pytest.mark.parametrize(
    ("frames", "show"), [(5000, "browser"), (40, "none")], ids=["frames come", "the camera hangs"]
)
def test_it_ends_within_two_seconds(
    frames: int,
    show: str,
    serve: Callable[..., Stream],
    start: Callable[..., Started],
    tmp_path: Path,
    decode: Decode,
) -> None:
    """As the service is stopped: the recording is closed and plays."""
    seconds: list[float] = []
    while len(seconds) < ATTEMPTS:
        stream = serve(frames=frames, stalls=True)
        folder = tmp_path / str(len(seconds))
        running, record = start_configured(start, stream, folder, show)
        running.wait_until(partial(sent_and_recorded, stream, 40, record.parent))
        time.sleep(0.5)  # so that the reader waits for what does not come
        asked = time.monotonic()
        assert running.stop(signal.SIGTERM)[0] == 0
        seconds.append(time.monotonic() - asked)
        assert list(record.parent.iterdir()) == [record]
        assert decode(record)
        if seconds[-1] <= MOST_SECONDS_TO_STOP:
            return
    if (load := os.getloadavg()[0]) > 2 * (os.cpu_count() or 1):
        pytest.skip(f"the machine is too busy to tell (load {load:.0f}): it took {seconds} s")
    pytest.fail(f"it took {seconds} s")


def sent_and_recorded(stream: Stream, frames: int, folder: Path) -> bool:
    return stream.sent >= frames and any(folder.glob(".*"))
