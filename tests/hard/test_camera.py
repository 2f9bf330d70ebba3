"""A camera that is stuck: it gives no frame, or does not even open, and says nothing."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from srgan_edge.errors import RunError
from srgan_edge.quality import Picture
from srgan_edge.sources import Reopening, open_patiently, reopening
from tests.hard.faults import Command, Faults

pytestmark = pytest.mark.timeout(300)
MODEL = ("--model", "edge-tiny", "--threads", "1", "--show", "none")
BOUND = 15.0  # seconds from a signal to the end, on a machine that does other things
# A driver that hangs, where OpenCV has one: reading comes back after so many frames, then never.
DRIVER = """
import sys, threading, time
import numpy as np
from srgan_edge import cli
from srgan_edge.sources import capture, opening
frames, opens = int(sys.argv.pop(1)), sys.argv.pop(1) == "opens"
class Stuck:
    lost_since, name, is_live, rate = None, "camera 0", True, 25.0
    def __init__(self, *_):
        self.left = frames
        if not opens:
            threading.Event().wait()
    def read(self):
        self.left -= 1
        if self.left < 0:
            threading.Event().wait()
        time.sleep(0.04)
        return np.zeros((36, 64, 3), np.uint8)
    def close(self):
        threading.Event().wait()
opening.Capture = Stuck
cli.main()
"""


class Driven(Command):
    """`srgan-edge webcam` with such a driver."""

    def __init__(self, script: Path, frames: int, opens: bool, *arguments: object) -> None:
        script.write_text(DRIVER)
        self._words = [str(script), str(frames), "opens" if opens else "hangs"]
        super().__init__("webcam", "--source", "0", *MODEL, *arguments)

    def program(self) -> list[str]:
        return [sys.executable, *self._words]


def read_until(command: Command, words: str) -> str:
    assert command.process.stderr is not None
    said = ""
    for line in command.process.stderr:
        said += line
        if words in line:
            return said
    pytest.fail(f"never said {words!r}: {said}")


@pytest.mark.parametrize("opens", [True, False], ids=["no frames", "does not open"])
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(
    tmp_path: Path, faults: Callable[[str], Faults], opens: bool, kind: signal.Signals
) -> None:
    counted = faults(f"stuck camera, {'no frames' if opens else 'does not open'}: {kind.name}")
    command = Driven(tmp_path / "driver.py", 10, opens)
    said = read_until(command, "it is waited for")
    assert ("gives no frame" if opens else "does not open") in said
    command.process.send_signal(kind)
    started = time.monotonic()
    counted.took(command, codes=(0,))
    late = time.monotonic() - started > BOUND
    counted.hangs += late
    assert not late


@pytest.mark.parametrize("opens", [True, False], ids=["no frames", "does not open"])
def test_it_is_given_up(tmp_path: Path, faults: Callable[[str], Faults], opens: bool) -> None:
    """And what was recorded until then is kept, whole."""
    counted = faults("stuck camera: --give-up")
    record = tmp_path / "live.mp4"
    started = time.monotonic()
    command = Driven(tmp_path / "driver.py", 30, opens, "--give-up", "6", "--record", record)
    said = counted.took(command)
    assert ("camera 0 gives no frame" if opens else "source 0 does not open") in said
    assert said.endswith("s: given up")
    assert 6 < time.monotonic() - started < 6 + 60
    if opens:
        capture, count = cv2.VideoCapture(str(record)), 0
        while capture.read()[0]:
            count += 1
        capture.release()
        assert count >= 5
    assert sorted(path.name for path in tmp_path.iterdir() if path != tmp_path / "driver.py") == (
        ["live.mp4"] if opens else []
    )


class Halting:
    """Gives a frame whenever it may."""

    name, is_live, rate, lost_since = "halting", True, 25.0, None

    def __init__(self) -> None:
        self.goes = threading.Event()
        self.closed = False

    def read(self) -> Picture | None:
        self.goes.wait()
        return np.zeros((4, 4, 3), np.uint8)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reopening, "_PATIENCE", 0.2)


@pytest.mark.usefixtures("impatient")
def test_one_that_moves_again(caplog: pytest.LogCaptureFixture) -> None:
    camera = Halting()
    source = Reopening(lambda: camera)
    reader = threading.Thread(target=source.read)
    reader.start()
    limit = time.monotonic() + 20
    while source.lost_since is None:
        assert time.monotonic() < limit
        time.sleep(0.02)
    assert source.lost_since < time.monotonic() - 0.15
    camera.goes.set()
    reader.join(20)
    assert source.lost_since is None
    assert [record.message.split(" for ")[0] for record in caplog.records] == [
        "halting gives no frame",
        "halting is back after 0 s",
    ]
    source.close()
    assert camera.closed


@pytest.mark.usefixtures("impatient")
def test_one_that_is_stuck_is_not_waited_for_when_closed() -> None:
    camera = Halting()
    source = Reopening(lambda: camera, give_up=0.3)
    reader = threading.Thread(target=source.read, daemon=True)
    reader.start()
    time.sleep(0.5)
    with pytest.raises(RunError, match=r"halting gives no frame for . s: given up"):
        _ = source.lost_since
    source.close()
    assert not camera.closed  # its driver hangs in it
    camera.goes.set()
    reader.join(20)


def test_what_opens_is_handed_over_and_what_fails_is_told() -> None:
    camera = Halting()
    assert open_patiently(lambda: camera, "halting", lambda: False) is camera

    def failing() -> Halting:
        raise RunError("no")

    with pytest.raises(RunError, match="no"):
        open_patiently(failing, "halting", lambda: False)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield f"http://127.0.0.1:{server.getsockname()[1]}/camera"


def test_a_server_that_says_nothing(silent: str, faults: Callable[[str], Faults]) -> None:
    counted = faults("a stream that says nothing")
    command = Command("webcam", "--source", silent, *MODEL)
    read_until(command, "does not open")
    started = time.monotonic()
    command.process.send_signal(signal.SIGTERM)
    counted.took(command, codes=(0,))
    assert time.monotonic() - started < BOUND
