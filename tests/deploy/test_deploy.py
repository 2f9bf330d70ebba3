"""`srgan-edge deploy` over a real ssh, below a folder of its own instead of the whole machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import assert_refused, run_cli

from srgan_edge.catalogue import embedded_models
from srgan_edge.cli.deploy import check_machine
from srgan_edge.errors import InputError
from tests.deploy.conftest import Machine


@pytest.fixture
def python() -> None:
    """The Python that a login finds, with venv."""
    command = ["/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "python3"]
    done = subprocess.run([*command, "-c", "import ensurepip, venv"], check=False)
    if done.returncode:
        pytest.skip("Debian's Python has no venv here: apt-get install python3-venv")


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("python")
def test_a_machine_gets_it_with_a_model(machine: Machine, tmp_path: Path) -> None:
    root, own = tmp_path / "root", tmp_path / "own.tflite"
    root.mkdir()
    shutil.copy(embedded_models()["edge-tiny"], own)
    ssh = [part for option in machine.options for part in ("--ssh-option", option)]
    options = ("--model", own, "--no-service", "--prefix", root)
    ran = run_cli("deploy", machine.address, *ssh, *options, timeout=800)
    assert ran.code == 0, ran.err
    assert re.search(r"own\.tflite [\d.]+ frames/s at 320x180 with \d+ threads", ran.out), ran.out
    installed = root / "opt/srgan-edge/current/bin/srgan-edge"
    said = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("srgan-edge ")
    assert (root / "var/lib/srgan-edge/models/own.tflite").read_bytes() == own.read_bytes()


def test_what_is_wrong_is_told_before_anything_is_sent(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "damaged.tflite").write_bytes(b"TFL3 no more")
    where = ("deploy", machine.address)
    assert_refused(run_cli(*where, "--model", tmp_path / "damaged.tflite"), "damaged.tflite")
    assert_refused(run_cli(*where, "--wheel", tmp_path / "no.whl"), "no wheel")


@pytest.mark.parametrize("kind", ["armv6l", "armv7l", "riscv64"])
def test_a_machine_without_packages(kind: str) -> None:
    with pytest.raises(InputError, match=f"pi@board is {kind}, .*docs/manual/raspberry-pi.md"):
        check_machine("pi@board", kind)
    check_machine("pi@board", "aarch64")


def test_nobody_there() -> None:
    ran = run_cli("deploy", "nobody@127.0.0.1", "--ssh-option", "-p1")
    assert ran.code == 1
    assert "cannot reach nobody@127.0.0.1" in ran.error_lines[0]
