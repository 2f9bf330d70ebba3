"""What a 32-bit system runs models with: tflite-runtime and numpy 1, in an environment of its own.

Both have wheels for this machine too, so all but the processor is the real thing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import SAMPLES, TESTS, Ran
from manual import blocks

from srgan_edge import Upscaler, embedded_models
from srgan_edge.backends import cpu
from srgan_edge.errors import InputError
from srgan_edge.model_file import load_model

ROOT = TESTS.parent
CONSTRAINTS = ROOT / "constraints-32-bit.txt"
NEWEST_PYTHON = (3, 11)  # that tflite-runtime has wheels for
# Other kernels round otherwise: 5 levels were seen.
MOST_LEVELS = 8
WHICH = """
import sys
from srgan_edge.cli import main
try:
    main()
finally:
    print(*sorted({"ai_edge_litert", "tflite_runtime"} & set(sys.modules)))
"""


class Older:
    """An environment with tflite-runtime."""

    def __init__(self, folder: Path, python: str) -> None:
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        self.python = folder / "bin" / "python3"

    def run(self, *arguments: object, **environment: str) -> Ran:
        done = subprocess.run(
            [str(self.python), *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            preexec_fn=on_one_processor,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def install(self, *arguments: object) -> Ran:
        options = ("--quiet", "--disable-pip-version-check", "--only-binary=:all:")
        return self.run("-m", "pip", "install", *options, *arguments)


def on_one_processor() -> None:
    """Its threads wait for each other by spinning: on a busy machine that takes minutes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def old_python() -> str | None:
    """One that tflite-runtime was made for."""
    if sys.version_info[:2] <= NEWEST_PYTHON:
        return sys.executable
    return next(filter(None, map(shutil.which, ("python3.11", "python3.10"))), None)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Older:
    python = old_python()
    if python is None:
        pytest.skip("tflite-runtime needs Python 3.10 or 3.11, and neither is here")
    folder = tmp_path_factory.mktemp("older")
    made = Older(folder / "environment", python)
    ran = made.install("-c", CONSTRAINTS, "--no-deps", "tflite-runtime")
    if ran.code:
        pytest.skip(f"no tflite-runtime for this machine: {ran.err.strip().splitlines()[-1]}")
    as_written = by_hand(folder, python)
    done = subprocess.run(
        ["sh", "-e", "-c", as_written], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "photo-x4.png").is_file()
    return made


def by_hand(folder: Path, python: str) -> str:
    """The guide's lines, with the environment in a folder."""
    (text,) = (block.text for block in blocks("bash") if CONSTRAINTS.name in block.text)
    for written, meant in (
        ("environment", folder / "environment"),
        ("photo.jpg", SAMPLES / "harbour.png"),
        ("photo-x4.png", folder / "photo-x4.png"),
        ("python3 -m venv", f"{python} -m venv"),
    ):
        assert written in text
        text = text.replace(written, str(meant))
    return text


@pytest.mark.parametrize("model", sorted(embedded_models()))
def test_pictures_are_those_of_litert_to_a_few_levels(
    older: Older, tmp_path: Path, model: str
) -> None:
    picture, larger = SAMPLES / "harbour.png", tmp_path / "larger.png"
    ran = older.run("-c", WHICH, "upscale", picture, "-o", larger, "--model", model)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[-1] == "tflite_runtime"
    frame, theirs = (np.asarray(cv2.imread(str(path)), np.uint8) for path in (picture, larger))
    ours = Upscaler(model, accelerator="cpu")(frame)
    off = np.abs(ours.astype(np.int16) - theirs)
    assert 0 < off.max() <= MOST_LEVELS
    assert off.mean() < 1


def test_a_stream_and_the_doctor(older: Older) -> None:
    stream = ("--source", SAMPLES / "clip.mp4", "--size", "32x24", "--frames", 5, "--show", "none")
    ran = older.run("-m", "srgan_edge", "webcam", *stream)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("5 frames")
    told = older.run("-m", "srgan_edge", "doctor")
    assert told.code == 0, told.err
    said = [line.split() for line in told.out.splitlines()]
    assert ["tflite-runtime", "2.14.0"] in said
    assert ["ai-edge-litert", "not", "installed"] in said


def test_a_newer_numpy_is_one_line(older: Older, tmp_path: Path) -> None:
    """It could be imported, and would end in a SystemError."""
    ran = older.install("--no-deps", "--target", tmp_path, "numpy>=2,<2.3")
    assert ran.code == 0, ran.err
    asked = ("upscale", SAMPLES / "harbour.png", "-o", tmp_path / "larger.png")
    ran = older.run("-m", "srgan_edge", *asked, PYTHONPATH=str(tmp_path))
    assert ran.code == 2, ran
    (line,) = ran.error_lines
    assert line.startswith("srgan-edge: tflite-runtime needs numpy below 2, got 2.")
    assert line.endswith("pip install 'numpy<2'")


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ("armv6l", r"no LiteRT for armv6l \(Raspberry Pi 1, Zero\): a Zero 2 W, 3, 4 or 5"),
        ("armv7l", "pip install tflite-runtime 'numpy<2', or install a 64-bit system"),
        ("aarch64", "pip install ai-edge-litert"),
    ],
)
def test_what_is_missing_is_told_for_the_board(
    monkeypatch: pytest.MonkeyPatch, machine: str, words: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=words):
        cpu.CpuBackend(load_model("edge-tiny"))
