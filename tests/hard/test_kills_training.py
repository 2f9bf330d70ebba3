"""kill -9 in the middle of training and conversion: what follows ends with the same network."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import SAMPLES, write_tiny_recipe
from PIL import Image

from srgan_edge_train.generators import load_generator
from tests.hard.faults import Command, Faults, Killing, leftovers

pytestmark = pytest.mark.timeout(7200)
PHOTOS = SAMPLES / "photos"


def is_whole(path: Path) -> bool:
    """By what its name says it is; of checkpoints it is TensorFlow's word that counts."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    if path.suffix == ".json":
        return bool(json.loads(path.read_text()))
    if path.suffix == ".png":
        with Image.open(path) as picture:
            picture.load()
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return all(len(arrays[name]) for name in arrays)
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return all(None not in row.values() for row in csv.DictReader(file))
    return path.stat().st_size > 0 or "tensorboard" in path.parts


def result(run: Path) -> tuple[list[Any], list[dict[str, str]], list[str]]:
    """The weights that are kept, the figures but for the time they took, and the pictures."""
    with (run / "metrics.csv").open(newline="") as file:
        lines = [{key: row[key] for key in row if key != "seconds"} for row in csv.DictReader(file)]
    weights = load_generator(run / "generator.keras").get_weights()
    return weights, lines, sorted(path.name for path in (run / "panels").iterdir())


def assert_same(run: Path, expected: Path) -> None:
    ours, theirs = result(run), result(expected)
    for one, other in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert ours[1:] == theirs[1:]


def test_training(tmp_path: Path, faults: Callable[[str], Faults], slow_kills: int) -> None:
    """Resumed to the bit, with nothing left that is not in a run without a kill."""
    recipe = write_tiny_recipe(tmp_path, steps=60, checkpoint_every=7, validate_every=10)
    expected, run = tmp_path / "expected", tmp_path / "run"
    begun = Command("train", PHOTOS, "-o", expected, "--recipe", recipe)
    code, said = begun.ended()
    assert code == 0, said
    names = {path.name for path in expected.iterdir()}

    def begin() -> Command:
        record = run / "run.json"
        if record.is_file() and "steps_done" in json.loads(record.read_text()):
            complete()  # killed when there was nothing left to do
        if record.is_file():
            return Command("train", PHOTOS, "-o", run, "--resume")
        return Command("train", PHOTOS, "-o", run, "--recipe", recipe)

    def complete() -> None:
        assert_same(run, expected)
        assert {path.name for path in run.iterdir()} == names
        assert leftovers(run) == []
        assert not [*(run / "checkpoints").glob("*_temp")]
        shutil.rmtree(run)

    counted = faults("kill -9: train")
    Killing(
        counted,
        begin,
        lambda: (run / ".srgan-edge.lock").exists(),
        9.0,
        lambda: counted.check(run, is_whole) if run.exists() else None,
        complete,
    ).run(slow_kills)


def test_conversion(
    tiny_run: Path, tmp_path: Path, faults: Callable[[str], Faults], slow_kills: int
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    before = {path.name for path in run.iterdir()}
    command = ("convert", run, "--int8", "--qat-steps", "4", "--max-drop", "9")
    target = run / "generator.int8.tflite"
    code, said = Command(*command).ended()
    assert code == 0, said
    wanted = target.read_bytes()
    made = {path.name for path in run.iterdir()} - before

    def clear() -> None:
        for name in made:
            (run / name).unlink(missing_ok=True)

    def check() -> None:
        counted.check(run, is_whole)
        assert not target.exists() or target.read_bytes() == wanted

    def complete() -> None:
        check()
        assert {path.name for path in run.iterdir()} == before | made
        clear()

    def begin() -> Command:
        if target.exists():  # written, and killed before its end
            complete()
        return Command(*command)

    clear()
    counted = faults("kill -9: convert")
    sign = run / ".srgan-edge.lock"
    Killing(counted, begin, sign.exists, 12.0, check, complete).run(slow_kills)


def test_one_that_was_cut_off_while_pictures_were_read(tmp_path: Path) -> None:
    """It is told how to go on: anew, because nothing was trained."""
    recipe, run = write_tiny_recipe(tmp_path), tmp_path / "run"
    begin = Command("train", PHOTOS, "-o", run, "--recipe", recipe)
    assert begin.wait_for((run / "cache").is_dir)
    assert begin.kill(with_children=False)
    assert not (run / "run.json").exists()
    code, said = Command("train", PHOTOS, "-o", run, "--resume").ended()
    assert code == 2
    assert "was cut off before its first step: leave --resume out" in said
    code, said = Command("train", PHOTOS, "-o", run, "--recipe", recipe).ended()
    assert code == 0, said
