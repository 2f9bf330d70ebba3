"""That the benchmarks work; their figures are not judged here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import SAMPLES, TESTS

from benchmarks.artefacts import grid_energy
from benchmarks.peers import OPENCV_4
from srgan_edge import Upscaler
from srgan_edge.evaluation import evaluate_folder


def run(module: str, *arguments: object, quick: bool = True) -> str:
    """`python -m benchmarks.MODULE --quick` from the checkout."""
    options = (*arguments, *(["--quick"] if quick else []))
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, options)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=TESTS.parent, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one sharp original."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(SAMPLES / "harbour.png", folder)
    return folder


def test_training_speed_and_that_both_loops_lose_the_same(tmp_path: Path) -> None:
    printed = run("training_speed", "--json", tmp_path / "speed.json")
    assert "| plain Keras loop | 1 |" in printed
    found = json.loads((tmp_path / "speed.json").read_text())
    assert found["losses"].keys() == {"loss", "content", "adversarial", "d_loss", "d_accuracy"}
    assert found["losses"]["content"] < 1e-5  # read before any update


def test_data_rate() -> None:
    printed = run("data_rate")
    for phase in ("edge, fidelity", "edge, adversarial", "camera, fidelity", "srgan, adversarial"):
        assert f"| {phase}" in printed


def test_camera_quality(photos: Path, tmp_path: Path) -> None:
    arguments = (photos, "edge", "--json", tmp_path / "camera.json")
    printed = run("camera_quality", *arguments)
    assert "| noise, JPEG 50 |" in printed
    found = json.loads((tmp_path / "camera.json").read_text())
    assert found.keys() == {"noise, JPEG 50", "noise, H.264 CRF 28", "mean"}
    for row in found.values():
        assert row.keys() == {"bicubic", "edge"}
        assert 15 < row["bicubic"]["psnr"] < 40
    worse = found["noise, H.264 CRF 28"]["bicubic"]["psnr"]
    clean = evaluate_folder(Upscaler("edge"), photos).mean.bicubic.psnr
    assert worse < clean - 0.1


def test_quality(photos: Path, tmp_path: Path) -> None:
    crops, figures = tmp_path / "crops.png", tmp_path / "found.json"
    options = ("--models", "edge-fidelity", "--panel", crops, "--json", figures)
    printed = run("quality", photos, *options, quick=False)
    assert "| photos | " in printed
    found = json.loads(figures.read_text())["photos"]
    assert found["edge-fidelity"]["psnr"] > found["bicubic"]["psnr"]
    picture = cv2.imread(str(crops))
    assert picture is not None
    assert picture.shape[1] == 3 * 160


def test_naturalness(photos: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.mkdir()
    picture = Upscaler("edge")(np.asarray(cv2.imread(str(photos / "harbour.png")), np.uint8))
    for shift in range(0, 96, 8):
        cv2.imwrite(str(large / f"{shift}.png"), picture[shift:, shift:])
    options = ("--models", "edge", "--niqe-pristine", large)
    printed = run("quality", photos, *options, quick=False)
    line = printed.strip().splitlines()[-1].removeprefix("NIQE on photos: ")
    found = {part.split()[0]: float(part.split()[1]) for part in line.split(", ")}
    assert found.keys() == {"bicubic", "edge", "original"}
    assert found["edge"] < found["bicubic"]


def test_peers_without_any(photos: Path, tmp_path: Path) -> None:
    figures, drawn = tmp_path / "found.json", tmp_path / "peers.png"
    options = ("--models", "edge", "--runs", 3, "--json", figures, "--plot", drawn)
    printed = run("peers", photos, *options, quick=False)
    assert "| bicubic |" in printed
    assert "| edge |" in printed
    found = json.loads(figures.read_text())
    assert found["quality"]["photos"].keys() == {"bicubic", "edge"}
    assert found["milliseconds"]["edge"] > found["milliseconds"]["bicubic"] > 0
    picture = cv2.imread(str(drawn))
    assert picture is not None
    assert picture.std() > 10


def test_peers_of_opencv(photos: Path, tmp_path: Path) -> None:
    model = TESTS.parent.parent / "shared/peers/FSRCNN_x4.pb"
    if not (model.exists() and OPENCV_4.exists()):
        pytest.skip(f"needs {model.name} beside the checkout, and make .venv-peers")
    figures = tmp_path / "found.json"
    options = ("--models", "edge", "--peers", model, "--runs", 3, "--json", figures)
    assert "| FSRCNN_x4 |" in run("peers", photos, *options, quick=False)
    found = json.loads(figures.read_text())["quality"]["photos"]
    assert found["edge"]["psnr"] > found["FSRCNN_x4"]["psnr"] > 20


def test_live_rate() -> None:
    printed = run("live_rate")
    rows = [line.split("|")[1:-1] for line in printed.splitlines()[2:]]
    assert [row[0].strip() for row in rows] == [
        "nothing shown",
        "one browser",
        "30 browsers, 5 idle",
    ]
    assert all(float(row[1]) > 1 for row in rows)


def test_artefacts(photos: Path, tmp_path: Path) -> None:
    video = ("--video", SAMPLES / "clip.mp4", "--frames", 3)
    printed = run(
        "artefacts", photos, "edge", *video, "--json", tmp_path / "found.json", quick=False
    )
    assert "| edge |" in printed
    (found,) = json.loads((tmp_path / "found.json").read_text())
    assert 0 < found["checkerboard"] < 2
    assert 0 <= found["colour"] < 1
    assert 0 < found["flicker"] < 5


def test_a_pattern_of_the_grid_is_found_and_other_texture_is_not() -> None:
    random = np.random.default_rng(0)
    plain = random.integers(100, 140, (96, 128, 3))
    rows, columns = np.mgrid[:96, :128]
    shapes = {"grid": rows % 4 == 1, "coarse": rows % 7 == 1, "half": (rows + columns) % 2 == 0}
    energy = {
        name: grid_energy((plain + 6 * shape[..., None]).astype(np.uint8), 4)
        for name, shape in shapes.items()
    }
    noise = grid_energy(plain.astype(np.uint8), 4)
    assert energy["grid"] > 5 * noise
    assert energy["half"] > 5 * noise
    assert energy["coarse"] < 1.5 * noise


def test_figures(photos: Path, tmp_path: Path) -> None:
    """The README's places are filled, and nothing else of it changes."""
    readme = tmp_path / "README.md"
    text = (TESTS.parent / "README.md").read_text()
    readme.write_text(text)
    run("figures", photos, "--readme", readme, "--images", tmp_path)
    filled = readme.read_text()
    assert re.search(r"\| edge-tiny \| \d\d\.\d\d dB \|", filled)
    assert re.search(r"\| 30 browsers, 5 idle \| [\d.]+ \| [\d.]+ \| \d+ \|", filled)
    assert filled.count("| edge-fidelity | 320x180 | cpu ") == 2

    def without(document: str) -> str:
        return re.sub(r"(<!-- figures: \w+ -->\n).*?(<!-- end -->)", r"\1\2", document, flags=re.S)

    assert without(filled) == without(text)
    for name in ("peers.png", "bench.png"):
        picture = cv2.imread(str(tmp_path / name))
        assert picture is not None
        assert picture.std() > 10
