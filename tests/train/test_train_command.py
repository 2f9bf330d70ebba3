"""`srgan-edge train` as a person uses it: a process of its own, real pictures, a few steps."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from helpers import assert_refused, run_cli, write_tiny_recipe
from PIL import Image

from srgan_edge_train.generators import load_generator
from srgan_edge_train.recipe import read_recipe


def losses(run: Path) -> list[tuple[int, float]]:
    with (run / "metrics.csv").open(newline="") as file:
        return [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]


def test_a_run_leaves_what_is_promised(tiny_run: Path) -> None:
    names = {path.name for path in tiny_run.iterdir()}
    expected = {"generator.keras", "recipe.toml", "run.json", "metrics.csv", "calibration.npz"}
    expected |= {"sample.png", "curves.png", "panels", "tensorboard", "checkpoints"}
    assert names == expected
    assert [step for step, _ in losses(tiny_run)] == [6, 12]
    record = json.loads((tiny_run / "run.json").read_text())
    assert record["recipe"]["name"] == "tiny"
    assert record["steps_done"] == 12
    assert len(record["photographs"]["training"]) + len(record["photographs"]["checking"]) == 8
    panels = sorted((tiny_run / "panels").iterdir())
    assert [panel.name for panel in panels] == ["step-00000006.png", "step-00000012.png"]
    for path in (*panels, tiny_run / "sample.png", tiny_run / "curves.png"):
        with Image.open(path) as picture:
            assert picture.size[0] > 1.2 * picture.size[1], path


def test_the_crops_kept_align(tiny_run: Path) -> None:
    with np.load(tiny_run / "calibration.npz") as crops:
        assert crops["lr"].shape == (32, 16, 16, 3)
        assert crops["check_hr"].shape[1:] == (64, 64, 3)
        blocks = crops["check_hr"].reshape(-1, 16, 4, 16, 4, 3).mean((2, 4))
        assert np.abs(blocks - crops["check_lr"]).mean() < 6


def test_training_learns(samples: Path, tmp_path: Path) -> None:
    recipe = write_tiny_recipe(tmp_path, steps=150, validate_every=50)
    ran = run_cli("train", samples / "photos", "-o", tmp_path / "run", "--recipe", recipe)
    assert ran.code == 0, ran.err
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        psnr = [float(row["psnr"]) for row in csv.DictReader(file)]
    assert psnr == sorted(psnr)
    assert psnr[-1] > psnr[0] + 0.2


def test_a_run_cut_in_two_ends_where_an_unbroken_one_does(
    samples: Path, tiny_run: Path, tmp_path: Path
) -> None:
    """Stopped by a signal at a moment of its own, and resumed."""
    recipe = write_tiny_recipe(tmp_path, steps=3000, checkpoint_every=3000, validate_every=3000)
    command = [sys.executable, "-m", "srgan_edge", "train", str(samples / "photos")]
    command += ["-o", str(tmp_path / "run"), "--recipe", str(recipe)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for _ in range(600):  # the record is written just before the first step
        if (tmp_path / "run" / "run.json").exists():
            break
        time.sleep(0.1)
    time.sleep(3.0)  # the first step is taken, or at least begun
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "srgan-edge: interrupted"
    assert list((tmp_path / "run" / "checkpoints").glob("*.index"))

    (tmp_path / "run" / "recipe.toml").write_text((tiny_run / "recipe.toml").read_text())
    stopped_at = max(
        int(path.stem.split("-")[1]) for path in (tmp_path / "run" / "checkpoints").glob("*.index")
    )
    ran = run_cli(
        "train", samples / "photos", "-o", tmp_path / "run", "--resume", "--steps", stopped_at + 4
    )
    assert ran.code == 0, ran.err
    assert losses(tmp_path / "run")[-1][0] == stopped_at + 4


def test_resume_repeats_what_the_unbroken_run_did(
    samples: Path, tiny_run: Path, tmp_path: Path
) -> None:
    """Back to the checkpoint at half way, on to the end: the same losses."""
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    for path in (run / "checkpoints").glob("ckpt-12*"):
        path.unlink()
    (run / "checkpoints" / "checkpoint").unlink()
    ran = run_cli("train", samples / "photos", "-o", run, "--resume")
    assert ran.code == 0, ran.err
    for (step, loss), (expected_step, expected) in zip(losses(run), losses(tiny_run), strict=True):
        assert step == expected_step
        assert loss == expected


def test_the_recipe_that_is_kept_is_the_one_in_effect(samples: Path, tmp_path: Path) -> None:
    recipe = write_tiny_recipe(tmp_path)
    command = ("train", samples / "photos", "-o", tmp_path / "run", "--recipe", recipe)
    ran = run_cli(*command, "--set", "epochs=3", "--set", "validate_every=0", "--set", "seed=5")
    assert ran.code == 0, ran.err
    kept = read_recipe(tmp_path / "run" / "recipe.toml")
    # Seven pictures by four a step are two steps an epoch.
    assert (kept.steps, kept.validate_every, kept.seed) == (6, 2, 5)
    assert [step for step, _ in losses(tmp_path / "run")] == [2, 4, 6]


def test_damaged_pictures_are_named_and_counted(samples: Path, tmp_path: Path) -> None:
    shutil.copytree(samples / "photos", tmp_path / "photos")
    for name in ("text.png", "more.jpg"):
        (tmp_path / "photos" / name).write_text("no picture")
    recipe = write_tiny_recipe(tmp_path, steps=2)
    ran = run_cli("train", tmp_path / "photos", "-o", tmp_path / "run", "--recipe", recipe)
    assert ran.code == 0, ran.err
    assert "passed over text.png" in ran.err
    assert "passed over more.jpg" in ran.err
    assert "2 pictures passed over" in ran.err
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["photographs"]["skipped"].keys() == {"text.png", "more.jpg"}


def test_a_run_that_was_killed_before_its_first_checkpoint_resumes(
    samples: Path, tmp_path: Path
) -> None:
    recipe = write_tiny_recipe(tmp_path, checkpoint_every=10_000, steps=10_000)
    run = tmp_path / "run"
    command = [sys.executable, "-m", "srgan_edge", "train", str(samples / "photos")]
    process = subprocess.Popen(
        [*command, "-o", str(run), "--recipe", str(recipe)], stderr=subprocess.DEVNULL
    )
    for _ in range(600):
        if (run / "run.json").exists():
            break
        time.sleep(0.1)
    process.kill()
    process.wait()
    ran = run_cli("train", samples / "photos", "-o", run, "--resume", "--steps", 2)
    assert ran.code == 0, ran.err
    assert losses(run)[-1][0] == 2


def test_a_damaged_checkpoint_is_passed_over(samples: Path, tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    for path in (run / "checkpoints").glob("ckpt-12*"):
        path.write_bytes(path.read_bytes()[:100])
    ran = run_cli("train", samples / "photos", "-o", run, "--resume")
    assert ran.code == 0, ran.err
    assert "passed over the checkpoint" in ran.err
    assert [step for step, _ in losses(run)] == [6, 12]


def test_a_run_goes_on_with_its_own_pictures_only(
    samples: Path, tiny_run: Path, tmp_path: Path
) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    shutil.copytree(tiny_run, run)
    other.mkdir()
    shutil.copy(samples / "photos" / "meadow.png", other)
    ran = run_cli("train", other, "-o", run, "--resume", "--steps", 20)
    assert_refused(ran, "are not those that the run", str(other))
    assert not (run / "cache").exists()
    assert [step for step, _ in losses(run)] == [6, 12]


def test_init_starts_where_the_other_ended(samples: Path, tiny_run: Path, tmp_path: Path) -> None:
    recipe = write_tiny_recipe(tmp_path, steps=1, learning_rate=1e-9, warmup=0)
    generator = tiny_run / "generator.keras"
    ran = run_cli(
        "train", samples / "photos", "-o", tmp_path / "run", "--recipe", recipe, "--init", generator
    )
    assert ran.code == 0, ran.err
    before = load_generator(generator).get_weights()
    after = load_generator(tmp_path / "run" / "generator.keras").get_weights()
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_bad_input_is_one_line(samples: Path, tiny_run: Path, tmp_path: Path) -> None:
    photos, run = samples / "photos", tmp_path / "run"
    assert_refused(run_cli("train", photos, "-o", tiny_run), "already holds a run", "--resume")
    assert_refused(run_cli("train", tmp_path / "no", "-o", run), "no such folder")
    assert_refused(run_cli("train", photos, "-o", run, "--resume"), "not a run folder")
    assert_refused(run_cli("train", photos, "-o", tiny_run, "--resume"), "complete at step 12")
    assert_refused(run_cli("train", photos, "-o", run, "--set", "stepz=3"), "stepz=3", "steps")
    assert_refused(run_cli("train", photos, "-o", run, "--set", "batch=0"), "batch", "from 1")
    ran = run_cli("train", photos, "-o", tiny_run, "--resume", "--set", "batch=2")
    assert_refused(ran, "own recipe", "--set")
    assert_refused(run_cli("train", photos, "-o", run, "--strategy", "many"), "mirrored", "'many'")
    ran = run_cli("train", photos, "-o", run, "--strategy", "multiworker")
    assert_refused(ran, "TF_CONFIG")
    ran = run_cli("train", photos, "-o", run, "--lpips-weights", tmp_path / "no.npz")
    assert_refused(ran, "LPIPS weights", "no.npz")
    assert_refused(run_cli("train", photos, "-o", run, "--init", "nope"), "no generator 'nope'")
    (tmp_path / "small").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "small" / "a.png")
    assert_refused(run_cli("train", tmp_path / "small", "-o", run), "smaller than a patch")
    (tmp_path / "file").write_text("")
    assert_refused(run_cli("train", photos, "-o", tmp_path / "file" / "run"), "Not a directory")
    wrong = write_tiny_recipe(tmp_path, channels=32)
    ran = run_cli(
        "train", photos, "-o", run, "--recipe", wrong, "--init", tiny_run / "generator.keras"
    )
    assert_refused(ran, "does not fit the recipe", "32 channels")
    assert not run.exists()
