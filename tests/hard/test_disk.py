"""Disks that are full, read-only, or taken away while somebody writes to them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import SAMPLES, write_tiny_recipe
from PIL import Image

from srgan_edge.errors import DiskError, RunError
from srgan_edge.sinks import Recordings, View
from tests.hard.faults import Command, Faults, leftovers

pytestmark = pytest.mark.timeout(1200)
MODEL = ("--model", "edge-tiny", "--threads", "1")
Disk = Callable[[int], Path]
Count = Callable[[str], Faults]


def free(place: Path) -> None:
    """Room again."""
    subprocess.run(["mount", "-o", "remount,size=200m", str(place)], check=True)


def is_picture(path: Path) -> bool:
    with Image.open(path) as picture:
        picture.load()
    return True


def nothing(_: Path) -> bool:
    return False


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp"])
def test_a_picture_on_a_full_disk(disk: Disk, faults: Count, suffix: str) -> None:
    place, counted = disk(64), faults(f"full disk: upscale to .{suffix}")
    out = place / f"out.{suffix}"
    out.write_bytes(b"old")
    said = counted.took(Command("upscale", SAMPLES / "harbour.png", "-o", out, *MODEL))
    assert "No space left" in said
    assert str(out) in said
    counted.check(place, lambda path: path.read_bytes() == b"old")
    assert leftovers(place) == []


def test_a_large_picture_on_a_full_disk(disk: Disk, faults: Count, tmp_path: Path) -> None:
    """The one that is written strip by strip."""
    Image.effect_noise((1100, 1000), 80).save(tmp_path / "large.png")
    place, counted = disk(600), faults("full disk: a picture in strips")
    for suffix in ("png", "jpg", "tif"):
        command = Command("upscale", tmp_path / "large.png", "-o", place / f"x.{suffix}", *MODEL)
        assert "No space left" in counted.took(command)
        counted.check(place, nothing)
        assert leftovers(place) == []


def test_a_folder_on_a_full_disk(disk: Disk, faults: Count, noisy: Path) -> None:
    """It stops, says so, and goes on when there is room."""
    place, counted = disk(2500), faults("full disk: upscale of a folder")
    out = place / "out"
    said = counted.took(Command("upscale", noisy, "-o", out, *MODEL))
    assert "No space left" in said
    assert "the same command goes on where it stopped" in said
    counted.check(out, is_picture)
    done = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert 1 <= len(done) < 12
    free(place)
    code, said = Command("upscale", noisy, "-o", out, *MODEL).ended()
    assert code == 0
    assert f"going on: {len(done)} of 12 files are done" in said
    assert len([*out.glob("*.png")]) == 12
    assert all(path.stat().st_mtime_ns == moment for path, moment in done.items())
    assert leftovers(out) == []


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_video_on_a_full_disk(disk: Disk, faults: Count, suffix: str) -> None:
    place, counted = disk(300), faults(f"full disk: upscale to .{suffix}")
    out = place / f"out.{suffix}"
    said = counted.took(Command("upscale", SAMPLES / "clip.mp4", "-o", out, *MODEL))
    assert "space left" in said or "is the disk full?" in said
    counted.check(place, nothing)
    assert leftovers(place) == []


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg here to copy sound")
def test_a_disk_that_has_no_room_for_the_sound(disk: Disk, faults: Count, tmp_path: Path) -> None:
    """A second copy of the video is made with it. Without it there would be half of a result."""
    loud = tmp_path / "loud.mkv"
    sine = ["-f", "lavfi", "-i", "sine=d=3", "-c:v", "copy", "-c:a", "pcm_s16le"]
    clip = ["ffmpeg", "-v", "error", "-i", str(SAMPLES / "clip.mp4"), *sine, str(loud)]
    subprocess.run(clip, check=True)
    silent = tmp_path / "silent.mkv"
    assert Command("upscale", SAMPLES / "clip.mp4", "-o", silent, *MODEL).ended()[0] == 0
    place, counted = disk(silent.stat().st_size // 1024 + 120), faults("full disk: the sound")
    said = counted.took(Command("upscale", loud, "-o", place / "out.mkv", *MODEL))
    assert "cannot add the sound" in said
    counted.check(place, nothing)
    assert leftovers(place) == []


def test_a_recording_on_a_full_disk(disk: Disk, faults: Count) -> None:
    """What there is plays, under the name that the line says."""
    place, counted = disk(200), faults("full disk: webcam --record")
    options = ("--source", SAMPLES / "clip.mp4", "--show", "none", "--record", place / "live.mp4")
    said = counted.took(Command("webcam", *options, *MODEL))
    (part,) = place.iterdir()
    assert f"the recording is incomplete, see {part}: No space left" in said
    capture = cv2.VideoCapture(str(part))
    assert capture.read()[0]
    capture.release()


def test_a_live_view_goes_on_without_room(disk: Disk, faults: Count) -> None:
    """Recordings and snapshots that a person starts from it fail, and say so; the loop does not."""
    place, counted = disk(100), faults("full disk: recordings and snapshots of the view")
    noise = np.random.default_rng(0).integers(0, 256, (144, 256, 3), np.uint8)
    recordings = Recordings(place, 25.0)
    recordings.start()
    assert all(recordings.show(View(noise, noise, number / 25)) for number in range(200))
    counted.injected += 1
    assert not recordings.active
    assert "No space left" in recordings.trouble
    counted.injected += 1
    with pytest.raises((DiskError, RunError), match="No space left"):
        recordings.snapshot(View(noise, noise, 0.0))
    counted.check(place, nothing)
    free(place)
    assert recordings.snapshot(View(noise, noise, 0.0)).is_file()
    recordings.start()
    assert recordings.trouble == ""
    recordings.close()


def test_measurements_on_a_full_disk(disk: Disk, faults: Count) -> None:
    place, counted = disk(4), faults("full disk: bench and --stats")
    (place / "other").write_bytes(b"x" * 4096)
    bench = ("bench", "edge-tiny", "--calls-only", "--runs", "2", "--json", place / "b.json")
    said = counted.took(Command(*bench))
    assert "No space left" in said or "no space left" in said
    stats = ("--frames", "2", "--show", "none", "--stats", place / "s.json")
    assert "No space left" in counted.took(
        Command("webcam", "--source", SAMPLES / "clip.mp4", *stats, *MODEL)
    )
    assert [path.name for path in place.iterdir()] == ["other"]


def test_training_on_a_full_disk(disk: Disk, faults: Count, tmp_path: Path) -> None:
    """What is kept is whole, and resumed when there is room."""
    recipe = write_tiny_recipe(tmp_path, steps=40, checkpoint_every=5, validate_every=5)
    begin: tuple[object, ...]
    counted = faults("full disk: train")
    place = disk(5600)
    run = place / "run"
    begin = ("train", SAMPLES / "photos", "-o", run, "--recipe", recipe)
    said = counted.took(Command(*begin))
    assert "space" in said or "full" in said, said
    free(place)
    if (run / "run.json").exists():
        begin = ("train", SAMPLES / "photos", "-o", run, "--resume")
    code, said = Command(*begin).ended()
    assert code == 0, said
    assert leftovers(run) == []


def test_a_conversion_on_a_full_disk(disk: Disk, faults: Count, tiny_run: Path) -> None:
    place, counted = disk(8), faults("full disk: convert")
    target = place / "x.tflite"
    said = counted.took(Command("convert", tiny_run, "--float32", "-o", target))
    assert "No space left" in said
    counted.check(place, lambda path: path != target)
    free(place)
    code, said = Command("convert", tiny_run, "--float32", "-o", target).ended()
    assert code == 0, said
    assert leftovers(place) == []
