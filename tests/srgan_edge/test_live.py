from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from helpers import run_cli

from srgan_edge.errors import RunError
from srgan_edge.live import Frame, Slot, run_live
from srgan_edge.quality import Picture
from srgan_edge.sources import Source
from srgan_edge.upscaler import Upscaler

if TYPE_CHECKING:
    from tests.srgan_edge.conftest import Started, Stream

Decode = Callable[[Path], list[cv2.typing.MatLike]]
hangs_never = pytest.mark.timeout(60)


def plain(level: int) -> Picture:
    return np.full((9, 16, 3), level, np.uint8)


def frame(number: int) -> Frame:
    return Frame(plain(number), float(number))


class Generated(Source):
    """A source that is not a file."""

    def __init__(self, pictures: Iterator[Picture], is_live: bool) -> None:
        self.name, self.is_live, self.rate = "generated", is_live, 25.0
        self._pictures = pictures

    def read(self) -> Picture | None:
        return next(self._pictures, None)


class Seen:
    """A sink that remembers how bright each frame was."""

    def __init__(self, seconds: float = 0.0, most: int | None = None) -> None:
        self.levels: list[float] = []
        self.moments: list[float] = []
        self._seconds, self._most = seconds, most

    def show(self, picture: Picture, moment: float) -> bool:
        time.sleep(self._seconds)
        self.levels.append(float(picture.mean()))
        self.moments.append(moment)
        return len(self.levels) != self._most

    def poll(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to close."""


class TestSlot:
    def test_live_replaces_and_counts(self) -> None:
        slot = Slot(replaces=True)
        assert all(slot.put(frame(number)) for number in range(5))
        taken = slot.take(1.0)
        assert taken is not None
        assert taken.captured == 4
        assert slot.dropped == 4
        assert slot.take(0.0) is None

    @hangs_never
    def test_a_file_waits_for_room(self) -> None:
        slot, taken = Slot(replaces=False), []
        putting = threading.Thread(target=lambda: [slot.put(frame(n)) for n in range(50)])
        putting.start()
        for _ in range(50):
            got = slot.take(10.0)
            assert got is not None
            taken.append(got.captured)
        putting.join()
        assert taken == [*range(50)]
        assert slot.dropped == 0

    @hangs_never
    def test_the_end_frees_who_waits(self) -> None:
        slot, answers = Slot(replaces=False), []
        slot.put(frame(0))
        putting = threading.Thread(target=lambda: answers.append(slot.put(frame(1))))
        putting.start()
        slot.end()
        putting.join()
        assert answers == [False]

    @hangs_never
    def test_the_end_frees_who_takes(self) -> None:
        slot = Slot(replaces=True)
        threading.Timer(0.05, slot.end).start()
        assert slot.take(1000.0) is None
        assert slot.over

    def test_the_error_comes_after_the_last_frame(self) -> None:
        slot = Slot(replaces=True)
        slot.put(frame(3))
        slot.end(RunError("lost"))
        assert not slot.over
        last = slot.take(1.0)
        assert last is not None
        assert last.captured == 3
        assert slot.over
        with pytest.raises(RunError, match="lost"):
            slot.take(1.0)

    def test_the_first_error_stays(self) -> None:
        slot = Slot(replaces=True)
        slot.end(RunError("first"))
        slot.end(RunError("second"))
        slot.end()
        with pytest.raises(RunError, match="first"):
            slot.take(0.0)


@hangs_never
def test_a_file_is_shown_whole(small_clip: Path, upscaler: Upscaler) -> None:
    seen = Seen(seconds=0.02)
    source = Source(str(small_clip))
    stats = run_live(source, upscaler, [seen], None, overlay=False)
    source.close()
    assert (stats.frames, stats.dropped, len(seen.levels)) == (12, 0, 12)
    assert seen.levels == sorted(seen.levels)
    assert seen.moments == pytest.approx([index * 1001 / 24000 for index in range(12)], abs=1e-4)
    assert (stats.input_size, stats.output_size) == ((64, 36), (256, 144))


@hangs_never
def test_what_is_live_shows_the_newest(upscaler: Upscaler) -> None:
    def endless() -> Iterator[Picture]:
        while True:
            time.sleep(0.002)
            yield plain(100)

    seen = Seen(seconds=0.05)
    stats = run_live(Generated(endless(), is_live=True), upscaler, [seen], 8, overlay=False)
    assert stats.frames == 8
    assert stats.dropped > 8
    assert seen.moments == sorted(seen.moments)
    assert seen.moments[-1] > seen.moments[0]


@hangs_never
def test_each_stage_of_each_frame_is_measured(upscaler: Upscaler) -> None:
    pictures = (plain(level) for level in range(9))
    stats = run_live(Generated(pictures, False), upscaler, [Seen()], None, overlay=True)
    assert {name: len(values) for name, values in stats.stages.items()} == dict.fromkeys(
        ("wait", "upscale", "show", "latency"), 9
    )
    for wait, upscale, show, latency in zip(*stats.stages.values(), strict=True):
        assert min(wait, upscale, show) >= 0
        assert latency == pytest.approx(wait + upscale + show)
    assert stats.rate > 0


@hangs_never
def test_the_overlay_is_drawn_only_when_asked_for(upscaler: Upscaler) -> None:
    levels = []
    for overlay in (False, True):
        seen = Seen()
        run_live(Generated(iter([plain(128)]), False), upscaler, [seen], None, overlay)
        levels.append(seen.levels[0])
    assert levels[0] == upscaler(plain(128)).mean()
    assert levels[1] != levels[0]


@hangs_never
def test_a_sink_may_end_it(upscaler: Upscaler) -> None:
    pictures = (plain(level) for level in range(200))
    first, second = Seen(), Seen(most=3)
    stats = run_live(Generated(pictures, False), upscaler, [first, second], None, False)
    assert stats.frames == len(first.levels) == len(second.levels) == 3


@hangs_never
@pytest.mark.parametrize("is_live", [False, True])
def test_a_source_that_raises(upscaler: Upscaler, is_live: bool) -> None:
    def failing() -> Iterator[Picture]:
        yield plain(1)
        raise ZeroDivisionError("in the source")

    seen = Seen()
    with pytest.raises(ZeroDivisionError, match="in the source"):
        run_live(Generated(failing(), is_live), upscaler, [seen], None, overlay=False)
    assert len(seen.levels) == 1


@hangs_never
@pytest.mark.parametrize("is_live", [False, True])
def test_a_sink_that_raises(upscaler: Upscaler, is_live: bool) -> None:
    class Broken(Seen):
        def show(self, picture: Picture, moment: float) -> bool:
            raise ZeroDivisionError("in the sink")

    pictures = (plain(level % 256) for level in range(100_000))
    with pytest.raises(ZeroDivisionError, match="in the sink"):
        run_live(Generated(pictures, is_live), upscaler, [Broken()], None, overlay=False)


@hangs_never
def test_a_source_that_hangs_does_not_keep_it(upscaler: Upscaler) -> None:
    freed = threading.Event()

    def hanging() -> Iterator[Picture]:
        yield plain(1)
        freed.wait()

    stats = run_live(Generated(hanging(), True), upscaler, [Seen(most=1)], None, overlay=False)
    freed.set()
    assert stats.frames == 1


@hangs_never
def test_a_live_source_that_ends_has_failed(upscaler: Upscaler) -> None:
    with pytest.raises(RunError, match="the source generated ended"):
        run_live(Generated(iter([plain(1)]), True), upscaler, [Seen()], None, overlay=False)


@hangs_never
def test_what_was_asked_for_is_no_failure(upscaler: Upscaler) -> None:
    """The stream ends, but all frames that were wanted are there."""
    pictures = iter([plain(1)])
    stats = run_live(Generated(pictures, True), upscaler, [Seen(0.1)], 1, overlay=False)
    assert stats.frames == 1


def test_a_file_is_recorded(small_clip: Path, tmp_path: Path, decode: Decode) -> None:
    record, stats = tmp_path / "new" / "live.mp4", tmp_path / "deep" / "stats.json"
    ran = run_cli(
        *("webcam", "--source", small_clip, "--show", "none", "--threads", 1),
        *("--record", record, "--stats", stats),
    )
    assert ran.code == 0, ran.err
    assert "12 frames" in ran.out
    assert len(decode(record)) == 12
    written = json.loads(stats.read_text())
    assert (written["frames"], written["dropped"]) == (12, 0)
    assert (written["input_size"], written["output_size"]) == ([64, 36], [256, 144])
    assert (written["model"], written["source"]) == ("edge", str(small_clip))
    assert written["threads"] == 1
    assert written["fps"] == pytest.approx(12 / written["seconds"])
    for name in ("wait", "upscale", "show", "latency"):
        stage = written["milliseconds"][name]
        assert 0 <= stage["p50"] <= stage["p90"] <= stage["p99"]
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {
        "live.mp4",
        "stats.json",
    }


def test_size_crops_and_frames_end_it(small_clip: Path, tmp_path: Path, decode: Decode) -> None:
    record = tmp_path / "live.avi"
    ran = run_cli(
        *("webcam", "--source", small_clip, "--show", "none"),
        *("--size", "20x30", "--frames", 5, "--record", record),
    )
    assert ran.code == 0, ran.err
    assert [picture.shape for picture in decode(record)] == [(120, 80, 3)] * 5


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_recording(
    long_clip: Path,
    tmp_path: Path,
    start: Callable[..., Started],
    decode: Decode,
    kind: signal.Signals,
) -> None:
    record, stats = tmp_path / "live.mp4", tmp_path / "stats.json"
    running = start(
        *("webcam", "--source", long_clip, "--show", "none", "--no-overlay"),
        *("--record", record, "--stats", stats),
    )
    running.wait_until(lambda: any(path.stat().st_size > 50_000 for path in tmp_path.iterdir()))
    assert running.stop(kind) == (0, "")
    shown = json.loads(stats.read_text())["frames"]
    assert 0 < shown < 1200
    assert len(decode(record)) == shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.mp4", "stats.json"]


def test_a_stream_that_ends(serve: Callable[..., Stream], tmp_path: Path, decode: Decode) -> None:
    """What was recorded and measured until then is kept."""
    record, stats = tmp_path / "live.mp4", tmp_path / "stats.json"
    stream = serve(frames=80)
    options = ("--show", "none", "--record", record, "--stats", stats)
    ran = run_cli("webcam", "--source", stream.url, *options)
    assert ran.code == 1
    assert ran.err.splitlines() == [f"srgan-edge: the source {stream.url} ended"]
    assert {picture.shape for picture in decode(record)} == {(144, 256, 3)}
    assert json.loads(stats.read_text())["frames"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.mp4", "stats.json"]


def test_some_frames_of_a_stream(serve: Callable[..., Stream]) -> None:
    ran = run_cli(
        "webcam", "--source", serve(frames=2000).url, "--show", "none", "--frames", 3, timeout=60
    )
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("3 frames, ")


def test_a_stream_that_went_silent_can_be_left(
    serve: Callable[..., Stream], start: Callable[..., Started], tmp_path: Path, decode: Decode
) -> None:
    stream = serve(frames=80, stalls=True)
    record = tmp_path / "live.mp4"
    running = start("webcam", "--source", stream.url, "--show", "none", "--record", record)
    running.wait_until(lambda: stream.sent == 80 and any(tmp_path.iterdir()))
    time.sleep(0.5)  # so that the reader waits for what does not come
    assert running.stop(signal.SIGINT) == (0, "")
    assert decode(record)
