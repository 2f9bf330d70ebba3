"""Damaged `.tflite` files, through the check, LiteRT and the command line."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import network_of, scattered

from srgan_edge.catalogue import embedded_models
from srgan_edge.errors import InputError
from srgan_edge.facts import ModelFacts
from srgan_edge.model_file import model_of
from srgan_edge.tflite import check_sound
from srgan_edge_convert import graph
from srgan_edge_convert.export import Format, export, export_int8
from srgan_edge_convert.flatbuffer import embed, pack, unpack
from srgan_edge_convert.network import Network
from srgan_edge_convert.qat import Quantised
from srgan_edge_convert.rewrite import EXACT, FOR_INTEGERS, rewrite
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import DepthToSpace
from tests.hard.damage import every_truncation
from tests.hard.graphs import mutants
from tests.hard.pictures import png
from tests.hard.trying import Attack, Attacking

pytestmark = pytest.mark.timeout(3600)
SEED = 20261125
TINY = embedded_models()["edge-tiny"].read_bytes()
OPERATORS = (
    "CONV_2D, DEPTHWISE_CONV_2D, PRELU, LEAKY_RELU, RELU, ADD, CONCATENATION, PAD, DEPTH_TO_SPACE"
)


@pytest.fixture(scope="module")
def network() -> Network:
    """One that has every layer that `convert` knows."""
    layers = keras.layers
    picture = keras.Input((None, None, 3), name="lr")
    left = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(8, 3, padding="same")(picture))
    right = layers.DepthwiseConv2D(3, padding="same")(left)
    right = layers.LeakyReLU(0.2)(layers.BatchNormalization()(right))
    both = layers.Concatenate()([layers.Add()([left, right]), right])
    large = layers.Conv2D(12, 3, padding="same", activation="relu")(layers.UpSampling2D(2)(both))
    result = layers.Conv2D(3, 5, padding="same")(DepthToSpace(2)(layers.ReLU()(large)))
    return network_of(scattered(keras.Model(picture, result)))


@pytest.fixture(scope="module")
def models(network: Network) -> dict[str, bytes]:
    """A sound file of each format, with facts."""
    crops = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
    exact, _ = rewrite(network, EXACT, bgr=False)
    whole, _ = rewrite(exact, FOR_INTEGERS, bgr=False)
    made = {
        "float16": export(exact, Format.FLOAT16),
        "dynamic": export(exact, Format.DYNAMIC),
        "int16x8": export(whole, Format.INT16X8, crops),
        "int8": export_int8(Quantised.calibrated(whole, crops)),
    }
    facts = ModelFacts("all", 4, graph.halo(network), "rgb", 1, 1)
    return {"tiny": TINY, **{name: embed(content, facts) for name, content in made.items()}}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(png(24, 16))
    return path


def is_past_magic(content: bytes) -> bool:
    return content[4:8] == b"TFL3"


def rehearse(attack: Attack, source: Path, content: bytes) -> None:
    """The check, then LiteRT: none may end the process, though in the product it is a child's."""
    if attack.is_new(content):
        attack.tally.past_magic += is_past_magic(content)
        attack.throw(source, content, lambda _: ("rehearse", source))


def test_sound_ones(models: dict[str, bytes], attacking: Attacking, tmp_path: Path) -> None:
    """Everything that `convert` makes passes, and runs."""
    with attacking("sound models", tmp_path) as attack:
        for content in models.values():
            rehearse(attack, tmp_path / "sound.tflite", content)
        assert attack.tally.ends["done"] == attack.tally.tried == 5


def test_mutants(models: dict[str, bytes], attacking: Attacking, tmp_path: Path, many: int) -> None:
    source = tmp_path / "hostile.tflite"
    with attacking("models", tmp_path) as attack:
        for content in every_truncation(TINY, 60 * many):
            rehearse(attack, source, content)
        for content in mutants(random.Random(SEED), list(models.values())):
            rehearse(attack, source, content)
            if attack.tally.tried >= 1200 * many:
                break
        assert attack.tally.ends["done"] > 0.1 * attack.tally.tried  # LiteRT was reached


