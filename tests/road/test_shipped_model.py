"""The embedded models keep what their cards promise."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import SAMPLES, TESTS, run_cli

from benchmarks.camera_quality import measure
from benchmarks.quality import load
from srgan_edge import Upscaler, load_model
from srgan_edge.catalogue import embedded_models
from srgan_edge.evaluation import evaluate_folder
from srgan_edge.lpips import Lpips
from srgan_edge_convert.kept import SUFFIX
from srgan_edge_convert.kernels import fully_accelerated

WEIGHTS = TESTS.parent / "train" / "weights"
KEPT = TESTS.parent / "convert" / "weights"
GOLDEN = TESTS / "golden"


@dataclass(frozen=True)
class Promise:
    """Of a model: its size, and its figures on Set5."""

    parameters: int
    macs: float  # for 320x180
    psnr: float
    lpips: float


PROMISES = {
    "edge": Promise(64_000, 3.6e9, 29.9, 0.100),
    "edge-fidelity": Promise(64_000, 3.6e9, 31.0, 0.175),
    "edge-tiny": Promise(16_000, 0.9e9, 29.3, 0.115),
    "edge-camera": Promise(64_000, 3.6e9, 28.0, 0.190),
}


def float_model(name: str, folder: Path) -> Path:
    """The float generator that an embedded model was made from."""
    target = folder / f"{name}-float.tflite"
    ran = run_cli("convert", WEIGHTS / f"{name}.keras", "--float32", "-o", target)
    assert ran.code == 0, ran.err
    return target


def test_there_is_a_promise_for_each() -> None:
    assert PROMISES.keys() == embedded_models().keys()


@pytest.mark.parametrize("name", PROMISES)
def test_facts(name: str) -> None:
    facts, promise = load_model(name).facts, PROMISES[name]
    assert (facts.name, facts.scale, facts.colour) == (name, 4, "bgr")
    assert facts.parameters <= promise.parameters
    assert facts.macs * 320 * 180 <= promise.macs
    assert facts.conversion["qat_steps"] > 0
    assert facts.quality["float_psnr"] - facts.quality["psnr"] <= 0.05


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


@pytest.mark.parametrize("name", PROMISES)
def test_set5(name: str, data_sets: Path, judge: Lpips, tmp_path: Path) -> None:
    models = (Upscaler(name), Upscaler(float_model(name, tmp_path)))
    int8, float32 = (evaluate_folder(one, data_sets / "eval" / "Set5", judge) for one in models)
    found, wanted = int8.mean.model, float32.mean.model
    assert int8.mean.bicubic.psnr == pytest.approx(28.43, abs=0.005)
    assert int8.mean.bicubic.lpips == pytest.approx(0.3387, abs=0.0002)
    assert found.psnr >= max(PROMISES[name].psnr, wanted.psnr - 0.05)
    assert found.lpips is not None
    assert wanted.lpips is not None
    assert found.lpips <= min(PROMISES[name].lpips, wanted.lpips + 0.005)


def test_edge_camera_is_better_where_pictures_are_bad(data_sets: Path, judge: Lpips) -> None:
    """In the mean of a moderate photograph codec and a moderate video codec."""
    models, conditions = load(["edge", "edge-camera"]), ["noise, JPEG 50", "noise, H.264 CRF 28"]
    found = measure(models, data_sets / "eval" / "Kodak24", judge, conditions)["mean"]
    lpips = {name: quality.lpips or 1.0 for name, quality in found.items()}
    assert lpips["edge-camera"] <= 0.75 * lpips["bicubic"]
    assert lpips["edge-camera"] < lpips["edge"]
    assert found["edge-camera"].psnr >= found["bicubic"].psnr


def test_int8_is_much_faster_than_float32(tmp_path: Path) -> None:
    """Interleaved calls on one thread, 320x180, the shortest: 3.5 and 4.1 on two processors."""
    if "vnni" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no 8-bit dot products: the ratio is another here")
    frame = np.asarray(cv2.imread(str(SAMPLES / "harbour.png")), np.uint8)
    candidates = [Upscaler(model, threads=1) for model in ("edge", float_model("edge", tmp_path))]
    seconds: list[list[float]] = [[], []]
    for _ in range(40):
        for upscaler, taken in zip(candidates, seconds, strict=True):
            started = time.perf_counter()
            upscaler(frame)
            taken.append(time.perf_counter() - started)
    int8, float32 = (min(taken) for taken in seconds)
    assert float32 / int8 >= 2.5


def test_golden_picture() -> None:
    """Integer arithmetic: the same on every machine, but for at most one level here and there."""
    frame = np.asarray(cv2.imread(str(SAMPLES / "harbour.png")), np.uint8)[96:160, 210:290]
    golden = np.asarray(cv2.imread(str(GOLDEN / "harbour_edge.png")), np.uint8)
    difference = np.abs(Upscaler("edge")(frame).astype(int) - golden)
    assert difference.max() <= 1
    assert difference.mean() <= 0.01
