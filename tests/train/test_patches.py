from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.quality import degrade
from srgan_edge_train.degradation import camera_versions
from srgan_edge_train.patches import Pair, Patches, camera_pair, centre_camera_pair, centre_pair
from srgan_edge_train.photographs import Photograph


def unique_photograph(height: int, width: int, scale: int) -> Photograph:
    """Every LR pixel has its own colour, and HR repeats it: so pairs show whether they align."""
    numbers = np.arange(height * width, dtype=np.uint32).reshape(height, width)
    lr = np.stack([numbers % 256, numbers // 256, numbers % 7], axis=-1).astype(np.uint8)
    return with_camera(Photograph("unique", "0" * 64, lr.repeat(scale, 0).repeat(scale, 1), lr))


def with_camera(photograph: Photograph) -> Photograph:
    versions = camera_versions(photograph.hr, photograph.scale, photograph.sha256, 4)
    return replace(photograph, camera=versions)


def plain_photographs(count: int) -> list[Photograph]:
    """Each of one level, by which it is known."""
    return [
        Photograph(
            str(n), "0" * 64, np.full((24, 24, 3), n, np.uint8), np.full((12, 12, 3), n, "u1")
        )
        for n in range(count)
    ]


def slope(height: int, width: int, scale: int) -> Photograph:
    """Brighter to the right and, less steeply, downwards: a shift shows as another brightness."""
    y, x = np.mgrid[: height * scale, : width * scale] / scale
    grey = (20 + 4 * x + 2.5 * y).astype(np.uint8)
    hr = np.stack([grey] * 3, axis=-1)
    return with_camera(Photograph("slope", "5a" * 32, hr, degrade(hr, scale)))


def drawn(patches: Patches, steps: range) -> list[int]:
    """The pictures that so many steps take, one after another."""
    return list(chain.from_iterable(patches.at(step)[0][:, 0, 0, 0].tolist() for step in steps))


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


def test_noise_is_in_lr_alone_and_of_many_strengths() -> None:
    clean, noisy = (Patches(plain_photographs(200), 8, 50, 3, noise=n) for n in (0.0, 4.0))
    (lr, hr), (noisy_lr, noisy_hr) = clean.at(5), noisy.at(5)
    np.testing.assert_array_equal(hr, noisy_hr)
    difference = noisy_lr.astype(float) - lr
    strengths = difference.std(axis=(1, 2, 3))
    assert strengths.min() < 0.7
    assert 3 < strengths.max() < 5
    assert abs(difference[(lr > 20).all(axis=(1, 2, 3))].mean()) < 0.1
    np.testing.assert_array_equal(noisy.at(5)[0], noisy_lr)


def test_centre_is_aligned() -> None:
    lr, hr = centre_pair(unique_photograph(31, 50, 3), 16)
    assert lr.shape == (16, 16, 3)
    np.testing.assert_array_equal(hr, lr.repeat(3, 0).repeat(3, 1))


@given(count=st.integers(1, 12), batch=st.integers(1, 30), seed=st.integers(0, 99))
def test_in_an_epoch_each_picture_comes_once(count: int, batch: int, seed: int) -> None:
    """Wherever the batches are cut."""
    patches = Patches(plain_photographs(count), 8, batch, seed, sampling="epochs")
    seen = drawn(patches, range(-(-3 * count // batch)))
    for epoch in range(3):
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    def epochs(seed: int) -> list[tuple[int, ...]]:
        patches = Patches(plain_photographs(8), 8, 4, seed, sampling="epochs")
        seen = drawn(patches, range(20))
        return [tuple(seen[first : first + 8]) for first in range(0, 80, 8)]

    assert len(set(epochs(1))) == 10
    assert not set(epochs(1)) & set(epochs(2))
    assert epochs(1) == epochs(1)


def test_a_picture_is_cropped_anew_in_another_epoch() -> None:
    patches = Patches([unique_photograph(30, 30, 2)], 8, 1, 0, sampling="epochs")
    assert len({patches.at(step)[0].tobytes() for step in range(10)}) == 10


def assert_aligned(pair: Pair, scale: int) -> None:
    """The mean difference: noise and codec leave it, a shift by a pixel makes it 2.5 or 4."""
    lr, hr = (picture.astype(float) for picture in pair)
    side = lr.shape[0]
    seen = hr.reshape(side, scale, side, scale, 3).mean((1, 3))
    assert abs((lr - seen).mean()) < 1.2
    assert np.abs(lr - seen).mean() < 10
    assert np.corrcoef(lr.ravel(), seen.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("scale", [2, 4])
def test_what_a_camera_sees_stays_aligned(scale: int) -> None:
    photograph = slope(36, 40, scale)
    for seed in range(40):
        lr, hr = camera_pair(photograph, 20, np.random.default_rng(seed))
        assert lr.shape == (20, 20, 3)
        assert hr.shape == (20 * scale, 20 * scale, 3)
        assert_aligned((lr, hr), scale)


def test_every_version_occurs() -> None:
    photograph = slope(20, 20, 2)
    seen = {camera_pair(photograph, 20, np.random.default_rng(s))[0].tobytes() for s in range(300)}
    assert len(seen) == 8 * len(photograph.camera)  # in each orientation


def test_a_camera_s_originals_are_cut_from_the_picture_untouched() -> None:
    photograph = unique_photograph(20, 20, 2)
    known = {tuple(colour) for colour in photograph.lr.reshape(-1, 3)}
    _, hr = Patches([photograph], 8, 4, 0, degraded_by="camera").at(0)
    assert {tuple(colour) for colour in hr.reshape(-1, 3)} <= known


@pytest.mark.parametrize("degraded_by", ["bicubic", "camera"])
@pytest.mark.parametrize("sampling", ["area", "epochs"])
def test_what_is_made_ahead_comes_in_order(degraded_by: str, sampling: str) -> None:
    photographs = [slope(24, 24, 2), unique_photograph(30, 30, 2)]
    patches = Patches(photographs, 8, 3, 5, sampling=sampling, degraded_by=degraded_by)
    batches = list(patches.between(3, 14))
    assert len(batches) == 11
    for step, (lr, hr) in enumerate(batches, start=3):
        expected_lr, expected_hr = patches.at(step)
        np.testing.assert_array_equal(lr, expected_lr)
        np.testing.assert_array_equal(hr, expected_hr)
    assert list(patches.between(7, 7)) == []


def test_the_middle_as_a_camera_sees_it_is_always_the_same() -> None:
    photograph = slope(40, 50, 2)
    lr, hr = centre_camera_pair(photograph, 20)
    again_lr, _ = centre_camera_pair(photograph, 20)
    np.testing.assert_array_equal(lr, again_lr)
    np.testing.assert_array_equal(hr, centre_pair(photograph, 20)[1])
    assert_aligned((lr, hr), 2)
    other = with_camera(Photograph("slope", "6b" * 32, photograph.hr, photograph.lr))
    assert not np.array_equal(centre_camera_pair(other, 20)[0], lr)


@pytest.mark.parametrize("pair_of", [centre_pair, centre_camera_pair])
def test_the_middle_of_a_small_picture_is_all_of_it(pair_of: type) -> None:
    lr, hr = pair_of(slope(12, 30, 2), 20)
    assert (lr.shape, hr.shape) == ((12, 20, 3), (24, 40, 3))
