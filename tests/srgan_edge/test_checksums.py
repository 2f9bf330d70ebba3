from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import SAMPLES, TESTS

from srgan_edge import catalogue
from srgan_edge.catalogue import embedded_models, models_folder
from srgan_edge.checksums import SUMS_NAME, read_sums, write_sums
from srgan_edge.errors import InputError
from srgan_edge.model_file import load_model


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The embedded models, to change."""
    folder = tmp_path / "models"
    shutil.copytree(models_folder(), folder)
    monkeypatch.setattr(catalogue, "models_folder", lambda: folder)
    return folder


def change(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_the_list_is_that_of_the_models() -> None:
    """Fails when somebody replaced a model without `make models`."""
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in embedded_models().values()
    }
    assert read_sums(models_folder()) == found


def test_sha256sum_reads_it() -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    check = ["sha256sum", "--check", "--strict", "--quiet", SUMS_NAME]
    subprocess.run(check, cwd=models_folder(), check=True)


@pytest.mark.parametrize("at", [0, 20, 40_000, -1])
def test_a_changed_byte_is_refused(models: Path, at: int) -> None:
    load_model("edge")
    change(models / "edge.tflite", at)
    with pytest.raises(
        InputError, match=r"edge\.tflite is not the model that came with srgan-edge"
    ):
        load_model("edge")
    load_model("edge-tiny")


def test_a_list_without_it_or_no_list(models: Path) -> None:
    sums = models / SUMS_NAME
    sums.write_text("".join(sums.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="SHA256SUMS says nothing"):
        load_model("edge")
    sums.unlink()
    with pytest.raises(InputError, match=r"cannot read .*SHA256SUMS: No such file"):
        load_model("edge")


def test_other_files_are_their_owners_business(models: Path, tmp_path: Path) -> None:
    shutil.copy(models / "edge.tflite", tmp_path / "mine.tflite")
    (models / SUMS_NAME).unlink()
    assert load_model(tmp_path / "mine.tflite").facts.scale == 4


def test_written_anew_it_is_right_again(models: Path) -> None:
    """Which `make models` does at its end."""
    shutil.copy(models / "edge-tiny.tflite", models / "edge.tflite")
    write_sums(models)
    assert load_model("edge").size == load_model("edge-tiny").size
    if shutil.which("make") is not None:
        told = ["make", "--no-print-directory", "--dry-run", "models"]
        told += ["-o", ".venv/everything.stamp"]
        done = subprocess.run(told, cwd=TESTS.parent, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1].endswith("-m srgan_edge.checksums")


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    """An installation with one changed byte."""
    shutil.copytree(TESTS.parent / "srgan_edge", tmp_path / "srgan_edge")
    change(tmp_path / "srgan_edge" / "models" / "edge.tflite", 40_000)
    command = [sys.executable, "-m", "srgan_edge", "upscale", str(SAMPLES / "harbour.png")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*command, "-o", "out.png"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "is not the model that came with srgan-edge" in done.stderr
    assert not (tmp_path / "out.png").exists()
