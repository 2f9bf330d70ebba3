from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.errors import InputError
from srgan_edge.sources import Crop, Framing, fit, parse_crop

SIDES = st.integers(1, 80)
PIXELS = st.integers(1, 99_999)


@given(SIDES, SIDES, SIDES, SIDES)
def test_fit_gives_the_size_that_was_asked_for(
    height: int, width: int, new_height: int, new_width: int
) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    fitted = fit(frame, (new_width, new_height))
    assert fitted.shape == (new_height, new_width, 3)
    assert fitted.dtype == np.uint8


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4), st.integers(1, 4))
def test_fit_only_resizes_the_right_shape(
    height: int, width: int, times: int, new_times: int
) -> None:
    """Nothing is cut off: a frame around the picture is still there, all round."""
    frame = np.zeros((height * times, width * times, 3), np.uint8)
    frame[[0, -1]] = frame[:, [0, -1]] = 255
    fitted = fit(frame, (width * new_times, height * new_times))
    for edge in (fitted[0], fitted[-1], fitted[:, 0], fitted[:, -1]):
        assert (edge > 0).all()


def test_fit_leaves_the_right_size_alone() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (36, 64, 3), np.uint8)
    assert (fit(frame, (64, 36)) == frame).all()


@pytest.mark.parametrize(("size", "first", "last"), [((40, 40), 30, 69), ((20, 40), 40, 59)])
def test_fit_crops_around_the_centre(size: tuple[int, int], first: int, last: int) -> None:
    frame = np.zeros((40, 100, 3), np.uint8)
    frame[:] = np.arange(100, dtype=np.uint8)[None, :, None]
    fitted = fit(frame, size)
    assert (fitted[0, 0, 0], fitted[0, -1, 0]) == (first, last)
    turned = fit(frame.transpose(1, 0, 2), size[::-1])
    assert (turned == fitted.transpose(1, 0, 2)).all()


@given(
    st.integers(1, 99999), st.integers(1, 99999), st.none() | st.tuples(*[st.integers(0, 999)] * 2)
)
def test_crops_are_written_as_they_are_read(
    width: int, height: int, place: tuple[int, int] | None
) -> None:
    crop = Crop(width, height, place)
    assert parse_crop(str(crop)) == crop


@pytest.mark.parametrize("text", ["", "320", "0x10", "10x0", "10x10+1", "10x10-1-1", "1e3x2"])
def test_what_is_no_crop(text: str) -> None:
    with pytest.raises(InputError, match="--crop must be WIDTHxHEIGHT"):
        parse_crop(text)


def test_a_crop_is_that_part() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    assert (Framing(crop=Crop(10, 8, (3, 5)))(frame) == frame[5:13, 3:13]).all()
    assert (Framing(crop=Crop(10, 8))(frame) == frame[16:24, 25:35]).all()
    assert Framing((20, 16), Crop(10, 8))(frame).shape == (16, 20, 3)


@pytest.mark.parametrize("crop", [Crop(61, 8), Crop(8, 41), Crop(10, 10, (51, 0))])
def test_a_crop_beyond_the_frame_is_refused(crop: Crop) -> None:
    with pytest.raises(InputError, match=r"--crop .* does not lie within frames of 60x40"):
        Framing(crop=crop)(np.zeros((40, 60, 3), np.uint8))
