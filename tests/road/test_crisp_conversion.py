"""What adversarial training put into a generator is still there in 8 bits."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import TESTS, run_cli

from srgan_edge import Upscaler
from srgan_edge.evaluation import evaluate_folder
from srgan_edge.lpips import Lpips

WEIGHTS = TESTS.parent / "train" / "weights"
pytestmark = pytest.mark.timeout(900)


def test_int8_looks_as_the_float_generator_does(
    data_sets: Path, judge: Lpips, samples: Path, tmp_path: Path
) -> None:
    """Published 8-bit GAN generators double their LPIPS (0.095 to 0.21)."""
    files = {name: tmp_path / f"{name}.tflite" for name in ("int8", "float32", "parent")}
    crisp, parent = WEIGHTS / "edge.keras", WEIGHTS / "edge-fidelity.keras"
    data = ("--data", samples / "photos")
    steps = (
        (crisp, "--int8", *data, "--qat-steps", 200, "-o", files["int8"]),
        (crisp, "--float32", "-o", files["float32"]),
        (parent, "--float32", "-o", files["parent"]),
    )
    for step in steps:
        ran = run_cli("convert", *step)
        assert ran.code == 0, ran.err
    lpips = {}
    for name, path in files.items():
        found = evaluate_folder(Upscaler(path), data_sets / "eval" / "Kodak24", judge)
        lpips[name] = found.mean.model.lpips
    assert lpips["float32"] is not None
    assert lpips["parent"] is not None
    assert lpips["int8"] is not None
    assert lpips["float32"] <= 0.8 * lpips["parent"]
    assert lpips["int8"] <= lpips["float32"] + 0.005
