from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.batch import plan_jobs, run_jobs
from srgan_edge.errors import InputError, RunError
from srgan_edge.upscaler import Upscaler
from srgan_edge.video import VIDEO_SUFFIXES, VideoWriter, output_suffix, upscale_video
from srgan_edge.video_file import sane_rate

Decode = Callable[[Path], list[cv2.typing.MatLike]]

SMALL_FRAMES, SMALL_RATE = 12, 24000 / 1001
needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg is not installed"
)


def facts(path: Path) -> tuple[int, int, int, float]:
    """Frames, width, height and rate as the file says."""
    capture = cv2.VideoCapture(str(path))
    kinds = (
        cv2.CAP_PROP_FRAME_COUNT,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
    )
    frames, width, height, rate = (capture.get(kind) for kind in kinds)
    capture.release()
    return int(frames), int(width), int(height), rate


def streams(path: Path) -> list[str]:
    """The kinds of streams in a file."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "json"]
    done = subprocess.run([*command, str(path)], capture_output=True, check=True)
    return sorted(stream["codec_type"] for stream in json.loads(done.stdout)["streams"])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".mov", ".MP4"])
def test_every_frame_four_times_as_large(
    small_clip: Path, tmp_path: Path, upscaler: Upscaler, decode: Decode, suffix: str
) -> None:
    target = tmp_path / f"out{suffix}"
    result = upscale_video(small_clip, target, upscaler)
    frames = decode(target)
    assert result.frames == len(frames) == SMALL_FRAMES
    assert {frame.shape for frame in frames} == {(144, 256, 3)}
    levels = [float(frame.mean()) for frame in frames]
    assert levels == sorted(levels)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_fractional_rate_is_kept(
    small_clip: Path, tmp_path: Path, upscaler: Upscaler, suffix: str
) -> None:
    upscale_video(small_clip, tmp_path / f"out{suffix}", upscaler)
    assert facts(tmp_path / f"out{suffix}")[3] == pytest.approx(SMALL_RATE, abs=0.01)


def test_the_sample_clip(samples: Path, tmp_path: Path, upscaler: Upscaler) -> None:
    frames, width, height, rate = facts(samples / "clip.mp4")
    done = run_jobs(plan_jobs([samples / "clip.mp4"], tmp_path), upscaler)
    assert facts(tmp_path / "clip.mp4") == (frames, 4 * width, 4 * height, rate)
    assert done.results[0].startswith(f"{tmp_path / 'clip.mp4'}  {frames} frames, ")


@needs_ffmpeg
@pytest.mark.parametrize("codec", ["aac", "pcm_s16le", "libopus"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_is_kept(
    small_clip: Path,
    tmp_path: Path,
    upscaler: Upscaler,
    decode: Decode,
    codec: str,
    suffix: str,
) -> None:
    loud = tmp_path / "loud.mkv"
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=0.5"]
    command = ["ffmpeg", "-v", "error", "-i", str(small_clip), *tone, "-c:v", "copy", "-c:a", codec]
    subprocess.run([*command, str(loud)], check=True)
    target = tmp_path / f"out{suffix}"
    result = upscale_video(loud, target, upscaler)
    assert result.notices == []
    assert streams(target) == ["audio", "video"]
    assert [frame.shape for frame in decode(target)] == [(144, 256, 3)] * SMALL_FRAMES
    assert sorted(tmp_path.iterdir()) == sorted([loud, target])


@needs_ffmpeg
def test_a_silent_video_stays_silent(small_clip: Path, tmp_path: Path, upscaler: Upscaler) -> None:
    assert upscale_video(small_clip, tmp_path / "out.mp4", upscaler).notices == []
    assert streams(tmp_path / "out.mp4") == ["video"]


def test_says_that_ffmpeg_is_missing(
    small_clip: Path, tmp_path: Path, upscaler: Upscaler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = upscale_video(small_clip, tmp_path / "out.mp4", upscaler)
    assert len(result.notices) == 1
    assert "ffmpeg is not installed" in result.notices[0]
    assert facts(tmp_path / "out.mp4")[0] == SMALL_FRAMES


def test_webm_goes_to_mp4(small_clip: Path, tmp_path: Path, upscaler: Upscaler) -> None:
    # Readers go by the content: any video will do under this name.
    shutil.copy(small_clip, tmp_path / "clip.webm")
    (job,) = plan_jobs([tmp_path / "clip.webm"], tmp_path / "out")
    assert job.target == tmp_path / "out" / "clip.mp4"
    run_jobs([job], upscaler)
    assert facts(job.target)[:3] == (SMALL_FRAMES, 256, 144)


@pytest.mark.parametrize("content", [b"", b"hello, world", b"\x00\x00\x00\x20ftypisom"])
def test_what_is_no_video_is_refused(
    tmp_path: Path, upscaler: Upscaler, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "x.mp4"
    source.write_bytes(content)
    with pytest.raises(InputError, match=r"not a video: .*x\.mp4"):
        upscale_video(source, tmp_path / "out.mp4", upscaler)
    assert list(tmp_path.iterdir()) == [source]
    assert capfd.readouterr().err == ""


def test_a_video_whose_frames_are_gone(
    small_clip: Path, tmp_path: Path, upscaler: Upscaler
) -> None:
    content = small_clip.read_bytes()
    source = tmp_path / "cut.avi"
    source.write_bytes(content[: content.index(b"movi") + 4])
    with pytest.raises(InputError, match=r"no frame|not a video"):
        upscale_video(source, tmp_path / "out.mp4", upscaler)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("suffix", ["", ".png", ".webm", ".txt"])
def test_the_writer_refuses_a_suffix(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(InputError, match=r"must end in one of .*\.mp4"):
        VideoWriter(tmp_path / f"out{suffix}", 25.0, (64, 36))
    assert list(tmp_path.iterdir()) == []


def test_the_writer_is_checked(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot write a 64x36 video"):
        VideoWriter(tmp_path / "missing" / "out.mp4", 25.0, (64, 36))
    writer = VideoWriter(tmp_path / "out.avi", 25.0, (64, 36))
    writer.write(np.zeros((36, 64, 3), np.uint8))
    writer.write(np.zeros((10, 10, 3), np.uint8))  # OpenCV leaves it out and says nothing
    with pytest.raises(RunError, match="only 1 of 2 frames"):
        writer.close()


def test_every_video_has_a_container_to_go_into() -> None:
    for suffix in VIDEO_SUFFIXES:
        assert output_suffix(output_suffix(suffix)) == output_suffix(suffix) != ""


@given(st.floats())
def test_a_rate_is_believed_only_when_it_can_be_one(rate: float) -> None:
    believed = sane_rate(rate)
    assert believed == (rate if 1 <= rate <= 1000 else None)


def test_frames_that_the_file_leaves_out_keep_their_time(
    data_sets: Path, upscaler: Upscaler, tmp_path: Path
) -> None:
    """`tree.avi` holds 68 frames over 29.6 seconds at 15 a second."""
    result = upscale_video(data_sets / "video" / "tree.avi", tmp_path / "tree.mp4", upscaler)
    assert result.frames / 15 == pytest.approx(29.6, abs=0.7)
