from __future__ import annotations

import logging

import numpy as np
import pytest

from srgan_edge.live import Governor, Switch
from srgan_edge.quality import Picture


class Machine:
    """Takes milliseconds for a frame by its pixels and model; the clock is its own."""

    scale = 2

    def __init__(self) -> None:
        self.now = 0.0
        self.factor = 1.0
        self.sizes: list[tuple[int, ...]] = []

    def model(self, cost: float) -> Model:
        return Model(self, cost)


class Model:
    scale = 2

    def __init__(self, machine: Machine, cost: float) -> None:
        self.machine, self.cost = machine, cost

    def __call__(self, frame: Picture) -> Picture:
        height, width = frame.shape[:2]
        self.machine.sizes.append(frame.shape)
        self.machine.now += self.cost * self.machine.factor * height * width / 10_000 / 1000
        return np.repeat(np.repeat(frame, 2, 0), 2, 1)


FRAME = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)


def governed(rate: float) -> tuple[Governor, Machine]:
    """A model of 40 ms and one of 10 ms."""
    machine = Machine()
    models = {"edge": machine.model(40.0), "edge-tiny": machine.model(10.0)}
    switch = Switch(["edge", "edge-tiny"], models.__getitem__)
    return Governor(switch, "edge-tiny", rate, clock=lambda: machine.now), machine


def run(governor: Governor, frames: int) -> str:
    """After so many frames: what it does."""
    for _ in range(frames):
        assert governor(FRAME).shape == (200, 200, 3)
    return f"{governor.step.model} {governor.step.share}"


@pytest.mark.parametrize(
    ("rate", "ends"),
    [(20, "edge 1.0"), (30, "edge-tiny 1.0"), (150, "edge-tiny 0.75"), (300, "edge-tiny 0.5")],
)
def test_it_goes_down_as_far_as_it_must(rate: float, ends: str) -> None:
    governor, machine = governed(rate)
    assert run(governor, 200) == ends
    side = round(100 * governor.step.share)
    assert machine.sizes[-1] == (side, side, 3)


def test_it_comes_back_when_there_is_time_and_stays(caplog: pytest.LogCaptureFixture) -> None:
    governor, machine = governed(20)
    machine.factor = 2.0  # something else runs as well
    with caplog.at_level(logging.WARNING):
        assert run(governor, 100) == "edge-tiny 1.0"
        machine.factor = 1.0
        assert run(governor, 150) == "edge-tiny 1.0"
        assert run(governor, 100) == "edge 1.0"
        assert run(governor, 2000) == "edge 1.0"
    words = [record.message for record in caplog.records]
    assert words == [
        "a frame takes 80 ms, for 20 frames a second: now edge-tiny on whole frames",
        "a frame takes only 10 ms, for 20 frames a second: now edge on whole frames",
    ]


def test_it_does_not_swing(caplog: pytest.LogCaptureFixture) -> None:
    """A step that just does not fit is not tried again and again."""
    governor, _ = governed(26)
    with caplog.at_level(logging.WARNING):
        assert run(governor, 5000) == "edge-tiny 1.0"
    assert len(caplog.records) == 1


def test_without_a_smaller_model_frames_get_smaller() -> None:
    machine = Machine()
    switch = Switch(["edge"], lambda _: machine.model(40.0))
    governor = Governor(switch, None, 30, clock=lambda: machine.now)
    assert [str(step) for step in governor.steps] == [
        "edge on whole frames",
        "edge on frames of 75%",
        "edge on frames of 50%",
    ]
    assert run(governor, 200) == "edge 0.75"
