"""Quantise, export and run on the real interpreter."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from networks import generator as build
from networks import network_of

from srgan_edge.facts import ModelFacts
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Picture
from srgan_edge.upscaler import Upscaler
from srgan_edge_convert.export import Format, Io, export, export_int8
from srgan_edge_convert.fine_tuning import fine_tune
from srgan_edge_convert.kernels import fully_accelerated
from srgan_edge_convert.layer_noise import layer_noise
from srgan_edge_convert.network import Network
from srgan_edge_convert.qat import Quantised
from srgan_edge_convert.rewrite import EXACT, FOR_INTEGERS, rewrite
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.edge import edge_generator
from srgan_edge_train.networks.layers import DepthToSpace

FACTS = ModelFacts("test", scale=4, halo=3, colour="bgr", parameters=0, macs=0)
L = keras.layers


@pytest.fixture(scope="module")
def network() -> Network:
    """Small, and strong enough that rounding shows: detail of some tens of levels."""
    keras.utils.set_random_seed(0)
    model = edge_generator(4, 16, 3, "float32")
    random = np.random.default_rng(1)
    kernel, bias = model.get_layer("detail").get_weights()
    model.get_layer("detail").set_weights([random.normal(0, 0.02, kernel.shape), bias])
    return network_of(model)


@pytest.fixture(scope="module")
def crops(samples: Path) -> Picture:
    picture = np.asarray(cv2.imread(str(samples / "harbour.png")), np.uint8)
    return np.stack([picture[y : y + 48, x : x + 48] for y in (0, 60, 120) for x in (0, 90, 200)])


def upscaler(content: bytes) -> Upscaler:
    return Upscaler(ModelFile(Path("test.tflite"), content, FACTS))


def float_picture(network: Network, lr: Picture) -> Picture:
    levels = np.rint(network.model()(lr[None].astype(np.float32) / 255).numpy()[0] * 255)
    return np.clip(levels, 0, 255).astype(np.uint8)


def distance(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_calibrated_ranges_keep_the_picture(network: Network, crops: Picture) -> None:
    run = upscaler(export_int8(Quantised.calibrated(network, crops)))
    for lr in crops:
        assert distance(run(lr), float_picture(network, lr)) < 1.0


def test_fine_tuning_brings_it_closer_to_the_float_model(network: Network, crops: Picture) -> None:
    def mean_distance(quantised: Quantised) -> float:
        run = upscaler(export_int8(quantised))
        return float(np.mean([distance(run(lr), float_picture(network, lr)) for lr in crops[6:]]))

    start = Quantised.calibrated(network, crops[:6])
    tuned = fine_tune(start, network, repeat(crops[:6]), steps=60)
    assert mean_distance(tuned) < mean_distance(start)
    assert tuned.ranges["features_1"] != start.ranges["features_1"]
    for name in ("anchor", "residual"):  # the picture's own
        assert tuned.ranges[name] == (0.0, 1.0)
    anchor, still = (one.network["anchor"].kernel for one in (start, tuned))
    np.testing.assert_array_equal(anchor, still)


def test_the_output_saturates_by_its_range(network: Network, crops: Picture) -> None:
    """White stays white and black black: a range that is not tied to 0..1 would shift them."""
    run = upscaler(export_int8(Quantised.calibrated(network, crops)))
    extremes = [np.full((20, 20, 3), level, np.uint8) for level in (0, 255)]
    for picture in extremes:
        assert distance(run(picture), float_picture(network, picture)) < 1.5


def test_uint8_and_int8_files_give_the_same_bytes(network: Network, crops: Picture) -> None:
    quantised = Quantised.calibrated(network, crops)
    signed, unsigned = (upscaler(export_int8(quantised, io)) for io in (Io.INT8, Io.UINT8))
    np.testing.assert_array_equal(signed(crops[0]), unsigned(crops[0]))


@pytest.mark.parametrize(
    ("number_format", "levels"),
    [(Format.FLOAT32, 0.02), (Format.FLOAT16, 0.1), (Format.DYNAMIC, 1), (Format.INT16X8, 1)],
)
def test_other_files_give_the_float_models_picture(
    network: Network, crops: Picture, number_format: Format, levels: float
) -> None:
    run = upscaler(export(network, number_format, crops))
    for lr in (crops[0], crops[1][:31, :17]):
        assert distance(run(lr), float_picture(network, lr)) <= levels


def everything(x: Any) -> Any:
    """Every kind of layer that can be converted, in the places where it is awkward."""
    x = L.BatchNormalization()(L.Conv2D(16, 3, padding="same")(x))
    x = first = L.PReLU(shared_axes=[1, 2])(x)
    y = L.LeakyReLU(0.2)(L.DepthwiseConv2D(3, padding="same")(x))
    y = L.ReLU()(L.Add()([x, L.Conv2D(16, 3, padding="same")(y)]))
    y = L.BatchNormalization()(L.Concatenate()([y, first]))
    y = L.Add()([L.ReLU()(first), L.Conv2D(16, 1)(L.PReLU(shared_axes=[1, 2])(y))])
    y = L.PReLU(shared_axes=[1, 2])(L.UpSampling2D(2)(L.Conv2D(32, 3, padding="same")(y)))
    y = L.Conv2D(32, 3, padding="same", activation="relu")(y)
    return DepthToSpace(2)(L.Conv2D(12, 5, padding="same")(y))


def test_every_layer_ends_in_xnnpack_and_keeps_the_picture(crops: Picture) -> None:
    original = build(everything, slopes=(-0.3, 1.4))
    network, _ = rewrite(original, (*EXACT, *FOR_INTEGERS), bgr=True)
    content = export_int8(Quantised.calibrated(network, crops))
    assert fully_accelerated(content)
    noise = {one.layer: one.snr for one in layer_noise(content, network, crops)}
    # Weights at random end far outside 0..1, where the file clips; until there 8 bits suffice.
    clipped = {network.output, *network[network.output].inputs}
    kept = {name: snr for name, snr in noise.items() if name not in clipped}
    assert len(kept) >= len(network.nodes) - 5  # but for sums and phases that are one with others
    assert min(kept.values()) > 20
