"""How many threads: measured, and no more than pay."""

from __future__ import annotations

import pytest

from srgan_edge.backends import default_threads, fastest_threads, thread_times, threads
from srgan_edge.model_file import load_model


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
def test_a_thread_more_must_pay(
    monkeypatch: pytest.MonkeyPatch, took: dict[int, float], best: int
) -> None:
    monkeypatch.setattr(threads, "thread_times", lambda _: took)
    assert fastest_threads(load_model("edge-tiny")) == best
