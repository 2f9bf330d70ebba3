from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srgan_edge.errors import InputError, RunError
from srgan_edge.sinks import Recording, View

Decode = Callable[[Path], list[cv2.typing.MatLike]]
FRAME = np.full((36, 64, 3), 100, np.uint8)


def view(moment: float) -> View:
    return View(FRAME[::4, ::4], FRAME, moment)


def test_a_recording_gets_its_name_when_it_is_closed(tmp_path: Path, decode: Decode) -> None:
    path = tmp_path / "new" / "live.mp4"
    recording = Recording(path, 25.0)
    for index in range(10):
        assert recording.show(view(index / 25))
    assert not path.exists()
    recording.close()
    recording.close()
    assert list(path.parent.iterdir()) == [path]
    assert len(decode(path)) == 10


@settings(max_examples=15)
@given(gaps=st.lists(st.floats(0, 0.3), max_size=12), rate=st.sampled_from([10.0, 24.0, 59.94]))
def test_a_recording_keeps_time(
    gaps: list[float], rate: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Frames that come irregularly: the video is as long as it took, to half a frame."""
    path = tmp_path_factory.getbasetemp() / "time.avi"
    recording, moment = Recording(path, rate), 1000.0
    recording.show(view(moment))
    for gap in gaps:
        moment += gap
        recording.show(view(moment))
    recording.close()
    capture = cv2.VideoCapture(str(path))
    frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    assert abs((frames - 1) / rate - (moment - 1000.0)) <= 0.5 / rate + 1e-6


def test_the_old_recording_stays_until_there_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "live.mp4"
    path.write_bytes(b"old")
    Recording(path, 25.0).close()
    assert path.read_bytes() == b"old"
    recording = Recording(path, 25.0)
    recording.show(view(0.0))
    assert path.read_bytes() == b"old"
    recording.close()
    assert path.read_bytes() != b"old"


def test_a_recording_that_cannot_have_its_name(tmp_path: Path, decode: Decode) -> None:
    path = tmp_path / "live.mp4"
    recording = Recording(path, 25.0)
    recording.show(view(0.0))
    path.mkdir()
    with pytest.raises(RunError, match="the recording is incomplete, see") as caught:
        recording.close()
    (part,) = (found for found in tmp_path.iterdir() if found != path)
    assert str(part) in str(caught.value)
    assert len(decode(part)) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [("live", "must end in"), ("live.webm", "must end in"), ("file/x.mp4", "folder")],
)
def test_refuses(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=words):
        Recording(tmp_path / name, 25.0)
