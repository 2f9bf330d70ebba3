from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.errors import InputError
from srgan_edge.sources import Address, Source, fit, parse_source

if TYPE_CHECKING:
    from tests.srgan_edge.conftest import Stream

SIDES = st.integers(1, 80)


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


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0", Address(0, is_camera=True, is_live=True)),
        ("12", Address(12, is_camera=True, is_live=True)),
        ("/dev/video3", Address("/dev/video3", is_camera=True, is_live=True)),
        ("rtsp://camera/1", Address("rtsp://camera/1", is_camera=False, is_live=True)),
        ("http://h:81/x?y=z", Address("http://h:81/x?y=z", is_camera=False, is_live=True)),
    ],
)
def test_cameras_and_addresses(text: str, address: Address) -> None:
    assert parse_source(text) == address


def test_a_file_is_not_live(small_clip: Path) -> None:
    expected = Address(str(small_clip), is_camera=False, is_live=False)
    assert parse_source(str(small_clip)) == expected


@pytest.mark.parametrize("text", ["", "missing.mp4", "-1", "1.5", "/dev/null", "/tmp"])
def test_what_is_no_source(text: str) -> None:
    with pytest.raises(InputError, match=f"no source '{text}'.*camera's number"):
        parse_source(text)


def test_picamera2_is_answered() -> None:
    with pytest.raises(InputError, match="picamera2 is not in this version"):
        parse_source("picamera2")


@pytest.mark.parametrize("text", ["97", "/dev/video97", "http://127.0.0.1:1/x"])
def test_what_is_not_there(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=f"cannot open the .* {text}"):
        Source(text)
    assert capfd.readouterr().err == ""


def test_reads_a_file_to_its_end(small_clip: Path) -> None:
    source = Source(str(small_clip))
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    assert source.read() is None
    source.close()
    assert [frame.shape for frame in frames] == [(36, 64, 3)] * 12
    levels = [float(frame.mean()) for frame in frames]
    assert levels == sorted(levels)
    assert source.rate == pytest.approx(24000 / 1001, abs=0.01)
    assert not source.is_live


def test_a_file_is_fitted(small_clip: Path) -> None:
    source = Source(str(small_clip), (20, 30))
    frame = source.read()
    source.close()
    assert frame is not None
    assert frame.shape == (30, 20, 3)


def test_reads_a_stream(serve: Callable[..., Stream]) -> None:
    source = Source(serve(frames=60).url)
    frame = source.read()
    source.close()
    assert source.is_live
    assert frame is not None
    assert frame.shape == (36, 64, 3)
    assert frame.std() > 20  # the noise that was sent
