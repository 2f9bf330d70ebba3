"""That the benchmarks work; their figures are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from helpers import TESTS


def run(module: str, *arguments: object) -> str:
    """`python -m benchmarks.MODULE --quick` from the checkout."""
    command = [sys.executable, "-m", f"benchmarks.{module}", "--quick", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=TESTS.parent, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
