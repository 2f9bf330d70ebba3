"""Runs with an adversarial phase: what they leave, how they resume, how they fail."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import (
    ADVERSARIAL,
    Ran,
    assert_refused,
    run_cli,
    write_content_weights,
    write_tiny_recipe,
)
from PIL import Image

from srgan_edge_train.generators import load_generator

FIGURES = ("loss", "pixel", "content", "adversarial", "d_loss", "d_accuracy", "psnr")


@dataclass(frozen=True)
class Road:
    """What every run here is started with."""

    photos: Path
    recipe: Path
    content: Path

    def train(self, run: Path, *more: object, **options: Any) -> Ran:
        return run_cli(*self.arguments(run), *more, **options)

    def arguments(self, run: Path) -> list[str]:
        start = ["train", str(self.photos), "-o", str(run), "--recipe", str(self.recipe)]
        return [*start, "--content-weights", str(self.content)]

    def resume(self, run: Path, *more: object) -> Ran:
        return run_cli("train", self.photos, "-o", run, "--resume", *more)


@pytest.fixture(scope="module")
def road(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Road:
    folder = tmp_path_factory.mktemp("adversarial")
    recipe = write_tiny_recipe(folder, **ADVERSARIAL)
    return Road(samples / "photos", recipe, write_content_weights(folder / "vgg.npz"))


@pytest.fixture(scope="module")
def unbroken(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run from its first step to its last."""
    run = tmp_path_factory.mktemp("unbroken") / "run"
    ran = road.train(run)
    assert ran.code == 0, ran.err
    return run


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def figures(run: Path) -> list[list[str]]:
    """Everything but the time, digit for digit."""
    return [[row["step"], *(row[name] for name in FIGURES)] for row in rows(run)]


def assert_equal_runs(run: Path, other: Path) -> None:
    """The same figures and, to the bit, the same generator."""
    assert figures(run) == figures(other)
    ours, theirs = (load_generator(one / "generator.keras").get_weights() for one in (run, other))
    for weight, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_both_phases_leave_their_figures(unbroken: Path) -> None:
    first, second, third = rows(unbroken)
    assert [row["step"] for row in (first, second, third)] == ["4", "5", "10"]
    assert first["loss"] == first["pixel"]
    assert not first["d_loss"]
    for row in (second, third):
        assert float(row["d_loss"]) > 0
        assert 0 <= float(row["d_accuracy"]) <= 1
    assert (unbroken / "fidelity.keras").is_file()


def test_the_generator_that_is_kept_is_the_last(unbroken: Path, road: Road, tmp_path: Path) -> None:
    """By PSNR the adversarial phase would keep its first."""
    record = json.loads((unbroken / "run.json").read_text())
    assert record["validation"]["generator"]["psnr"] == round(float(rows(unbroken)[-1]["psnr"]), 4)
    assert record["validation"]["bicubic"]["psnr"] > 15


def test_the_record_says_where_the_content_network_came_from(unbroken: Path, road: Road) -> None:
    content = json.loads((unbroken / "run.json").read_text())["content"]
    assert content["weights"] == str(road.content)
    assert len(content["sha256"]) == 64
    assert content["layers"] == ["block1_conv1", "block1_conv2"]


