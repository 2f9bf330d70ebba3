"""The embedded model keeps what its card promises."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import SAMPLES, TESTS, run_cli

from srgan_edge import Upscaler, load_model
from srgan_edge.catalogue import embedded_models
from srgan_edge.evaluation import evaluate_folder
from srgan_edge_convert.kept import SUFFIX
from srgan_edge_convert.kernels import fully_accelerated

WEIGHTS = TESTS.parent / "train" / "weights" / "edge.keras"
KEPT = TESTS.parent / "convert" / "weights"
GOLDEN = TESTS / "golden"


@pytest.fixture(scope="module")
def float_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The float generator that the embedded model was made from."""
    target = tmp_path_factory.mktemp("float") / "edge.tflite"
    ran = run_cli("convert", WEIGHTS, "--float32", "-o", target)
    assert ran.code == 0, ran.err
    return target


def test_facts() -> None:
    facts = load_model("edge").facts
    assert (facts.name, facts.scale, facts.halo, facts.colour) == ("edge", 4, 7, "bgr")
    assert facts.parameters <= 64_000
    assert facts.macs * 320 * 180 <= 3.6e9
    assert facts.conversion["qat_steps"] > 0
    assert facts.quality["float_psnr"] - facts.quality["psnr"] <= 0.10


def test_each_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    """As `make models` does, from the network that was fine-tuned."""
    kept = {path.name.removesuffix(SUFFIX): path for path in KEPT.glob(f"*{SUFFIX}")}
    assert kept.keys() == embedded_models().keys()
    for name, path in kept.items():
        again = tmp_path / f"{name}.tflite"
        ran = run_cli("convert", path, "-o", again)
        assert ran.code == 0, ran.err
        assert again.read_bytes() == embedded_models()[name].read_bytes()


def test_every_op_is_in_xnnpack() -> None:
    for path in embedded_models().values():
        assert fully_accelerated(path.read_bytes())


def test_set5(data_sets: Path, float_model: Path) -> None:
    int8 = evaluate_folder(Upscaler("edge"), data_sets / "eval" / "Set5").mean
    float32 = evaluate_folder(Upscaler(float_model), data_sets / "eval" / "Set5").mean
    assert int8.bicubic.psnr == pytest.approx(28.43, abs=0.005)
    assert int8.model.psnr >= 30.3
    assert float32.model.psnr - int8.model.psnr <= 0.10


def test_int8_is_much_faster_than_float32(float_model: Path) -> None:
    """Interleaved calls on one thread, 320x180, ratio of medians: 3.5 and 4.1 on two processors."""
    if "vnni" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no 8-bit dot products: the ratio is another here")
    frame = np.asarray(cv2.imread(str(SAMPLES / "harbour.png")), np.uint8)
    candidates = [Upscaler(model, threads=1) for model in ("edge", float_model)]
    seconds: list[list[float]] = [[], []]
    for _ in range(40):
        for upscaler, taken in zip(candidates, seconds, strict=True):
            started = time.perf_counter()
            upscaler(frame)
            taken.append(time.perf_counter() - started)
    int8, float32 = (float(np.median(taken)) for taken in seconds)
    assert float32 / int8 >= 3.0


def test_golden_picture() -> None:
    """Integer arithmetic: the same on every machine, but for at most one level here and there."""
    frame = np.asarray(cv2.imread(str(SAMPLES / "harbour.png")), np.uint8)[96:160, 210:290]
    golden = np.asarray(cv2.imread(str(GOLDEN / "harbour_edge.png")), np.uint8)
    difference = np.abs(Upscaler("edge")(frame).astype(int) - golden)
    assert difference.max() <= 1
    assert difference.mean() <= 0.01
