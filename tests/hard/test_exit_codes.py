"""Exit codes, as the README and the manual document them: 0, 1, 2, 3, 130."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import SAMPLES, TESTS

from srgan_edge.errors import DiskError, InputError, QualityError, RunError, SrganEdgeError
from tests.hard.faults import CODES, Command

pytestmark = pytest.mark.timeout(600)
MODEL = ("--model", "edge-tiny")
DONE, FAILED, BAD_INPUT, REFUSED, INTERRUPTED = CODES


def one_line(said: str) -> str:
    (line,) = (line for line in said.splitlines() if line.startswith("srgan-edge: "))
    assert "Traceback" not in said
    return line


def test_they_are_documented() -> None:
    readme = (TESTS.parent / "README.md").read_text()
    (sentence,) = re.findall(r"Exit codes: (.*?)\.\n", readme, re.DOTALL)
    assert [int(code) for code in re.findall(r"\b\d+\b", sentence)] == list(CODES)
    manual = (TESTS.parent / "docs" / "manual" / "first-steps.md").read_text()
    table = manual.split("## Exit codes")[1].split("\n\n")[1]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == list(CODES)
    kinds = (SrganEdgeError, RunError, DiskError, InputError, QualityError)
    assert [kind.exit_code for kind in kinds] == [FAILED, FAILED, FAILED, BAD_INPUT, REFUSED]


def test_done(tmp_path: Path) -> None:
    command = Command("upscale", SAMPLES / "harbour.png", "-o", tmp_path / "out.png", *MODEL)
    assert command.ended() == (DONE, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_failed_while_running() -> None:
    webcam = ["webcam", "--source", str(SAMPLES / "clip.mp4"), "--show", "none", "--output", "-"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "srgan_edge", *webcam, *MODEL],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == FAILED
    assert "No space left" in one_line(done.stderr)


def test_bad_input(tmp_path: Path) -> None:
    for words in (["no.png", "-o", "x.png"], ["--nonsense"], []):
        code, said = Command("upscale", *words, cwd=tmp_path).ended()
        assert code == BAD_INPUT
        one_line(said)


def test_a_quality_gate_refused(tiny_run: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.tflite"
    options = ("--int8", "--qat-steps", "0", "--max-drop", "-99", "-o", target)
    code, said = Command("convert", tiny_run, *options).ended()
    assert code == REFUSED
    assert "(--max-drop)" in one_line(said)
    assert not target.exists()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(tmp_path: Path, kind: signal.Signals) -> None:
    out = tmp_path / "out.mp4"
    command = Command("upscale", SAMPLES / "clip.mp4", "-o", out)
    assert command.wait_for(lambda: any(tmp_path.iterdir()))
    command.process.send_signal(kind)
    code, said = command.ended()
    assert code == INTERRUPTED
    assert one_line(said) == "srgan-edge: interrupted"
    assert [*tmp_path.iterdir()] == []
