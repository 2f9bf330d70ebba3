"""A clock that is set, forwards and back, all the time: nothing waits for it or counts by it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import av
import numpy as np
import pytest
from helpers import SAMPLES, write_tiny_recipe

from srgan_edge.sinks import Recordings, View, recordings
from tests.hard.faults import Command, Faults

pytestmark = pytest.mark.timeout(600)
MODEL = ("--model", "edge-tiny", "--threads", "1")
Jumping = dict[str, str]


@pytest.fixture(scope="module")
def jumping(tmp_path_factory: pytest.TempPathFactory) -> Jumping:
    """The environment of a process whose clock jumps; its libraries' as well."""
    compiler, source = shutil.which("cc"), Path(__file__).with_name("jumping_clock.c")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler here to make a clock that jumps: apt-get install gcc")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    command = [compiler, "-shared", "-fPIC", "-O1", str(source), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    environment = {"LD_PRELOAD": str(library)}
    code = "import time; print(*(time.time() for _ in range(7)))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    times = [float(word) for word in told.stdout.split()]
    assert max(times) - min(times) > 1e8  # it does jump
    return environment


def test_pictures_and_videos_are_the_same(
    jumping: Jumping, tmp_path: Path, faults: Callable[[str], Faults]
) -> None:
    counted, source = faults("clock jumps: upscale"), tmp_path / "in"
    source.mkdir()
    for name in ("harbour.png", "clip.mp4"):
        shutil.copy(SAMPLES / name, source)
    for name, environment in (("still", None), ("jumping", jumping)):
        command = Command("upscale", source, "-o", tmp_path / name, *MODEL, environment=environment)
        assert command.ended()[0] == 0
    counted.injected += 1
    for name in ("harbour.png", "clip.mp4"):
        still, jumped = ((tmp_path / folder / name).read_bytes() for folder in ("still", "jumping"))
        assert still == jumped


def test_a_recording_keeps_its_time(
    jumping: Jumping, tmp_path: Path, faults: Callable[[str], Faults]
) -> None:
    """Two seconds of a file at its own rate are two seconds, and so say the measurements."""
    counted = faults("clock jumps: webcam, recording")
    options = ("--source", SAMPLES / "clip.mp4", "--realtime", "--show", "none", "--frames", "40")
    files = ("--record", tmp_path / "live.mp4", "--stats", tmp_path / "stats.json")
    started = time.monotonic()
    command = Command("webcam", *options, *files, *MODEL, environment=jumping)
    counted.took(command, codes=(0,))
    assert time.monotonic() - started < 120
    with av.open(str(tmp_path / "live.mp4")) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert times == sorted(times)
    assert times[0] == pytest.approx(0.0, abs=0.01)
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert times[-1] == pytest.approx(stats["seconds"], abs=2.0)
    assert 0 < stats["seconds"] < 60
    for stage in stats["milliseconds"].values():
        assert 0 <= stage["p50"] <= stage["p99"] < 60_000


def test_a_run_is_the_same(
    jumping: Jumping, tiny_run: Path, tmp_path: Path, faults: Callable[[str], Faults]
) -> None:
    counted = faults("clock jumps: train")
    run, recipe = tmp_path / "run", write_tiny_recipe(tmp_path)
    begin = ("train", SAMPLES / "photos", "-o", run, "--recipe", recipe)
    counted.took(Command(*begin, environment=jumping), codes=(0,))
    lines = [
        [re.sub(r",[^,]*$", "", line) for line in (folder / "metrics.csv").read_text().splitlines()]
        for folder in (run, tiny_run)
    ]
    assert lines[0] == lines[1]
    assert 0 <= json.loads((run / "run.json").read_text())["seconds"] < 300


class _Stopped(datetime):
    """The same moment for ever, as of a board without a clock's battery at every boot."""

    @classmethod
    def now(cls, tz: object = None) -> _Stopped:
        return cls(2026, 11, 25, 2, 30)


def test_a_name_that_comes_twice_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: Callable[[str], Faults]
) -> None:
    counted = faults("clock jumps: recordings and snapshots")
    monkeypatch.setattr(recordings, "datetime", _Stopped)
    taken = Recordings(tmp_path, 25.0)
    for shade in (10, 20, 30):
        frame = np.full((36, 64, 3), shade, np.uint8)
        taken.start()
        taken.show(View(frame, frame, 0.0))
        taken.stop()
        taken.snapshot(View(frame, frame, 0.0))
        counted.injected += 2
    names = sorted(path.name for path in tmp_path.iterdir())
    stem = "srgan-edge-20261125-023000-000"
    assert names == sorted(f"{stem}{n}.{kind}" for n in ("", "-2", "-3") for kind in ("mp4", "png"))
