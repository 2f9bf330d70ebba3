"""The srgan generator, 2 million parameters, becomes a file that is several times as fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import SAMPLES, run_cli
from networks import srgan_as_trained

from srgan_edge_train.generators import save_generator

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of its conversion; slopes and statistics somewhere in their range, as after training."""
    folder = tmp_path_factory.mktemp("srgan")
    save_generator(srgan_as_trained(), folder / "srgan.keras")
    options = ("--data", SAMPLES / "photos", "--qat-steps", 2, "--max-drop", 99)
    ran = run_cli("convert", folder / "srgan.keras", "--int8", *options, timeout=900)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads((folder / "srgan.int8.report.json").read_text())
    return found


def test_it_costs_less_and_every_op_is_in_xnnpack(report: dict[str, Any]) -> None:
    assert report["before"]["macs"] / report["after"]["macs"] > 1.69
    assert report["kernels"]["accelerated"]
    assert all(one["count"] == one["in_xnnpack"] for one in report["kernels"]["operators"])
    assert max(one["difference"] for one in report["rewrites"]) < 1e-12


def test_each_step_is_much_faster(report: dict[str, Any]) -> None:
    """64x64 on one thread, interleaved calls, medians: 3.0 and 3.8 times on two processors."""
    if "vnni" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no 8-bit dot products: the ratios are others here")
    time = report["latency"]["milliseconds"]
    assert time["float32 as it was"] / time["float32 rewritten"] >= 2.5
    assert time["float32 rewritten"] / time["int8"] >= 3.0
