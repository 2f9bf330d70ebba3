"""What `bench` measures, and that it ranks nothing that the noise may have put in order."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import run_cli
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.errors import RunError
from srgan_edge.timing import Candidate, this_machine
from srgan_edge.timing.cold import measure_cold
from srgan_edge.timing.ranking import ranks, ratio
from srgan_edge.timing.steady import Milliseconds, Steady


def noisy(median: float, seed: int, frames: int = 100) -> Milliseconds:
    """Times around a median, as machines have them: 5 % to and fro, and a late one now and then."""
    random = np.random.default_rng(seed)
    late = random.exponential(1.0, frames) * (random.random(frames) < 0.05)
    return np.asarray(median * (1 + 0.05 * random.normal(size=frames) + late))


def test_the_bench(tmp_path: Path) -> None:
    files = {kind: tmp_path / "new" / f"figures.{kind}" for kind in ("json", "csv", "md", "png")}
    options = ["--size", "40x30,80x60", "--threads", "1,2", "--runs", "5"]
    written = ["--json", files["json"], "--csv", files["csv"], "--markdown", files["md"]]
    ran = run_cli("bench", "edge", *options, *written, "--plot", files["png"])
    assert ran.code == 0, ran.err
    found = json.loads(files["json"].read_text())
    assert (found["version"], found["frames"]) == (1, 5)
    assert found["machine"]["cores"] >= 1
    rows = found["candidates"]
    assert [(row["width"], row["threads"]) for row in rows] == [(40, 1), (40, 2), (80, 1), (80, 2)]
    for row in rows:
        assert 0 < row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"]
        assert row["fps"] == pytest.approx(1000 / row["p50_ms"])
        assert row["warm_ms"] <= row["first_ms"]
        assert 0 < row["conversion_share"] < 1
        assert row["peak_mb"] > 40  # numpy, OpenCV and LiteRT alone are more
        assert row["end_to_end_fps"] > 0
        assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
    assert {row["rank"] for row in rows} <= {1, 2}
    with files["csv"].open() as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["edge"] * 4
    markdown = files["md"].read_text()
    assert markdown.count("| edge | 80x60 | cpu ") == 2
    assert "5 frames of each, in turn" in markdown
    picture = cv2.imread(str(files["png"]))
    assert picture is not None
    assert picture.std() > 10


def test_a_model_that_cannot_be_started_alone() -> None:
    with pytest.raises(RunError, match=r"nowhere.tflite could not be started alone"):
        measure_cold(Candidate("nowhere.tflite", 16, 16, 1))


def test_the_conversion_is_what_is_not_the_model() -> None:
    steady = Steady(whole=np.array([10.0, 10.0, 30.0]), model=np.array([8.0, 8.0, 8.0]))
    assert steady.conversion_share == pytest.approx(0.2)


@given(st.floats(0.1, 1000), st.floats(0.1, 1000), st.integers(0, 1000))
def test_a_ratio_and_its_spread(one: float, other: float, seed: int) -> None:
    found = ratio(noisy(one, seed), noisy(other, seed + 1))
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(one / other, rel=0.05)


def test_the_spread_holds_what_it_says() -> None:
    """Of many ratios of the same, 95 in 100 intervals hold 1: here at least 85."""
    held = [ratio(noisy(7, seed), noisy(7, seed + 1000)) for seed in range(100)]
    assert sum(one.low <= 1 <= one.high for one in held) >= 85


def test_few_frames_have_a_spread_too() -> None:
    found = ratio(noisy(10, 1, frames=4), noisy(10, 2, frames=4))
    assert found.low < found.value < found.high


def test_what_is_alike_shares_a_rank() -> None:
    times = [noisy(20, 1), noisy(10, 2), noisy(10, 3), noisy(40, 4), noisy(20.2, 5)]
    assert ranks(times, 0.02) == [3, 1, 1, 5, 3]


def test_noise_forbids_an_order() -> None:
    times = [noisy(10, 1), noisy(10.8, 2)]
    assert ranks(times, 0.01) == [1, 2]
    assert ranks(times, 0.10) == [1, 1]


def test_a_raspberry_pi_tells_of_its_heat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "vcgencmd"
    tool.write_text("#!/bin/sh\n[ $1 = get_throttled ] && echo throttled=0x50005\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    told = "under-voltage, throttled, under-voltage before, throttled before"
    assert this_machine().throttled == told
    tool.write_text("#!/bin/sh\necho throttled=0x0\n")
    assert this_machine().throttled == "no"


def test_a_machine_says_what_it_is() -> None:
    machine = this_machine()
    assert machine.litert.split()[1][0].isdecimal()
    assert machine.name.endswith(f", {machine.cores} cores")
