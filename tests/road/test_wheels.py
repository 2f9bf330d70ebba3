"""The three wheels, installed elsewhere, go the whole road from another folder."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from helpers import TESTS, write_tiny_recipe

ROOT = TESTS.parent
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("dist")
    for project in (ROOT, ROOT / "train", ROOT / "convert"):
        build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(project)]
        done = subprocess.run(build, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with our wheels; everybody else's packages are lent by this one."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, *map(str, wheels)], check=True)
    # A .pth file lends the packages, but not the editable installations among them.
    home = next(folder.glob("lib/python3*/site-packages"))
    (home / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def run(environment: Path, cwd: Path, *arguments: object) -> str:
    command = [str(environment / "bin" / "srgan-edge"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def test_the_wheels_hold_models_weights_recipes_and_types(wheels: list[Path]) -> None:
    assert len(wheels) == 3
    names = {name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()}
    assert {
        "srgan_edge/models/edge.tflite",
        "srgan_edge/models/edge.md",
        "srgan_edge/py.typed",
        "srgan_edge_train/recipes/edge.toml",
        "srgan_edge_train/weights/edge.keras",
        "srgan_edge_train/py.typed",
        "srgan_edge_convert/py.typed",
        "srgan_edge_convert/templates/report.html",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "train/", "runs/"))]


def test_the_road_from_another_folder(environment: Path, samples: Path, tmp_path: Path) -> None:
    recipe = write_tiny_recipe(tmp_path)
    python = [str(environment / "bin" / "python"), "-c"]
    for package in ("srgan_edge", "srgan_edge_train", "srgan_edge_convert"):
        told = [*python, f"import {package}; print({package}.__file__)"]
        where = subprocess.run(told, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert str(environment) in where.stdout
    assert run(environment, tmp_path, "--version").startswith("srgan-edge ")
    assert "edge" in run(environment, tmp_path, "models")
    run(environment, tmp_path, "train", samples / "photos", "-o", "run", "--recipe", recipe)
    run(environment, tmp_path, "convert", "run", "--int8", "--qat-steps", 2, "-o", "m.tflite")
    picture = samples / "harbour.png"
    run(environment, tmp_path, "upscale", picture, "-o", "a.png")
    run(environment, tmp_path, "upscale", picture, "-o", "b.png", "--model", "m.tflite")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_shell_completion(environment: Path, tmp_path: Path) -> None:
    """For the shell that asks."""
    asked = f"{environment / 'bin' / 'srgan-edge'} --show-completion; exit $?"
    done = subprocess.run(
        ["bash", "-c", asked], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "_SRGAN_EDGE_COMPLETE=complete_bash" in done.stdout


def test_the_runtime_alone_says_what_to_install(wheels: list[Path], tmp_path: Path) -> None:
    """Only the root wheel: train and convert answer in one line."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv" / "bin" / "pip"), "install", "--quiet", "--no-deps", "--no-index"]
    root = next(wheel for wheel in wheels if wheel.name.startswith("srgan_edge-"))
    subprocess.run([*pip, str(root)], check=True)
    home = next((tmp_path / "venv").glob("lib/python3*/site-packages"))
    lent = tmp_path / "lent"
    lent.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith("srgan_edge"):
            (lent / path.name).symlink_to(path)
    (home / "lent.pth").write_text(f"{lent}\n")
    for name, folders in (("train", "-e train"), ("convert", "-e train -e convert")):
        command = [
            str(tmp_path / "venv" / "bin" / "srgan-edge"),
            name,
            "data",
            "-o",
            "run",
            "--int8",
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 2
        how = f"in the checkout of srgan-edge, pip install {folders}"
        assert done.stderr == f"srgan-edge: `{name}` is not installed here: {how}\n"