def test_the_command_line(
    models: dict[str, bytes], attacking: Attacking, tmp_path: Path, picture: Path, many: int
) -> None:
    """`upscale` and `info`: what LiteRT refuses is bad input, too, and told in a line."""
    source = tmp_path / "hostile.tflite"

    def upscale(out: Path) -> tuple[object, ...]:
        return "upscale", picture, "-o", out / "result.png", "--model", source, "--threads", 1

    with attacking("models on the command line", tmp_path) as attack:
        for content in islice(mutants(random.Random(SEED + 1), list(models.values())), 40 * many):
            if attack.is_new(content):
                attack.tally.past_magic += 2 * is_past_magic(content)
                attack.throw(source, content, upscale)
                attack.throw(source, content, lambda _: ("info", source))


Change = Callable[[Any], None]


def _unsound() -> dict[str, tuple[Change, str]]:
    """What LiteRT takes on trust, or needs any memory for; each one thing of a sound network."""

    def conv(model: Any) -> Any:
        return model.subgraphs[0].operators[1]

    def kernel(model: Any) -> Any:
        return model.subgraphs[0].tensors[conv(model).inputs[1]]

    def last(model: Any) -> Any:
        return model.subgraphs[0].operators[-1]

    def be(owner: Callable[[Any], Any], name: str, value: Any) -> Change:
        return lambda model: setattr(owner(model), name, value)

    def graph_of(model: Any) -> Any:
        return model.subgraphs[0]

    def code(model: Any) -> Any:
        return model.operatorCodes[last(model).opcodeIndex]

    return {
        "values": (be(kernel, "shape", [16, 3, 3, 4]), "bytes of values"),
        "buffer": (be(kernel, "buffer", 900), "buffer 900"),
        "type": (be(kernel, "type", 5), "of the type 5"),
        "scales": (lambda m: setattr(kernel(m).quantization, "scale", [1.0] * 3), "3 scales"),
        "scale": (lambda m: setattr(kernel(m).quantization, "scale", [float("nan")]), "scales"),
        "no scale": (lambda m: setattr(kernel(m), "quantization", None), "without a scale"),
        "stride": (lambda m: setattr(conv(m).builtinOptions, "strideW", 0), "strides"),
        "dilation": (lambda m: setattr(conv(m).builtinOptions, "dilationHFactor", 2**30), "dilat"),
        "no options": (lambda m: setattr(conv(m), "builtinOptionsType", 0), "options"),
        "tensor": (be(conv, "inputs", [900, 2, 3]), "used before it is made"),
        "loop": (lambda m: graph_of(m).operators.reverse(), "used before it is made"),
        "twice": (lambda m: graph_of(m).operators.append(conv(m)), "cannot be made"),
        "block": (lambda m: setattr(last(m).builtinOptions, "blockSize", 2**20), "block size"),
        "block 2": (lambda m: setattr(last(m).builtinOptions, "blockSize", 2), "channels"),
        "inputs": (lambda m: setattr(graph_of(m), "inputs", []), "0 inputs"),
        "output": (lambda m: setattr(graph_of(m), "outputs", [-1]), "no tensor"),
        "graphs": (lambda m: m.subgraphs.append(m.subgraphs[0]), "2 networks"),
        "version": (lambda m: setattr(m, "version", 9), "version 9"),
        "other operator": (lambda m: setattr(code(m), "builtinCode", 119), "operator 119"),
        "metadata": (lambda m: setattr(m.metadata[0], "buffer", 900), "buffer that is none"),
        "signature": (
            lambda m: setattr(m.signatureDefs[0].inputs[0], "tensorIndex", 900),
            "names no tensor",
        ),
    }


@pytest.mark.parametrize("name", _unsound())
def test_what_is_not_sound(name: str) -> None:
    change, words = _unsound()[name]
    model = unpack(TINY)
    change(model)
    with pytest.raises(InputError, match=rf"^x is a damaged TFLite model: .*{words}"):
        check_sound(pack(model), "x")


def test_facts_of_another_network(tmp_path: Path, picture: Path, attacking: Attacking) -> None:
    """A scale that is not the network's is found before anything is upscaled, as bad input."""
    facts = model_of(Path("x"), TINY).facts
    source = tmp_path / "liar.tflite"
    with attacking("facts that are wrong", tmp_path) as attack:
        for scale in (1, 2, 3, 8, 16):
            content = embed(TINY, ModelFacts("liar", scale, facts.halo, "bgr", 1, 1))
            attack.tally.past_magic += 1
            attack.throw(
                source,
                content,
                lambda out: ("upscale", picture, "-o", out / "x.png", "--model", source),
            )
        assert attack.tally.ends["refused"] == 5
