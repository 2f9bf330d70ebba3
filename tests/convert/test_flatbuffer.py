from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from networks import network_of, scattered

from srgan_edge.facts import ModelFacts, read_facts
from srgan_edge_convert.export import Format, export, export_int8
from srgan_edge_convert.flatbuffer import embed, operators
from srgan_edge_convert.kernels import find_kernels
from srgan_edge_convert.layer_noise import layer_noise
from srgan_edge_convert.network import Network
from srgan_edge_convert.qat import Quantised
from srgan_edge_train.networks.edge import edge_generator

FACTS = ModelFacts("test", scale=4, halo=3, colour="bgr", parameters=0, macs=0)
CROPS = np.random.default_rng(0).integers(0, 256, (2, 16, 12, 3), np.uint8)


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(scattered(edge_generator(4, 8, 3, "float32")))


@pytest.fixture(scope="module")
def int8(network: Network) -> bytes:
    return export_int8(Quantised.calibrated(network, CROPS))


def test_embedded_facts_are_read_back_and_replaced(network: Network) -> None:
    content = export(network, Format.FLOAT32)
    once = embed(content, FACTS)
    assert read_facts(once, "once") == FACTS
    newer = replace(FACTS, name="ü newer", quality={"psnr": 30.5})
    twice = embed(once, newer)
    assert read_facts(twice, "twice") == newer
    assert embed(twice, newer) == twice  # nothing of the older facts is left inside


@pytest.mark.parametrize("number_format", [None, Format.FLOAT32, Format.FLOAT16])
def test_tensors_are_named_after_layers(
    network: Network, int8: bytes, number_format: Format | None
) -> None:
    content = export(network, number_format) if number_format else int8
    interpreter = Interpreter(model_content=content)
    names = {detail["name"] for detail in interpreter.get_tensor_details()}
    assert {node.name for node in network.nodes} <= names
    assert {"lr", "sr", "features_1/kernel", "features_1/bias"} <= names
    picture = np.zeros((1, 8, 8, 3), interpreter.get_input_details()[0]["dtype"])
    assert interpreter.get_signature_runner()(lr=picture)["sr"].shape == (1, 32, 32, 3)


def test_each_operator_runs_alone(network: Network, int8: bytes) -> None:
    for content in (int8, export(network, Format.FLOAT16)):
        found = list(operators(content))
        assert [one.kind for one in found] == [*["CONV_2D"] * 4, "ADD", "DEPTH_TO_SPACE"]
        for one in found:
            interpreter = Interpreter(model_content=one.alone)
            for entry in interpreter.get_input_details():
                shape = [max(side, 1) for side in entry["shape_signature"]]
                interpreter.resize_tensor_input(entry["index"], shape)
            interpreter.allocate_tensors()
            interpreter.invoke()


def test_kernels_tell_what_xnnpack_takes(network: Network, int8: bytes) -> None:
    fast = find_kernels(int8)
    assert fast.accelerated
    assert all(one.count == one.in_xnnpack for one in fast.operators)
    assert fast.gpu_analysis == "compatible"
    slow = find_kernels(export(network, Format.INT16X8, CROPS))
    assert not slow.accelerated
    assert {one.kind: one.in_xnnpack for one in slow.operators}["CONV_2D"] == 0


def test_noise_is_found_in_the_layer_that_has_it(network: Network) -> None:
    assert {one.snr for one in layer_noise(export(network, Format.FLOAT32), network, CROPS)} == {
        120.0
    }
    quantised = Quantised.calibrated(network, CROPS)
    narrow = {**quantised.ranges, "features_2": (0.0, quantised.ranges["features_2"][1] / 50)}
    sound, spoiled = (
        {one.layer: one.snr for one in layer_noise(export_int8(q), network, CROPS)}
        for q in (quantised, replace(quantised, ranges=narrow))
    )
    assert sound.keys() == spoiled.keys() == {node.name for node in network.nodes}
    assert spoiled["features_1"] == pytest.approx(sound["features_1"], abs=0.5)
    assert spoiled["features_2"] < 10 < sound["features_2"]
