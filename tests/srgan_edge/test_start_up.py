from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("tensorflow", "tf_keras", "keras", "cv2", "ai_edge_litert", "tflite_runtime", "pygame")


def loaded_after(code: str) -> set[str]:
    """The packages that a fresh Python has loaded after `code`."""
    report = "\nimport sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import srgan_edge",
        "from srgan_edge import InputError, __version__",
        "from srgan_edge.cli import run; assert run(['--help']) == 0",
        "from srgan_edge.cli import run; assert run(['upscale', '--help']) == 0",
        "from srgan_edge.cli import run; assert run(['--version']) == 0",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    loaded = loaded_after(code)
    assert "srgan_edge" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("command", ["models", "doctor"])
def test_the_runtime_never_loads_tensorflow(command: str) -> None:
    loaded = loaded_after(f"from srgan_edge.cli import run; assert run(['{command}']) == 0")
    assert loaded.isdisjoint({"tensorflow", "tf_keras", "keras"})


def test_the_upscaler_is_there_when_it_is_asked_for() -> None:
    loaded = loaded_after("from srgan_edge import Upscaler; Upscaler('edge')")
    assert {"cv2", "numpy"} <= loaded
    assert loaded.isdisjoint({"tensorflow", "tf_keras", "keras", "pygame"})


def test_help_is_as_quick_as_its_libraries() -> None:
    """At most 1.3 times what importing typer and OpenCV takes, in turn, on this machine."""
    script = Path(sys.executable).with_name("srgan-edge")
    if not script.exists():
        pytest.skip("srgan-edge is not installed as a command")
    ours, theirs = [str(script), "--help"], [sys.executable, "-c", "import typer, cv2"]
    _seconds(ours), _seconds(theirs)  # into the file cache
    ratios = [_seconds(ours) / _seconds(theirs) for _ in range(7)]
    assert statistics.median(ratios) <= 1.3, ratios


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("code", ["import cv2", "import srgan_edge.cli, cv2, PIL.Image, pygame"])
def test_opencv_needs_no_libgl(code: str) -> None:
    maps = "; print(open('/proc/self/maps').read())"
    environment = {**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code + maps],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert "cv2" in done.stdout
    assert "libGL" not in done.stdout
    assert "libQt" not in done.stdout


def test_it_runs_without_a_path_and_from_anywhere(
    tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(samples / "harbour.png", tmp_path / "a.png")
    monkeypatch.setenv("PATH", "")
    command = [sys.executable, "-m", "srgan_edge", "upscale", "a.png", "-o", "b.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "b.png  1280x720\n"