def test_tensorboard_finds_scalars_and_panels(unbroken: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(unbroken / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert "LR, bicubic, SR, HR" in tags["images"] + tags["tensors"]
    assert {"step/loss", "step/d_loss", "validation/psnr"} <= {*tags["scalars"], *tags["tensors"]}


def test_a_killed_run_resumes_to_the_bit(road: Road, unbroken: Path, tmp_path: Path) -> None:
    """kill -9 some moment after a checkpoint; only the steps since then are lost."""
    run = tmp_path / "run"
    command = [sys.executable, "-m", "srgan_edge", *road.arguments(run)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (run / "checkpoints" / "ckpt-3.index").exists():
        assert process.poll() is None
        time.sleep(0.01)
    # Step 5 builds the adversarial graph, which takes seconds.
    time.sleep(random.Random().uniform(0, 1))
    process.kill()
    assert process.wait() == -9
    assert not (run / "curves.png").exists()
    ran = road.resume(run)
    assert ran.code == 0, ran.err
    assert_equal_runs(run, unbroken)


def cut(road: Road, run: Path, step: int) -> None:
    """A run that received SIGTERM during the step with this number."""
    command = [sys.executable, "-c", _STOPPER.replace("STOP", str(step)), *road.arguments(run)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 130, done.stderr
    assert f"stopped at step {step}: --resume goes on from here" in done.stderr


@pytest.mark.parametrize("step", [2, 7])
def test_a_run_cut_in_either_phase_resumes_to_the_bit(
    road: Road, unbroken: Path, tmp_path: Path, step: int
) -> None:
    """In the middle of a checkpoint interval and of a validation interval."""
    cut(road, tmp_path / "run", step)
    ran = road.resume(tmp_path / "run")
    assert ran.code == 0, ran.err
    assert_equal_runs(tmp_path / "run", unbroken)


# Sends the process SIGTERM during the step with this number.
_STOPPER = """
import os, signal, sys
import srgan_edge_train.trainer as t
from srgan_edge.cli import main
original = t.Trainer._run_step
def step(self, lr, hr):
    if self.step + 1 == STOP:
        os.kill(os.getpid(), signal.SIGTERM)
    return original(self, lr, hr)
t.Trainer._run_step = step
sys.argv[0] = "srgan-edge"
sys.exit(main())
"""


def test_a_loss_that_is_not_finite_stops_the_run(road: Road, tmp_path: Path) -> None:
    weights = write_content_weights(tmp_path / "huge.npz", factor=1e25)
    run = tmp_path / "run"
    ran = run_cli(*road.arguments(run)[:-1], weights)
    assert ran.code == 1, ran.err
    assert "a loss is not finite at step 5: the last checkpoint is kept" in ran.error_lines[0]
    assert [path.stem for path in (run / "checkpoints").glob("*.index")].count("ckpt-3") == 1
    assert load_generator(run / "generator.keras")
    ran = road.resume(run)  # the same weights, the same end: from the kept checkpoint
    assert ran.code == 1
    assert "not finite at step 5" in ran.error_lines[0]


def test_a_full_disk_loses_one_interval_at_most(road: Road, unbroken: Path, tmp_path: Path) -> None:
    """Files may not grow to a checkpoint's size: what was kept before is still there."""
    run = tmp_path / "run"
    cut(road, run, 2)
    size = next((run / "checkpoints").glob("ckpt-2.data*")).stat().st_size

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1000, size - 1000))

    command = [sys.executable, "-m", "srgan_edge", "train", str(road.photos), "-o", str(run)]
    done = subprocess.run(
        [*command, "--resume"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        preexec_fn=limited,
    )
    assert done.returncode == 1, done.stderr
    failed = [line for line in done.stderr.splitlines() if line.startswith("srgan-edge: ")]
    assert len(failed) == 1, done.stderr
    assert "cannot" in failed[0]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.part.*"))
    ran = road.resume(run)
    assert ran.code == 0, ran.err
    assert_equal_runs(run, unbroken)


def test_resume_takes_the_same_content_network_only(
    road: Road, unbroken: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(unbroken, run)
    copy = shutil.copy(road.content, tmp_path / "copy.npz")
    other = write_content_weights(tmp_path / "other.npz", factor=0.5)
    ran = road.resume(run, "--steps", 12, "--content-weights", other)
    assert_refused(ran, "content weights", str(road.content), str(other))
    ran = road.resume(run, "--steps", 12, "--content-weights", copy)
    assert ran.code == 0, ran.err


def test_a_layer_that_is_not_in_the_file_is_refused(road: Road, tmp_path: Path) -> None:
    ran = road.train(tmp_path / "run", "--content-layer", "block3_conv4")
    assert_refused(ran, "block1_conv1, block1_conv2", "--content-layer")
    assert not (tmp_path / "run").exists()
    ran = road.train(tmp_path / "run", "--content-layer", "conv9")
    assert_refused(ran, "conv9", "block1_conv1")


def test_init_starts_with_the_adversarial_phase(road: Road, unbroken: Path, tmp_path: Path) -> None:
    ran = road.train(tmp_path / "run", "--init", unbroken)
    assert ran.code == 0, ran.err
    assert [row["step"] for row in rows(tmp_path / "run")] == ["5", "6"]
    assert all(row["d_loss"] for row in rows(tmp_path / "run"))


def test_before_and_after_are_measured(
    road: Road, data_sets: Path, lpips_weights: Path, tmp_path: Path
) -> None:
    """The figures of bicubic are the check values of the protocol."""
    run = tmp_path / "run"
    set5 = data_sets / "eval" / "Set5"
    ran = road.train(run, "--evaluate", set5, "--lpips-weights", lpips_weights)
    assert ran.code == 0, ran.err
    found = json.loads((run / "run.json").read_text())["evaluation"]
    assert found["bicubic"]["psnr"] == pytest.approx(28.43, abs=0.01)
    assert found["bicubic"]["lpips"] == pytest.approx(0.3387, abs=0.0005)
    assert found["start"]["psnr"] != found["end"]["psnr"]
    assert "Set5, end" in ran.out
    assert all(row["lpips"] for row in rows(run))


def test_the_camera_recipe_trains(samples: Path, road: Road, tmp_path: Path) -> None:
    values = {**ADVERSARIAL, "degradation": "camera", "patch": 12}
    recipe = write_tiny_recipe(tmp_path, **values)
    run = tmp_path / "run"
    arguments = ("train", road.photos, "-o", run, "--recipe", recipe)
    ran = run_cli(*arguments, "--content-weights", road.content)
    assert ran.code == 0, ran.err
    with Image.open(run / "sample.png") as sample:
        assert sample.size[0] > sample.size[1]


def test_srgan_tells_of_every_epoch(road: Road, tmp_path: Path) -> None:
    """The recipe itself, the discriminator of 38 million parameters included."""
    run = tmp_path / "run"
    arguments = ("train", road.photos, "-o", run, "--recipe", "srgan", "--set", "epochs=2")
    content = ("--content-weights", road.content, "--content-layer", "block1_conv2")
    ran = run_cli(*arguments, *content, "--set", "pictures=3")
    assert ran.code == 0, ran.err
    told = [line for line in ran.err.splitlines() if line.startswith("step ")]
    pictures = len(json.loads((run / "run.json").read_text())["photographs"]["training"])
    assert [line.split(":")[0] for line in told] == [f"step {pictures}", f"step {2 * pictures}"]
    assert all("g_loss" in line and "d_loss" in line and "d_accuracy" in line for line in told)
    generator = load_generator(run / "generator.keras")
    assert generator.count_params() == 2_044_291


def test_two_workers_train_as_one_does(road: Road, unbroken: Path, tmp_path: Path) -> None:
    """Two processes on loopback share each batch; gradients add up to those of the whole."""
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{free.getsockname()[1]}" for free in (one, other)]
    run = tmp_path / "run"
    command = [sys.executable, "-m", "srgan_edge", *road.arguments(run)]
    environments = [
        {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        for index in range(2)
    ]
    processes = [
        subprocess.Popen(
            [*command, "--strategy", "multiworker"],
            env={**os.environ, "TF_CONFIG": json.dumps(environment)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for environment in environments
    ]
    try:
        for process in processes:
            _, err = process.communicate(timeout=200)
            assert process.returncode == 0, err
    finally:
        for process in processes:
            process.kill()
    for row, expected in zip(rows(run), rows(unbroken), strict=True):
        # The relativistic loss compares with the mean of a replica's rows, not of the batch.
        for name in ("step", "pixel", "content", "psnr", "d_loss"):
            if expected[name]:
                assert float(row[name]) == pytest.approx(float(expected[name]), rel=1e-3)
    record = json.loads((run / "run.json").read_text())
    assert record["replicas"] == 2


# Two logical CPUs stand in for two GPUs.
_TWO_DEVICES = """
import sys
from srgan_edge_train.keras import tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
mirrored = tf.distribute.MirroredStrategy
tf.distribute.MirroredStrategy = lambda: mirrored(["CPU:0", "CPU:1"])
from srgan_edge.cli import main
sys.argv[0] = "srgan-edge"
sys.exit(main())
"""


def on_two_devices(arguments: list[str]) -> Ran:
    command = [sys.executable, "-c", _TWO_DEVICES, *arguments, "--strategy", "mirrored"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def test_two_devices_train_as_one_does(road: Road, unbroken: Path, tmp_path: Path) -> None:
    ran = on_two_devices(road.arguments(tmp_path / "run"))
    assert ran.code == 0, ran.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["replicas"] == 2
    for row, expected in zip(rows(tmp_path / "run"), rows(unbroken), strict=True):
        for name in ("step", "pixel", "content", "psnr", "d_loss"):
            if expected[name]:
                assert float(row[name]) == pytest.approx(float(expected[name]), rel=1e-3)


def test_a_batch_that_cannot_be_shared_out_is_refused(road: Road, tmp_path: Path) -> None:
    """Before the first step, though the phase that it is for comes later."""
    ran = on_two_devices([*road.arguments(tmp_path / "run"), "--set", "adversarial_batch=3"])
    assert_refused(ran, "multiple of the 2 replicas, got 3")
    assert not (tmp_path / "run").exists()


def test_a_run_of_the_first_phase_goes_on_into_the_second(
    road: Road, unbroken: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    ran = run_cli("train", road.photos, "-o", run, "--recipe", road.recipe, "--steps", 4)
    assert ran.code == 0, ran.err
    assert json.loads((run / "run.json").read_text())["content"] is None
    ran = road.resume(run, "--steps", 10, "--content-weights", road.content)
    assert ran.code == 0, ran.err
    assert_equal_runs(run, unbroken)
    assert json.loads((run / "run.json").read_text())["content"]["weights"] == str(road.content)


def test_set_steps_is_steps_with_init_too(road: Road, unbroken: Path, tmp_path: Path) -> None:
    ran = road.train(tmp_path / "run", "--init", unbroken, "--set", "steps=3")
    assert ran.code == 0, ran.err
    assert [row["step"] for row in rows(tmp_path / "run")] == ["3"]
    assert rows(tmp_path / "run")[0]["d_loss"]


def test_what_is_measured_stays_what_it_was(
    road: Road, unbroken: Path, samples: Path, tmp_path: Path
) -> None:
    run, other = tmp_path / "run", samples / "photos"
    shutil.copytree(unbroken, run)
    ran = road.resume(run, "--steps", 12, "--evaluate", other)
    assert_refused(ran, "started with --evaluate left out", str(other))
    assert rows(run) == rows(unbroken)


def test_a_run_that_was_killed_before_its_record_was_closed_is_closed(
    road: Road, unbroken: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(unbroken, run)
    record = json.loads((run / "run.json").read_text())
    closing = {name: record.pop(name) for name in ("steps_done", "validation")}
    (run / "run.json").write_text(json.dumps(record))
    ran = road.resume(run)
    assert ran.code == 0, ran.err
    assert {name: json.loads((run / "run.json").read_text())[name] for name in closing} == closing
    assert_refused(road.resume(run), "complete at step 10", "higher number than 10")
