"""That `benchmarks.roofline` cuts, counts and says what is so; its times are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from helpers import SAMPLES, TESTS

from benchmarks.machine_roofs import Roofs
from benchmarks.peak_convolution import STEP, ZERO, Convolution, Shape
from benchmarks.roofline_report import TimedModel, TimedOp, sum_against_whole, table
from benchmarks.single_ops import Array, Loaded, Op, Work, picture_input, single_ops
from srgan_edge import Upscaler
from srgan_edge.backends.levels import from_tensor
from srgan_edge.catalogue import embedded_models
from srgan_edge.model_file import load_model
from srgan_edge.quality import Picture
from srgan_edge_convert.flatbuffer import OUTPUT
from srgan_edge_train.keras import keras, tf


@pytest.fixture
def crop() -> Picture:
    """(40, 56, 3) of the harbour."""
    picture = cv2.imread(str(SAMPLES / "harbour.png"))
    assert picture is not None
    return np.ascontiguousarray(picture[60:100, 30:86], np.uint8)


def roofline(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.roofline", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=TESTS.parent, timeout=300, check=False
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_operators_one_by_one_give_the_bytes_of_the_whole(crop: Picture, threads: int) -> None:
    model = load_model("edge-tiny")
    inputs = picture_input(model, crop)
    *_, (last, alone) = single_ops(model.content, inputs, threads)
    assert last.layer == OUTPUT
    picture = from_tensor(alone.run()[OUTPUT][0])
    np.testing.assert_array_equal(picture, Upscaler("edge-tiny")(crop))
    whole = Loaded(model.content, inputs, threads)
    np.testing.assert_array_equal(picture, from_tensor(whole.run()[OUTPUT][0]))


@pytest.mark.parametrize("name", embedded_models())
def test_macs_are_those_of_the_facts(crop: Picture, name: str) -> None:
    model = load_model(name)
    ops = [op for op, _ in single_ops(model.content, picture_input(model, crop), threads=1)]
    assert sum(op.work.macs for op in ops) == model.facts.macs * crop.shape[0] * crop.shape[1]
    assert {op.work.unit for op in ops if op.work.macs} == {"int8"}
    last = ops[-1]
    assert (last.kind, last.shapes) == ("DEPTH_TO_SPACE", "40x56x48 -> 160x224x3")
    assert last.work == Work(macs=0, moved=2 * 40 * 56 * 48, unit="")


def test_macs_of_other_kinds_of_operators() -> None:
    lr = keras.Input((8, 6, 3), batch_size=1)
    x = keras.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(lr)
    x = keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x)
    network = keras.Model(lr, keras.layers.Dense(5)(x))
    function = tf.function(network).get_concrete_function(tf.TensorSpec((1, 8, 6, 3)))
    content = bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    name = Interpreter(model_content=content).get_input_details()[0]["name"]
    inputs = {name: np.random.default_rng(0).normal(0, 1, (1, 8, 6, 3)).astype(np.float32)}
    found = list(single_ops(content, inputs, threads=1))
    assert {op.kind: op.work.macs for op, _ in found if op.work.macs} == {
        "DEPTHWISE_CONV_2D": 8 * 6 * 3 * 3 * 6,
        "TRANSPOSE_CONV": 8 * 6 * 3 * 3 * 6 * 4,
        "FULLY_CONNECTED": 16 * 12 * 4 * 5,
    }
    assert {op.work.unit for op, _ in found if op.work.macs} == {"float32"}
    (last,) = found[-1][1].run().values()
    (whole,) = Loaded(content, inputs, threads=1).run().values()
    np.testing.assert_allclose(last, whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("unit", ["int8", "float32"])
def test_the_peak_convolution_computes_what_numpy_does(unit: str, kernel: int) -> None:
    convolution = Convolution(Shape(6, 8, 5, kernel), unit)
    given = convolution.pixels()["pixels"]
    sums = Loaded(convolution.model(), {"pixels": given}, threads=1).run()["sums"][0]
    assert sums.dtype == unit
    assert convolution.shape.macs == 6 * 6 * 8 * 5 * kernel**2
    if unit == "float32":
        np.testing.assert_allclose(sums, _sums(convolution, given[0]), rtol=1e-4, atol=1e-4)
        return
    exact = _sums(convolution, given[0].astype(np.int64) - ZERO) * (STEP * convolution.steps)
    levels = exact / convolution.output_step
    assert 20 < levels.std() < 60  # neither rounded away nor clipped
    assert np.abs(sums - np.clip(levels, -128, 127)).max() <= 0.51


def _sums(convolution: Convolution, pixels: Array) -> Array:
    kernel, margin = convolution.kernel.astype(pixels.dtype), convolution.shape.kernel // 2
    padded = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)))
    side = (convolution.shape.kernel,) * 2
    windows = np.lib.stride_tricks.sliding_window_view(padded, side, axis=(0, 1))
    sums: Array = np.einsum("hwcij,oijc->hwo", windows, kernel)
    return sums + convolution.bias


ROOFS = Roofs({"int8": 200e9, "float32": 50e9}, {}, {1_000: 80e9, 1_000_000: 20e9})


def test_a_roof_is_the_peak_or_the_bandwidth() -> None:
    dense, thin = Work(10_000_000, 1_000_000, "int8"), Work(9_900_000, 1_000_000, "int8")
    assert ROOFS.bound(dense) == "compute"
    assert ROOFS.seconds(dense) == pytest.approx(10e6 / 200e9)
    assert ROOFS.bound(thin) == "memory"
    assert ROOFS.seconds(thin) == pytest.approx(1e6 / 20e9)
    assert ROOFS.seconds(Work(10_000_000, 1_000_000, "float32")) == pytest.approx(10e6 / 50e9)
    nothing = Work(0, 31_623, "")  # half of the way, as a logarithm, from cache to memory
    assert ROOFS.bound(nothing) == "memory"
    assert ROOFS.seconds(nothing) == pytest.approx(31_623 / 50e9, rel=1e-3)


def model_of(whole_ms: float, *ops_ms: float) -> TimedModel:
    """A model whose operators do 10 MMAC and move 1 MB each."""
    op = Op("CONV_2D", "features", "1x1x1 -> 1x1x1, 3x3", Work(10_000_000, 1_000_000, "int8"))
    times = [TimedOp(op, np.array([ms, ms, 9.0]) / 1e3) for ms in ops_ms]
    return TimedModel("test", np.array([whole_ms, whole_ms, 9.0]) / 1e3, times)


@pytest.mark.parametrize(("whole", "ratio"), [(1.0, "1.20"), (1.5, "0.80")])
def test_a_sum_that_is_off_the_whole_is_told(whole: float, ratio: str) -> None:
    said = sum_against_whole(model_of(whole, 0.5, 0.7))
    assert f"1.20 ms, {ratio} times the whole, which is off by more than 15 %" in said
    assert f"Of the fastest runs it is {ratio} times" in said


@pytest.mark.parametrize("whole", [1.1, 1.2, 1.35])
def test_a_sum_that_is_not_off_is_told_without_a_warning(whole: float) -> None:
    said = sum_against_whole(model_of(whole, 0.5, 0.7))
    assert said.endswith(" times the whole.")


def test_the_table_has_rates_and_shares() -> None:
    *_, row = table(model_of(0.1, 0.1), ROOFS).splitlines()
    shares = "10.0 | 1.00 | 0.100 | 100.0 | 50 % | 50 % | 0.050 | compute |"
    assert row == f"| 0 | CONV_2D | features | 1x1x1 -> 1x1x1, 3x3 | {shares}"


def test_a_quick_run_has_a_row_for_each_operator(tmp_path: Path) -> None:
    figures, picture = tmp_path / "found.json", tmp_path / "found.png"
    written = ("--json", figures, "--plot", picture, "--threads", 1)
    done = roofline("edge-tiny", "edge", "--quick", *written)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    assert found["peaks"].keys() == {"int8", "float32"}
    rows = [
        line for line in done.stdout.splitlines() if line.startswith("| ") and line[2].isdigit()
    ]
    tiny, edge = found["models"]
    assert (tiny["name"], len(tiny["ops"])) == ("edge-tiny", 11)
    assert (edge["name"], len(edge["ops"])) == ("edge", 12)
    for row, op in zip(rows, tiny["ops"] + edge["ops"], strict=True):
        assert f"| {op['kind']} | {op['layer']} | {op['shapes']} |" in row
    assert edge["macs"] == load_model("edge").facts.macs * 48 * 32
    assert done.stdout.count("times the whole") == 2
    assert cv2.imread(str(picture)) is not None


def test_no_tensorflow_is_needed() -> None:
    code = "import sys, benchmarks.roofline; print({'tensorflow', 'tf_keras'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=TESTS.parent, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nothing"], "no model 'nothing'"), (["edge", "--threads", "0"], "at least 1, got 0")],
)
def test_what_cannot_be_measured_is_refused(arguments: list[str], words: str) -> None:
    done = roofline(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
