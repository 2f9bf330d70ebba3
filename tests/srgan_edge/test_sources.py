from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.sources import Address, Framing, Kind, Source, Wanted, open_source, parse_source

if TYPE_CHECKING:
    from tests.srgan_edge.conftest import Stream


def frames_of(source: Source) -> list[Picture]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("0", Kind.CAMERA, 0),
        ("12", Kind.CAMERA, 12),
        ("/dev/video3", Kind.CAMERA, "/dev/video3"),
        ("rtsp://camera/1", Kind.STREAM, "rtsp://camera/1"),
        ("http://h:81/x?y=z", Kind.STREAM, "http://h:81/x?y=z"),
        ("picamera2", Kind.PICAMERA, 0),
    ],
)
def test_cameras_and_addresses(text: str, kind: Kind, target: int | str) -> None:
    address = parse_source(text)
    assert address == Address(kind, target, text)
    assert address.is_live


def test_a_password_is_not_in_the_name() -> None:
    address = parse_source("rtsp://me:secret@camera/1")
    assert (address.target, address.name) == (
        "rtsp://me:secret@camera/1",
        "rtsp://me:***@camera/1",
    )


def test_files_and_pictures_are_not_live(small_clip: Path) -> None:
    for text, kind in ((small_clip, Kind.FILE), (small_clip.parent, Kind.SEQUENCE)):
        address = parse_source(str(text))
        assert address == Address(kind, str(text), str(text))
        assert not address.is_live


@pytest.mark.parametrize("text", ["", "missing.mp4", "-1", "1.5", "/dev/null"])
def test_what_is_no_source(text: str) -> None:
    with pytest.raises(InputError, match=f"no source '{text}'.*camera's number"):
        parse_source(text)


@pytest.mark.parametrize("text", ["97", "/dev/video97", "http://127.0.0.1:1/x"])
def test_what_is_not_there(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=f"cannot open the .* {text}"):
        open_source(parse_source(text))
    assert capfd.readouterr().err == ""


def test_without_picamera2_it_says_what_to_install() -> None:
    with pytest.raises(InputError, match="apt install python3-picamera2"):
        open_source(parse_source("picamera2"))


def test_reads_a_file_to_its_end(small_clip: Path) -> None:
    source = open_source(parse_source(str(small_clip)))
    frames = frames_of(source)
    assert source.read() is None
    assert [frame.shape for frame in frames] == [(36, 64, 3)] * 12
    levels = [float(frame.mean()) for frame in frames]
    assert levels == sorted(levels)
    assert source.rate == pytest.approx(24000 / 1001, abs=0.01)
    assert not source.is_live


def test_a_file_is_fitted(small_clip: Path) -> None:
    source = open_source(parse_source(str(small_clip)), Wanted(Framing((20, 30))))
    assert {frame.shape for frame in frames_of(source)} == {(30, 20, 3)}


def test_frames_of_a_file_are_left_out(small_clip: Path) -> None:
    """12 frames at 23.976 a second last half a second."""
    source = open_source(parse_source(str(small_clip)), Wanted(rate=8.0))
    assert source.rate == 8.0
    levels = [round(float(frame.mean())) for frame in frames_of(source)]
    assert levels == pytest.approx([20, 74, 128, 182], abs=2)
    more = open_source(parse_source(str(small_clip)), Wanted(rate=500.0))
    assert len(frames_of(more)) == 12


def test_a_file_in_real_time(small_clip: Path) -> None:
    source = open_source(parse_source(str(small_clip)), Wanted(paced=True))
    started = time.monotonic()
    assert len(frames_of(source)) == 12
    assert time.monotonic() - started >= 12 * 1001 / 24000
    assert source.is_live


def test_reads_a_stream(serve: Callable[..., Stream]) -> None:
    source = open_source(parse_source(serve(frames=60).url))
    frame = source.read()
    source.close()
    assert source.is_live
    assert frame is not None
    assert frame.shape == (36, 64, 3)
    assert frame.std() > 20  # the noise that was sent


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Pictures that are brighter the higher their number, and something else."""
    for number in (1, 2, 10, 9):
        cv2.imwrite(str(tmp_path / f"frame-{number}.png"), np.full((8, 12, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("", [1, 2, 9, 10]), ("frame-%d.png", [1, 2, 9, 10]), ("frame-%02d.png", [10])],
)
def test_pictures_come_in_the_order_of_their_numbers(
    pictures: Path, pattern: str, found: list[int]
) -> None:
    source = open_source(parse_source(str(pictures / pattern)), Wanted(rate=5.0))
    assert source.rate == 5.0
    assert [int(frame[0, 0, 0]) for frame in frames_of(source)] == found


@pytest.mark.parametrize("pattern", ["x-%d.png", "nowhere/%d.png"])
def test_no_pictures(pictures: Path, pattern: str) -> None:
    with pytest.raises(InputError, match=r"no (pictures|such folder of pictures): .*"):
        open_source(parse_source(str(pictures / pattern)))
