from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from helpers import run_cli

from srgan_edge.catalogue import CAMERA_MODEL
from srgan_edge.live import Live, Stats
from srgan_edge.quality import Picture
from srgan_edge.sinks import Sink, View
from srgan_edge.sources import Source, open_source, parse_source
from srgan_edge.upscaler import Upscaler
from srgan_edge.upscales import Upscales

if TYPE_CHECKING:
    from tests.srgan_edge.conftest import Started, Stream

Decode = Callable[[Path], list[cv2.typing.MatLike]]
hangs_never = pytest.mark.timeout(60)


def run(source: Source, upscaler: Upscales, *sinks: Sink, **options: Any) -> Stats:
    """The loop, without words in the picture unless asked for."""
    return Live(source, upscaler, list(sinks), **{"overlay": False, **options}).run()


def plain(level: int) -> Picture:
    return np.full((9, 16, 3), level, np.uint8)


class Generated:
    """A source that is not a file."""

    def __init__(self, pictures: Iterator[Picture], is_live: bool) -> None:
        self.name, self.is_live, self.rate = "generated", is_live, 25.0
        self.lost_since: float | None = None
        self.closed = False
        self._pictures = pictures

    def read(self) -> Picture | None:
        return next(self._pictures, None)

    def close(self) -> None:
        self.closed = True


class Seen:
    """A sink that remembers how bright each frame was."""

    def __init__(self, seconds: float = 0.0, most: int | None = None) -> None:
        self.levels: list[float] = []
        self.notices: list[Picture] = []
        self.moments: list[float] = []
        self._seconds, self._most = seconds, most

    def show(self, view: View) -> bool:
        time.sleep(self._seconds)
        self.levels.append(float(view.sr.mean()))
        self.moments.append(view.moment)
        return len(self.levels) != self._most

    def poll(self, notice: Picture | None = None) -> bool:
        if notice is not None:
            self.notices.append(notice)
        return True

    def close(self) -> None:
        """Nothing to close."""


@hangs_never
def test_a_file_is_shown_whole(small_clip: Path, upscaler: Upscaler) -> None:
    seen = Seen(seconds=0.02)
    source = open_source(parse_source(str(small_clip)))
    stats = run(source, upscaler, seen)
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
    stats = run(Generated(endless(), is_live=True), upscaler, seen, frames=8)
    assert stats.frames == 8
    assert stats.dropped > 8
    assert seen.moments == sorted(seen.moments)
    assert seen.moments[-1] > seen.moments[0]


@hangs_never
def test_each_stage_of_each_frame_is_measured(upscaler: Upscaler) -> None:
    pictures = (plain(level) for level in range(9))
    stats = run(Generated(pictures, False), upscaler, Seen(), overlay=True)
    assert {name: len(values) for name, values in stats.stages.items()} == dict.fromkeys(
        ("age", "upscale", "queue", "show", "latency"), 9
    )
    for *stages, latency in zip(*stats.stages.values(), strict=True):
        assert min(stages) >= 0
        assert latency == pytest.approx(sum(stages))
    assert stats.rate > 0


@hangs_never
def test_the_overlay_is_drawn_only_when_asked_for(upscaler: Upscaler) -> None:
    levels = []
    for overlay in (False, True):
        seen = Seen()
        run(Generated(iter([plain(128)]), False), upscaler, seen, overlay=overlay)
        levels.append(seen.levels[0])
    assert levels[0] == upscaler(plain(128)).mean()
    assert levels[1] != levels[0]


@hangs_never
def test_a_sink_may_end_it(upscaler: Upscaler) -> None:
    pictures = (plain(level) for level in range(200))
    first, second = Seen(), Seen(most=3)
    stats = run(Generated(pictures, False), upscaler, first, second)
    assert stats.frames == len(first.levels) == len(second.levels) == 3


@hangs_never
@pytest.mark.parametrize("is_live", [False, True])
def test_a_source_that_raises(upscaler: Upscaler, is_live: bool) -> None:
    def failing() -> Iterator[Picture]:
        yield plain(1)
        raise ZeroDivisionError("in the source")

    seen = Seen()
    with pytest.raises(ZeroDivisionError, match="in the source"):
        run(Generated(failing(), is_live), upscaler, seen)
    assert len(seen.levels) == 1


