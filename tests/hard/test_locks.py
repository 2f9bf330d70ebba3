"""A second one in the same place is told to wait, and the first goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import SAMPLES, write_tiny_recipe

from srgan_edge.lock import only_one
from srgan_edge.run_record import LOCK_NAME
from tests.hard.faults import Command, Faults, leftovers

pytestmark = pytest.mark.timeout(600)


def test_a_run_folder(tiny_run: Path, tmp_path: Path, faults: Callable[[str], Faults]) -> None:
    photos, run, counted = SAMPLES / "photos", tmp_path / "run", faults("a second one in a run")
    recipe = write_tiny_recipe(tmp_path, steps=100_000)
    first = Command("train", photos, "-o", run, "--recipe", recipe)
    assert first.wait_for(lambda: (run / "run.json").exists())
    for others in (
        ("train", photos, "-o", run, "--resume"),
        ("train", photos, "-o", run, "--recipe", recipe),
        ("convert", tiny_run, "--float32", "-o", run / "x.tflite"),
    ):
        said = counted.took(Command(*others), codes=(2,))
        assert (
            f"the run in {run} is in use by another srgan-edge (process {first.process.pid})"
            in said
        )
    assert first.process.poll() is None
    assert not (run / "x.tflite").exists()
    first.kill(with_children=True)
    second, lock = Command("train", photos, "-o", run, "--resume"), run / LOCK_NAME
    # A kill takes its lock along.
    assert second.wait_for(lambda: f'"process": {second.process.pid}}}' in lock.read_text())
    second.kill(with_children=True)


def test_a_file_that_is_converted(tiny_run: Path, tmp_path: Path) -> None:
    """Two conversions to one file; others beside it are free."""
    target = tmp_path / "one.tflite"
    with only_one(tmp_path / ".one.tflite.lock", str(target)):
        code, said = Command("convert", tiny_run, "--float32", "-o", target).ended()
        assert code == 2
        assert f"{target} is in use by another srgan-edge (process " in said
        other = Command("convert", tiny_run, "--float32", "-o", tmp_path / "other.tflite")
        assert other.ended()[0] == 0
    assert leftovers(tmp_path) == []


def test_a_folder_that_is_filled(tmp_path: Path, faults: Callable[[str], Faults]) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(400):
        shutil.copy(SAMPLES / "harbour.png", source / f"{number:03}.png")
    first = Command("upscale", source, "-o", out)
    assert first.wait_for(lambda: (out / "000.png").exists())
    counted = faults("a second one in a folder")
    said = counted.took(Command("upscale", source, "-o", out), codes=(2,))
    assert f"{out} is in use by another srgan-edge (process {first.process.pid})" in said
    assert first.process.poll() is None
    assert first.kill(with_children=True)
