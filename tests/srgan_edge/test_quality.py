from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from srgan_edge.images import IMAGE_SUFFIXES, find_files, read_rgb
from srgan_edge.quality import (
    Picture,
    compare,
    crop_to_multiple,
    degrade,
    luma,
    psnr_y,
    resize_bicubic,
)

SIDES = st.integers(20, 40)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Picture, Picture]:
    shape = (draw(SIDES), draw(SIDES), 3)
    seed = draw(st.integers(0, 2**32 - 1))
    first = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return first, draw(arrays.arrays(np.uint8, shape))


@pytest.mark.parametrize(
    ("name", "psnr", "ssim"), [("Set5", 28.43, 0.8111), ("Set14", 26.09, 0.7048)]
)
def test_pillow_bicubic_has_the_known_quality(
    data_sets: Path, name: str, psnr: float, ssim: float
) -> None:
    results = []
    for path in find_files(data_sets / "eval" / name, IMAGE_SUFFIXES):
        original = crop_to_multiple(read_rgb(path), 4)
        height, width = original.shape[:2]
        results.append(compare(resize_bicubic(degrade(original, 4), width, height), original, 4))
    assert np.mean([result.psnr for result in results]) == pytest.approx(psnr, abs=0.006)
    assert np.mean([result.ssim for result in results]) == pytest.approx(ssim, abs=0.00006)


@given(pairs())
def test_a_picture_equals_itself(pair: tuple[Picture, Picture]) -> None:
    quality = compare(pair[0], pair[0], 4)
    assert quality.psnr == float("inf")
    assert quality.ssim == pytest.approx(1.0)


@given(pairs())
def test_the_order_does_not_matter(pair: tuple[Picture, Picture]) -> None:
    there, back = compare(*pair, 2), compare(*pair[::-1], 2)
    assert there.psnr == pytest.approx(back.psnr)
    assert there.ssim == pytest.approx(back.ssim)
    assert there.psnr == psnr_y(*pair, 2)


@given(st.integers(1, 120), st.integers(0, 100))
def test_psnr_of_a_shift_in_brightness(shift: int, level: int) -> None:
    dark = np.full((20, 20, 3), level, np.uint8)
    error = shift * 219 / 255  # Y goes from 16 to 235
    expected = 20 * np.log10(255 / error)
    assert psnr_y(dark, dark + np.uint8(shift), 4) == pytest.approx(expected)


@given(pairs())
def test_without_a_judge_there_is_no_judgement(pair: tuple[Picture, Picture]) -> None:
    assert compare(*pair, 4).lpips is None


@given(pairs(), st.floats(0, 1), st.integers(2, 4))
def test_a_judge_sees_the_result_and_the_original_whole(
    pair: tuple[Picture, Picture], distance: float, scale: int
) -> None:
    seen: list[tuple[Picture, Picture]] = []

    def judge(result: Picture, original: Picture) -> float:
        seen.append((result, original))
        return distance

    quality = compare(*pair, scale, judge)
    assert quality.lpips == distance
    assert [(result is pair[0], original is pair[1]) for result, original in seen] == [(True, True)]
    without = compare(*pair, scale)
    assert (quality.psnr, quality.ssim) == (without.psnr, without.ssim)


def test_the_border_does_not_count() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    framed = picture.copy()
    framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = 0, 0, 0, 0
    assert psnr_y(framed, picture, 4) == float("inf")
    assert psnr_y(framed, picture, 3) < 60


@settings(max_examples=10)
@given(pairs())
def test_ssim_is_its_definition(pair: tuple[Picture, Picture]) -> None:
    assert compare(*pair, 4).ssim == pytest.approx(_ssim(*(luma(p[4:-4, 4:-4]) for p in pair)))


def _ssim(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """Wang et al. 2004, window by window."""
    bell = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights = np.outer(bell, bell) / bell.sum() ** 2
    ones, twos = (np.lib.stride_tricks.sliding_window_view(p, (11, 11)) for p in (x, y))
    mean1, mean2 = (np.tensordot(w, weights, 2) for w in (ones, twos))
    square1, square2, cross = (
        np.tensordot(w, weights, 2) for w in (ones * ones, twos * twos, ones * twos)
    )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    over = (2 * mean1 * mean2 + c1) * (2 * (cross - mean1 * mean2) + c2)
    under = (mean1**2 + mean2**2 + c1) * (square1 - mean1**2 + square2 - mean2**2 + c2)
    return float(np.mean(over / under))


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 8))
def test_cropping_leaves_the_largest_multiple(height: int, width: int, scale: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    cropped = crop_to_multiple(picture, scale)
    assert cropped.shape == (height // scale * scale, width // scale * scale, 3)
    assert (cropped == picture[: cropped.shape[0], : cropped.shape[1]]).all()


@given(st.integers(1, 12), st.integers(1, 12), st.integers(2, 8), st.integers(0, 255))
def test_reducing_keeps_a_plain_colour(height: int, width: int, scale: int, level: int) -> None:
    plain = np.full((height * scale, width * scale, 3), level, np.uint8)
    reduced = degrade(plain, scale)
    assert reduced.shape == (height, width, 3)
    assert (reduced == level).all()
