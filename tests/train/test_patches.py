from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge_train.patches import Patches, centre_pair
from srgan_edge_train.photographs import Photograph


def unique_photograph(height: int, width: int, scale: int) -> Photograph:
    """Every LR pixel has its own colour, and HR repeats it: so pairs show whether they align."""
    numbers = np.arange(height * width, dtype=np.uint32).reshape(height, width)
    lr = np.stack([numbers % 256, numbers // 256, numbers % 7], axis=-1).astype(np.uint8)
    return Photograph("unique", "0" * 64, lr.repeat(scale, 0).repeat(scale, 1), lr)


@given(
    st.integers(8, 40), st.integers(8, 40), st.integers(2, 4), st.integers(0, 99), st.integers(0, 9)
)
def test_lr_and_hr_stay_aligned(height: int, width: int, scale: int, seed: int, step: int) -> None:
    photographs = [unique_photograph(height, width, scale), unique_photograph(width, height, scale)]
    lr, hr = Patches(photographs, patch=8, batch=4, seed=seed).at(step)
    assert lr.shape == (4, 8, 8, 3)
    assert hr.shape == (4, 8 * scale, 8 * scale, 3)
    np.testing.assert_array_equal(hr, lr.repeat(scale, 1).repeat(scale, 2))


def test_a_step_is_the_same_whenever_it_is_asked_for() -> None:
    photographs = [unique_photograph(30, 30, 2)]
    whole = list(Patches(photographs, 8, 4, seed=3).between(0, 6))
    resumed = list(Patches(photographs, 8, 4, seed=3).between(4, 6))
    for (lr, hr), (lr_again, hr_again) in zip(whole[4:], resumed, strict=True):
        np.testing.assert_array_equal(lr, lr_again)
        np.testing.assert_array_equal(hr, hr_again)


def test_steps_and_seeds_differ() -> None:
    photographs = [unique_photograph(30, 30, 2)]
    first = Patches(photographs, 8, 4, seed=3)
    assert not np.array_equal(first.at(0)[0], first.at(1)[0])
    assert not np.array_equal(first.at(0)[0], Patches(photographs, 8, 4, seed=4).at(0)[0])


def test_all_eight_orientations_occur() -> None:
    photograph = unique_photograph(8, 8, 2)
    lr, _ = Patches([photograph], 8, 200, seed=0).at(0)
    assert len({crop.tobytes() for crop in lr}) == 8


def test_large_pictures_are_drawn_more_often() -> None:
    small, large = unique_photograph(10, 10, 2), unique_photograph(30, 30, 2)
    large.lr[...], large.hr[...] = 255, 255
    lr, _ = Patches([small, large], 8, 1000, seed=0).at(0)
    assert 0.85 < np.mean(lr.min(axis=(1, 2, 3)) == 255) < 0.95


def test_centre_is_aligned() -> None:
    lr, hr = centre_pair(unique_photograph(31, 50, 3), 16)
    assert lr.shape == (16, 16, 3)
    np.testing.assert_array_equal(hr, lr.repeat(3, 0).repeat(3, 1))