@hangs_never
@pytest.mark.parametrize("is_live", [False, True])
def test_a_sink_that_raises(upscaler: Upscaler, is_live: bool) -> None:
    class Broken(Seen):
        def show(self, view: View) -> bool:
            raise ZeroDivisionError("in the sink")

    pictures = (plain(level % 256) for level in range(100_000))
    with pytest.raises(ZeroDivisionError, match="in the sink"):
        run(Generated(pictures, is_live), upscaler, Broken())


@hangs_never
def test_a_source_that_hangs_does_not_keep_it(upscaler: Upscaler) -> None:
    freed = threading.Event()

    def hanging() -> Iterator[Picture]:
        yield plain(1)
        freed.wait()

    stats = run(Generated(hanging(), True), upscaler, Seen(most=1))
    freed.set()
    assert stats.frames == 1


@hangs_never
def test_an_upscaler_that_raises() -> None:
    class Broken:
        scale = 4

        def __call__(self, frame: Picture) -> Picture:
            raise ZeroDivisionError("in the model")

    source = Generated((plain(1) for _ in range(100_000)), is_live=False)
    with pytest.raises(ZeroDivisionError, match="in the model"):
        run(source, Broken(), Seen())
    assert source.closed


@hangs_never
def test_the_stages_overlap(upscaler: Upscaler) -> None:
    """A slow source, a slow model and a slow sink take as long as one of them."""

    class Slow:
        scale = 4

        def __call__(self, frame: Picture) -> Picture:
            time.sleep(0.03)
            return upscaler(frame)

    def slowly() -> Iterator[Picture]:
        for _ in range(30):
            time.sleep(0.03)
            yield plain(7)

    stats = run(Generated(slowly(), is_live=False), Slow(), Seen(0.03))
    assert stats.frames == 30
    assert stats.seconds < 30 * 0.03 * 2  # one after the other, it would be three times


@hangs_never
def test_who_looks_is_told_of_a_lost_source(upscaler: Upscaler) -> None:
    class Losing(Generated):
        def read(self) -> Picture | None:
            picture = super().read()
            if picture is None:
                self.lost_since = time.monotonic()
                time.sleep(1.0)
            return picture

    seen = Seen()
    run(Losing(iter([plain(200)]), is_live=True), upscaler, seen)
    assert len(seen.levels) == 1
    assert seen.notices
    for picture in seen.notices:
        assert picture.shape == (36, 64, 3)
        assert picture[-1].mean() == pytest.approx(seen.levels[0] / 3, abs=1)
        assert picture.max() > 200  # the words


@hangs_never
def test_what_was_asked_for_is_no_failure(upscaler: Upscaler) -> None:
    """The stream ends, but all frames that were wanted are there."""
    pictures = iter([plain(1)])
    stats = run(Generated(pictures, True), upscaler, Seen(0.1), frames=1)
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
    for name in ("age", "upscale", "queue", "show", "latency"):
        stage = written["milliseconds"][name]
        assert 0 <= stage["p50"] <= stage["p90"] <= stage["p99"]
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {
        "live.mp4",
        "stats.json",
    }


def test_size_crops_and_frames_end_it(small_clip: Path, tmp_path: Path, decode: Decode) -> None:
    record = tmp_path / "live.mkv"
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
    options = ("--show", "none", "--record", record, "--stats", stats, "--give-up", 0)
    ran = run_cli("webcam", "--source", stream.url, *options)
    assert ran.code == 1
    lost, *rest = ran.err.splitlines()
    assert lost.endswith(f" {stream.url} was lost: it is opened again")
    assert rest == [f"srgan-edge: the source {stream.url} ended and did not come back: given up"]
    assert {picture.shape for picture in decode(record)} == {(144, 256, 3)}
    assert json.loads(stats.read_text())["frames"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.mp4", "stats.json"]


def test_some_frames_of_a_stream(serve: Callable[..., Stream], tmp_path: Path) -> None:
    """With the model for cameras."""
    source = ("--source", serve(frames=2000).url)
    options = ("--show", "none", "--frames", 3, "--stats", tmp_path / "stats.json")
    ran = run_cli("webcam", *source, *options, timeout=60)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("3 frames, ")
    assert json.loads((tmp_path / "stats.json").read_text())["model"] == CAMERA_MODEL


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
