"""How many threads: measured, and no more than pay."""

from __future__ import annotations

import pytest

from srgan_edge.backends import default_threads, thread_times
from srgan_edge.backends.threads import worth_having
from srgan_edge.model_file import load_model
from srgan_edge.timing import advice


def test_every_count_is_timed() -> None:
    took = thread_times(load_model("edge-tiny"))
    assert list(took) == sorted(took)
    assert {1, default_threads()} <= set(took)
    assert all(0 < milliseconds < float("inf") for milliseconds in took.values())


@pytest.mark.parametrize(
    ("took", "best"),
    [
        ({1: 10.0, 2: 5.1, 3: 3.6, 4: 3.5}, 3),  # the fourth brings 3 %
        ({1: 10.0, 2: 5.1, 3: 3.9, 4: 3.0}, 4),
        ({1: 10.0, 2: 12.0}, 1),
    ],
)
def test_a_thread_more_must_pay(took: dict[int, float], best: int) -> None:
    assert worth_having(took) == best


@pytest.mark.parametrize(
    ("took", "rate", "size"),
    [
        ({1: 40.0, 4: 10.0}, 25.0, (256, 144)),  # 30 ms of 40 for the model: three times 160x90
        ({1: 40.0, 4: 10.0}, 60.0, (160, 90)),
        ({1: 40.0, 4: 10.0}, 1.0, (640, 480)),
        ({1: 40.0, 4: 39.0}, 100.0, (96, 54)),
    ],
)
def test_the_size_for_a_rate(
    monkeypatch: pytest.MonkeyPatch, took: dict[int, float], rate: float, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(advice, "thread_times", lambda _: took)
    found = advice.advise(load_model("edge-tiny"), rate)
    assert found.size == size
    pixels = size[0] * size[1]
    spent = pixels / (160 * 90) * took[found.threads]
    assert spent <= 750 / rate or size == advice.SIZES[-1]


def test_it_is_measured_here() -> None:
    found = advice.advise(load_model("edge-tiny"), 25.0)
    assert found.threads in found.milliseconds
    assert found.told().startswith("1: ")
