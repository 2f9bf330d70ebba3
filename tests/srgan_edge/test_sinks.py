from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srgan_edge.errors import InputError, RunError
from srgan_edge.sinks import Recording, Recordings, View

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
@given(gaps=st.lists(st.floats(0.001, 1.9), max_size=12), rate=st.sampled_from([10.0, 24.0, 59.94]))
def test_a_recording_keeps_time(
    gaps: list[float], rate: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each frame has its own time, however irregularly they come."""
    path = tmp_path_factory.getbasetemp() / "time.mp4"
    moments = [1000.0, *(1000.0 + sum(gaps[: count + 1]) for count in range(len(gaps)))]
    recording = Recording(path, rate)
    for moment in moments:
        recording.show(view(moment))
    recording.close()
    assert times_of(path) == pytest.approx([moment - 1000.0 for moment in moments], abs=0.001)


def test_a_stream_that_hung_leaves_no_gap(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "live.mp4", 25.0)
    for moment in (0.0, 0.04, 60.0, 60.04):
        recording.show(view(moment))
    recording.close()
    assert times_of(tmp_path / "live.mp4") == pytest.approx([0.0, 0.04, 0.08, 0.12], abs=0.001)


def times_of(path: Path) -> list[float]:
    """Of all frames, in seconds."""
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0) if frame.time is not None]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_recording_that_was_cut_off_plays(tmp_path: Path, suffix: str, decode: Decode) -> None:
    """kill -9 in the middle: all but the last second is there."""
    code = """
import os, signal, sys
from pathlib import Path
import numpy as np
from srgan_edge.sinks import Recording, Recordings, View
recording = Recording(Path(sys.argv[1]), 25.0)
for index in range(110):
    frame = np.full((144, 256, 3), 40 + index, np.uint8)
    recording.show(View(frame, frame, index / 25))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / f"live{suffix}"], check=False)
    assert done.returncode == -signal.SIGKILL
    (part,) = tmp_path.iterdir()
    pictures = decode(part)
    assert 85 <= len(pictures) <= 110
    for index, picture in enumerate(pictures):
        assert picture.mean() == pytest.approx(40 + index, abs=4)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = Recording(tmp_path / "live.mp4", 25.0)
    monkeypatch.setattr(recording, "_part", tmp_path / "full.mp4")
    (tmp_path / "full.mp4").symlink_to("/dev/full")
    noise = np.random.default_rng(0).integers(0, 256, (144, 256, 3), np.uint8)

    def record() -> None:
        for index in range(500):
            recording.show(View(noise, noise, index / 25))

    with pytest.raises(RunError, match=r"the recording is incomplete, see .*: No space left"):
        record()


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
    [("live", "must end in"), ("live.avi", "must end in"), ("file/x.mp4", "folder")],
)
def test_refuses(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=words):
        Recording(tmp_path / name, 25.0)


def test_recordings_and_snapshots_have_the_time_as_their_names(
    tmp_path: Path, decode: Decode
) -> None:
    recordings = Recordings(tmp_path / "kept", 25.0)
    recordings.show(view(0.0))
    assert not (tmp_path / "kept").exists()
    recordings.start()
    recordings.start()
    assert recordings.active
    for index in range(3):
        recordings.show(view(index / 25))
    picture = recordings.snapshot(view(1.0))
    recordings.close()
    assert not recordings.active
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert [re.sub(r"\d{8}-\d{6}-\d{3}", "TIME", name) for name in names] == [
        "srgan-edge-TIME.mp4",
        "srgan-edge-TIME.png",
    ]
    assert len(decode(tmp_path / "kept" / names[0])) == 3
    assert (np.asarray(cv2.imread(str(picture))) == FRAME).all()
