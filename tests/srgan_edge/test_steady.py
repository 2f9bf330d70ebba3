from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.quality import Picture
from srgan_edge.steady import Steady


class Repeats:
    """Nearest neighbour, with what is added to it shown as the model's own noise."""

    scale = 2

    def __init__(self) -> None:
        self.added = 0

    def __call__(self, frame: Picture) -> Picture:
        enlarged = frame.repeat(2, 0).repeat(2, 1).astype(int) + self.added
        return np.clip(enlarged, 0, 255).astype(np.uint8)


def scene(seed: int = 0) -> Picture:
    return np.random.default_rng(seed).integers(40, 200, (12, 16, 3), np.uint8)


@given(seed=st.integers(0, 99))
def test_what_moves_is_the_model_s_own(seed: int) -> None:
    steady, plain = Steady(Repeats()), Repeats()
    first = scene(seed)
    second = first.copy()
    second[2:6, 3:9] += 2  # more than a level, in every channel or in one
    second[8, 8, 1] += 30
    steady(first)
    result = steady(second)
    np.testing.assert_array_equal(result, plain(second))


def test_what_stands_still_flickers_less_and_ends_where_the_model_is() -> None:
    model = Repeats()
    steady, frame = Steady(model), scene()
    start = steady(frame).astype(int)
    model.added = 20
    now = steady(frame).astype(int)
    np.testing.assert_allclose(now - start, 5, atol=1)
    for _ in range(20):
        now = steady(frame).astype(int)
    np.testing.assert_allclose(now - start, 20, atol=2)


def test_noise_of_a_level_is_calmed() -> None:
    random = np.random.default_rng(1)
    model, base = Repeats(), scene()
    steady, change = Steady(model), {"steady": 0.0, "plain": 0.0}
    before: dict[str, Picture] = {}
    for _ in range(20):
        frame = (base + random.integers(0, 2, base.shape)).astype(np.uint8)
        model.added = int(random.integers(-8, 9))
        now = {"steady": steady(frame), "plain": model(frame)}
        for name, picture in now.items():
            if before:
                change[name] += float(cv2.absdiff(picture, before[name]).mean())
        before = now
    assert change["steady"] < 0.4 * change["plain"]


def test_what_is_drawn_into_a_picture_does_not_come_back() -> None:
    steady, frame = Steady(Repeats()), scene()
    shown = steady(frame)
    expected = shown.copy()
    shown[:] = 0
    np.testing.assert_array_equal(steady(frame), expected)


def test_a_frame_of_another_size_starts_anew() -> None:
    steady, frame = Steady(Repeats()), scene()
    steady(frame)
    np.testing.assert_array_equal(steady(frame[:8]), Repeats()(frame[:8]))
