from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from srgan_edge.errors import InputError, RunError
from srgan_edge.quality import Picture
from srgan_edge.sources import Reopening, Wanted, open_source, parse_source, reopening

hangs_never = pytest.mark.timeout(60)


class Few:
    """Gives so many frames, then ends."""

    name, is_live, rate, lost_since = "few", True, 25.0, None

    def __init__(self, frames: int) -> None:
        self.left = frames
        self.closed = False

    def read(self) -> Picture | None:
        assert not self.closed
        self.left -= 1
        return np.zeros((4, 4, 3), np.uint8) if self.left >= 0 else None

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits half a second for what it knows to be there."""
    monkeypatch.setattr(reopening, "_FIRST_PAUSE", 0.01)


def opening(plan: list[int | None]) -> tuple[Callable[[], Few], list[Few]]:
    """Opens sources of so many frames in turn; None does not open."""
    opened: list[Few] = []
    turns = itertools.chain(plan, itertools.repeat(None))

    def begin() -> Few:
        frames = next(turns)
        if frames is None:
            raise InputError("not there")
        opened.append(Few(frames))
        return opened[-1]

    return begin, opened


@hangs_never
@pytest.mark.usefixtures("impatient")
def test_it_comes_back_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    begin, opened = opening([2, None, None, 0, 3])
    source = Reopening(begin)
    with caplog.at_level(logging.INFO):
        assert all(source.read() is not None for _ in range(5))
    assert source.lost_since is None
    words = [record.message for record in caplog.records]
    assert words == [
        "few was lost: it is opened again",
        "not there",
        "not there",
        "few is back after 0 s",
    ]
    assert [one.closed for one in opened] == [True, True, False]
    source.close()
    assert opened[-1].closed


@hangs_never
@pytest.mark.parametrize("seconds", [0.0, 0.1])
@pytest.mark.usefixtures("impatient")
def test_it_is_given_up(seconds: float) -> None:
    source = Reopening(opening([1])[0], give_up=seconds)
    assert source.read() is not None
    started = time.monotonic()
    with pytest.raises(RunError, match="few ended and did not come back"):
        source.read()
    assert seconds <= time.monotonic() - started < seconds + 5


def test_what_never_opens_is_an_error() -> None:
    with pytest.raises(InputError, match="not there"):
        Reopening(opening([None])[0])


@hangs_never
def test_closing_ends_the_wait() -> None:
    source = Reopening(opening([1])[0])
    assert source.read() is not None
    threading.Timer(0.1, source.close).start()
    assert source.read() is None


def test_pauses_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    source, pauses = Reopening(opening([0])[0]), []

    def wait(seconds: float | None = None) -> bool:
        pauses.append(seconds)
        if len(pauses) == 8:
            source.close()
        return False

    monkeypatch.setattr(source._closed, "wait", wait)
    assert source.read() is None
    assert pauses == [0.5, 1, 2, 4, 8, 15, 15, 15]


def test_a_live_source_is_opened_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from srgan_edge.sources import opening as module

    monkeypatch.setattr(module, "Capture", lambda *_: Few(1))
    source = open_source(parse_source("rtsp://camera/1"), Wanted(give_up=0.0))
    assert source.read() is not None
    with pytest.raises(RunError):
        source.read()
