"""Other people's networks beside ours: their shapes, channels and numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from helpers import SAMPLES, TESTS, run_cli

from benchmarks.foreign import Foreign, Meaning
from srgan_edge import Upscaler
from srgan_edge.errors import InputError
from srgan_edge.quality import Picture


@pytest.fixture
def frame() -> Picture:
    return np.asarray(cv2.imread(str(SAMPLES / "harbour.png")), np.uint8)[100:160, 210:290]


def nearest(path: Path, *, channels: int, first: bool) -> Path:
    """An ONNX network that enlarges by 3, each pixel becoming a square."""
    shape: list[str | int | None] = (
        ["n", channels, "h", "w"] if first else ["n", "h", "w", channels]
    )
    kind = onnx.TensorProto.FLOAT
    factors = np.array([1, 1, 3, 3] if first else [1, 3, 3, 1], np.float32)
    node = onnx.helper.make_node(
        "Resize",
        ["x", "", "factors"],
        ["y"],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    graph = onnx.helper.make_graph(
        [node],
        "nearest",
        [onnx.helper.make_tensor_value_info("x", kind, shape)],
        [onnx.helper.make_tensor_value_info("y", kind, [None] * 4)],
        [onnx.numpy_helper.from_array(factors, "factors")],
    )
    opsets = [onnx.helper.make_opsetid("", 18)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10), str(path))
    return path


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("meaning", [Meaning(), Meaning(255.0, "bgr")])
def test_onnx(tmp_path: Path, frame: Picture, first: bool, meaning: Meaning) -> None:
    network = Foreign(nearest(tmp_path / "n.onnx", channels=3, first=first), meaning, 1)
    assert network.scale == 3
    assert np.array_equal(network(frame), frame.repeat(3, 0).repeat(3, 1))


def test_luma_alone(tmp_path: Path, frame: Picture) -> None:
    """Luma by the network, colour by bicubic."""
    network = Foreign(nearest(tmp_path / "n.onnx", channels=1, first=True), Meaning(), 1)
    luma = cv2.cvtColor(network(frame), cv2.COLOR_BGR2YCrCb)[..., 0].astype(int)
    expected = cv2.cvtColor(frame, cv2.COLOR_BGR2YCrCb)[..., 0].repeat(3, 0).repeat(3, 1)
    assert np.abs(luma - expected).mean() < 1.5  # colours out of range are clipped
    flat = np.full((24, 32, 3), (10, 120, 200), np.uint8)
    assert np.abs(network(flat).astype(int) - flat[0, 0]).max() <= 2


@pytest.mark.parametrize("format_", ["--float32", "--int16x8"])
def test_tflite_without_facts(tmp_path: Path, frame: Picture, format_: str) -> None:
    """One of ours, read as if it were not: the pictures are ours, to a level."""
    made = tmp_path / "ours.tflite"
    options = (format_, "--data", SAMPLES) if format_ == "--int16x8" else (format_,)
    ran = run_cli("convert", TESTS.parent / "train/weights/edge.keras", *options, "-o", made)
    assert ran.code in (0, 3), ran.err
    network = Foreign(made, Meaning(1.0, "bgr"), 1)
    assert network.scale == 4
    assert np.abs(network(frame).astype(int) - Upscaler(made)(frame)).max() <= 1


def test_what_is_no_peer(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    for name, words in (("x.pt", "accepted are .onnx"), ("broken.onnx", "cannot load")):
        with pytest.raises(InputError, match=words):
            Foreign(tmp_path / name, Meaning(), 1)
