from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srgan_edge.images import read_rgb
from srgan_edge.quality import Picture
from srgan_edge_train import degradation
from srgan_edge_train.degradation import (
    blur,
    camera,
    camera_versions,
    compress,
    h264,
    jpeg,
    reduce,
    sensor_noise,
    to_levels,
)

Floats = npt.NDArray[np.float32]
SIDES = st.integers(9, 40)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def scene(samples: Path) -> Picture:
    """A piece of a real picture, as wide as it is not high."""
    return np.ascontiguousarray(read_rgb(samples / "photos" / "foliage.png")[:96, :128])


def soft(height: int, width: int, seed: int = 0) -> Picture:
    """Something smooth in all colours."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def difference(first: Picture, second: Picture) -> float:
    return float(np.abs(first.astype(float) - second).mean())


@settings(max_examples=40)
@given(SIDES, SIDES, st.integers(2, 4), SEEDS)
def test_a_camera_s_picture_is_a_scale_smaller(
    height: int, width: int, scale: int, seed: int
) -> None:
    lr = camera(soft(height * scale, width * scale), scale, np.random.default_rng(seed))
    assert lr.shape == (height, width, 3)
    assert lr.dtype == np.uint8


@settings(max_examples=15)
@given(SIDES, SIDES, SEEDS)
def test_a_seed_gives_the_same_picture_each_time(height: int, width: int, seed: int) -> None:
    hr = soft(2 * height, 2 * width)
    first, again = (camera(hr, 2, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_seeds_differ(scene: Picture) -> None:
    results = {camera(scene, 4, np.random.default_rng(seed)).tobytes() for seed in range(30)}
    assert len(results) == 30


def test_the_original_stays_as_it_was(scene: Picture) -> None:
    before = scene.copy()
    for seed in range(10):
        camera(scene, 4, np.random.default_rng(seed))
    np.testing.assert_array_equal(scene, before)


def test_a_camera_s_picture_shows_what_the_original_shows(scene: Picture) -> None:
    """No stage shifts, turns, or swaps colours."""
    plain = np.asarray(cv2.resize(scene, (32, 24), interpolation=cv2.INTER_AREA), float)
    results = [camera(scene, 4, np.random.default_rng(seed)) for seed in range(60)]
    mean = np.mean(results, axis=0)
    right = np.abs(mean - plain).mean()
    assert right < 6
    for wrong in (plain[::-1], plain[:, ::-1], plain[..., ::-1], np.roll(plain, 1, 0)):
        assert np.abs(mean - wrong).mean() > 1.5 * right


@pytest.mark.parametrize("pixel", [1.0, 4.0])
def test_blur_leaves_a_plain_picture_as_it_is(pixel: float) -> None:
    plain = np.full((30, 40, 3), (10, 128, 250), np.float32)
    for seed in range(20):
        blurred = blur(plain, pixel, np.random.default_rng(seed))
        np.testing.assert_allclose(blurred, plain, atol=1e-3)


def test_blur_spreads_a_point_without_moving_or_dimming_it() -> None:
    point = np.zeros((41, 41, 3), np.float32)
    point[20, 20] = 255
    y, x = np.mgrid[-20:21, -20:21]
    for seed in range(20):
        blurred = blur(point, 4.0, np.random.default_rng(seed))
        assert blurred.dtype == np.float32
        assert blurred.sum() == pytest.approx(3 * 255, rel=1e-4)
        assert blurred.min() > -1e-3
        for distance in (x, y):
            assert (blurred * distance[..., None]).sum() / blurred.sum() == pytest.approx(
                0, abs=0.01
            )


def test_blur_is_between_the_sharpest_and_the_softest_lens_each_way_by_itself() -> None:
    point = np.zeros((41, 41, 3), np.float32)
    point[20, 20] = 1
    y, x = np.mgrid[-20:21, -20:21]
    across, down = [], []
    for seed in range(60):
        light = blur(point, 4.0, np.random.default_rng(seed))[..., 0].astype(float)
        across.append(np.sqrt((light * x * x).sum()))
        down.append(np.sqrt((light * y * y).sum()))
    for widths in (across, down):
        assert 0.7 * 4 < max(widths) < 0.8 * 4 + 0.1
        assert min(widths) < 0.25 * 4
    assert abs(np.corrcoef(across, down)[0, 1]) < 0.4


def test_a_larger_pixel_blurs_more(scene: Picture) -> None:
    picture = scene.astype(np.float32)
    for seed in range(5):
        fine, coarse = (blur(picture, pixel, np.random.default_rng(seed)) for pixel in (1.0, 4.0))
        assert fine.std() > coarse.std()


def test_reducing_keeps_a_plain_colour_and_what_is_where(scene: Picture) -> None:
    plain = np.full((32, 48, 3), (10, 128, 250), np.float32)
    seen = set()
    for seed in range(20):
        small = reduce(plain, 12, 8, np.random.default_rng(seed))
        assert small.shape == (8, 12, 3)
        np.testing.assert_allclose(small, plain[:8, :12], atol=1e-3)
        detailed = reduce(scene.astype(np.float32), 32, 24, np.random.default_rng(seed))
        assert detailed.dtype == np.float32
        seen.add(detailed.tobytes())
    assert len(seen) == 3  # filters


def noise_of(level: float, seed: int) -> Floats:
    plain = np.full((64, 64, 3), level, np.float32)
    return sensor_noise(plain, np.random.default_rng(seed)) - plain


def test_noise_grows_with_light() -> None:
    for seed in range(20):
        dark, grey, bright = (float(noise_of(level, seed).std()) for level in (0, 128, 255))
        assert 0 < dark < grey < bright
        # Shot noise goes with the root of the light, read noise is always there.
        for level, found in ((128, grey), (255, bright)):
            expected = 1 + level / 255 / 0.3**2
            assert (found / dark) ** 2 == pytest.approx(expected, rel=0.01)


def test_noise_is_at_most_as_strong_as_said_and_has_no_tendency() -> None:
    grains = [noise_of(255, seed) for seed in range(60)]
    strengths = [float(grain.std()) for grain in grains]
    assert 7 < max(strengths) < 8 * np.sqrt(1.09) * 1.05
    assert min(strengths) < 1
    for grain, strength in zip(grains, strengths, strict=True):
        assert abs(float(grain.mean())) < 5 * strength / 64
        assert np.corrcoef(grain[:-1].ravel(), grain[1:].ravel())[0, 1] < 0.1


def test_noise_is_coloured_or_grey() -> None:
    kinds = [bool((noise_of(128, seed).std(axis=2) < 1e-4).all()) for seed in range(40)]
    assert 8 < sum(kinds) < 32


def test_noise_does_not_mind_values_beyond_the_range() -> None:
    beyond = np.array([[[-20.0, 300, 128]]], np.float32).repeat(8, 0).repeat(8, 1)
    assert np.isfinite(sensor_noise(beyond, np.random.default_rng(0))).all()


@pytest.mark.parametrize(("codec", "fine", "coarse"), [(jpeg, 98, 20), (h264, 8, 45)])
def test_a_codec_is_near_at_high_quality_and_far_at_low(
    scene: Picture, codec: Callable[[Picture, int], Picture], fine: int, coarse: int
) -> None:
    near, far = difference(codec(scene, fine), scene), difference(codec(scene, coarse), scene)
    assert 0 < near < 6
    assert far > 1.5 * near


@pytest.mark.parametrize(("codec", "quality"), [(jpeg, 95), (h264, 12)])
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (16, 200, 128), (255, 255, 255)])
def test_a_codec_keeps_a_plain_colour(
    codec: Callable[[Picture, int], Picture], quality: int, colour: tuple[int, int, int]
) -> None:
    for height, width in ((16, 16), (15, 17)):  # what is added to odd sides does not bleed in
        plain = np.full((height, width, 3), colour, np.uint8)
        assert np.abs(codec(plain, quality).astype(int) - plain).max() < 8


@settings(max_examples=40)
@given(st.integers(4, 35), st.integers(4, 35))
def test_h264_takes_odd_sizes(height: int, width: int) -> None:
    y, x = np.mgrid[:height, :width]
    picture = np.stack([60 + 3 * x + 2 * y] * 3, axis=-1).astype(np.uint8)
    back = h264(picture, 10)
    assert back.shape == picture.shape
    assert back.dtype == np.uint8
    assert difference(back, picture) < 3
    assert difference(back[-1:], picture[-1:]) < 5
    assert difference(back[:, -1:], picture[:, -1:]) < 5


def test_the_stream_is_jpeg_or_h264_and_rarely_untouched(
    scene: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, list[int]] = {"jpeg": [], "h264": []}

    def recorder(name: str) -> Callable[[Picture, int], Picture]:
        def record(picture: Picture, quality: int) -> Picture:
            asked[name].append(quality)
            return picture

        return record

    for name in asked:
        monkeypatch.setattr(degradation, name, recorder(name))
    for seed in range(400):
        assert compress(scene, np.random.default_rng(seed)) is scene
    jpegs, streams = len(asked["jpeg"]) / 400, len(asked["h264"]) / 400
    assert 1 - jpegs - streams == pytest.approx(0.1, abs=0.06)
    assert jpegs == pytest.approx(0.65, abs=0.08)
    assert streams == pytest.approx(0.25, abs=0.08)
    assert 40 <= min(asked["jpeg"]) < 45 <= 90 < max(asked["jpeg"]) <= 96
    assert 18 <= min(asked["h264"]) < 20 <= 31 < max(asked["h264"]) <= 33


def test_the_stages_come_in_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def recorder(name: str) -> Callable[..., Any]:
        stage = getattr(degradation, name)

        def record(*arguments: Any) -> Any:
            order.append(name)
            if name == "blur":  # sees an LR pixel of 1 or of `scale` pixels
                assert arguments[1] == (1 if "reduce" in order else 2)
            return stage(*arguments)

        return record

    for name in ("blur", "reduce", "sensor_noise"):
        monkeypatch.setattr(degradation, name, recorder(name))
    found = set()
    for seed in range(60):
        order.clear()
        camera(soft(24, 32), 2, np.random.default_rng(seed))
        found.add(tuple(order))
    assert found == set(permutations(("blur", "reduce", "sensor_noise")))


def test_levels_are_rounded_and_clipped() -> None:
    values = np.array([-3, 0.4, 0.6, 254.6, 260], np.float32)
    np.testing.assert_array_equal(to_levels(values), [0, 0, 1, 255, 255])
    assert to_levels(values).dtype == np.uint8


def test_large_pictures_are_degraded_tile_by_tile() -> None:
    """Every LR pixel is made, in its place."""
    y, x = np.mgrid[: 2 * 300, : 2 * 270]
    hr = np.stack([(20 + x // 3), (20 + y // 3), (x + y) // 6], axis=-1).astype(np.uint8)
    versions = camera_versions(hr, 2, "7c" * 32, 2)
    assert versions.shape == (2, 300, 270, 3)
    expected = hr.reshape(300, 2, 270, 2, 3).mean((1, 3))
    for version in versions:
        assert np.abs(version - expected).mean() < 8
