"""Folders that are read-only, become so, or are taken away while somebody writes to them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import SAMPLES, write_tiny_recipe

from tests.hard.faults import Command
from tests.hard.test_disk import MODEL, Count, Disk, is_picture

pytestmark = pytest.mark.timeout(1200)


def protect(place: Path) -> None:
    """No more writing, not even by root."""
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)


def test_a_read_only_disk(disk: Disk, faults: Count, noisy: Path) -> None:
    """Bad input, in a line, before any work."""
    place, counted = disk(1000), faults("read-only: all that write")
    (place / "old.png").write_bytes(b"old")
    protect(place)
    clip = SAMPLES / "clip.mp4"
    commands: tuple[tuple[object, ...], ...] = (
        ("upscale", SAMPLES / "harbour.png", "-o", place / "old.png"),
        ("upscale", noisy, "-o", place / "out"),
        ("upscale", clip, "-o", place / "out.mp4"),
        ("webcam", "--source", clip, "--show", "none", "--record", place / "live.mp4"),
        ("webcam", "--source", clip, "--show", "none", "--stats", place / "s.json"),
        ("train", SAMPLES / "photos", "-o", place / "run"),
        ("bench", "edge-tiny", "--calls-only", "--runs", "2", "--json", place / "b.json"),
    )
    for command in commands:
        said = counted.took(Command(*command), codes=(2,))
        assert "Read-only file system" in said
    assert [path.name for path in place.iterdir()] == ["old.png"]
    assert (place / "old.png").read_bytes() == b"old"


def test_a_disk_that_becomes_read_only(disk: Disk, faults: Count, noisy: Path) -> None:
    """As Linux makes a card that fails."""
    place, counted = disk(200_000), faults("read-only in the middle")
    out = place / "out"
    command = Command("upscale", noisy, "-o", out, *MODEL)
    assert command.wait_for(lambda: (out / "00.png").exists())
    # The journal is open for writing and keeps the disk itself busy, but not a mount above it.
    subprocess.run(["mount", "--bind", str(out), str(out)], check=True)
    protecting = ["mount", "-o", "remount,bind,ro", str(out)]
    while subprocess.run(protecting, capture_output=True, check=False).returncode:
        assert command.process.poll() is None
    try:
        said = counted.took(command, codes=(1,))
    finally:
        subprocess.run(["umount", "-l", str(out)], check=True)
    assert "Read-only file system" in said
    counted.check(out, is_picture)


def test_folders_that_vanish(faults: Count, noisy: Path, tmp_path: Path) -> None:
    """The place that is written to: an error. What is read: named and passed over."""
    counted, out = faults("vanished folders"), tmp_path / "out"
    command = Command("upscale", noisy, "-o", out, *MODEL)
    assert command.wait_for(lambda: (out / "02.png").exists())
    shutil.rmtree(out, ignore_errors=True)
    said = counted.took(command)
    assert "taken away while it was written to" in said
    assert Command("upscale", noisy, "-o", out, *MODEL).ended()[0] == 0
    assert len([*out.glob("*.png")]) == 12
    source = tmp_path / "source"
    shutil.copytree(noisy, source)
    command = Command("upscale", source, "-o", tmp_path / "other", *MODEL)
    assert command.wait_for(lambda: (tmp_path / "other" / "02.png").exists())
    shutil.rmtree(source)
    code, said = command.ended()
    counted.injected += 1
    assert code == 2
    assert "passed over: no such file" in said
    counted.check(tmp_path / "other", is_picture)


def test_a_run_folder_that_vanishes(faults: Count, tmp_path: Path) -> None:
    recipe = write_tiny_recipe(tmp_path, steps=100_000, validate_every=50, checkpoint_every=50)
    run, counted = tmp_path / "run", faults("vanished run folder")
    command = Command("train", SAMPLES / "photos", "-o", run, "--recipe", recipe)
    assert command.wait_for(lambda: (run / "metrics.csv").exists())
    shutil.rmtree(run, ignore_errors=True)
    said = counted.took(command)
    # Between two writes it is looked for; within one the file that failed is named.
    assert f"the run in {run} was taken away" in said or f"cannot write {run}" in said
    assert not (run / "run.json").exists()
    assert not (run / "generator.keras").exists()
