"""Quantise, export and run on the real interpreter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from srgan_edge.facts import ModelFacts
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Picture
from srgan_edge.upscaler import Upscaler
from srgan_edge_convert import qat
from srgan_edge_convert.embed import embed
from srgan_edge_convert.export import Format, Io, export
from srgan_edge_train.generators import build_generator
from srgan_edge_train.recipe import load_recipe

FACTS = ModelFacts("test", scale=4, halo=3, colour="bgr", parameters=0, macs=0)


@pytest.fixture(scope="module")
def generator() -> Any:
    """Small, and strong enough that rounding shows: detail of some tens of levels."""
    model = build_generator(replace(load_recipe("edge"), channels=16, convs=3))
    random = np.random.default_rng(1)
    kernel, bias = model.get_layer("detail").get_weights()
    model.get_layer("detail").set_weights([random.normal(0, 0.02, kernel.shape), bias])
    return model


@pytest.fixture(scope="module")
def crops(samples: Path) -> Picture:
    picture = np.asarray(cv2.imread(str(samples / "harbour.png")), np.uint8)
    return np.stack([picture[y : y + 48, x : x + 48] for y in (0, 60, 120) for x in (0, 90, 200)])


def upscaler(content: bytes) -> Upscaler:
    return Upscaler(ModelFile(Path("test.tflite"), content, FACTS))


def float_picture(model: Any, lr: Picture) -> Picture:
    levels = np.rint(model(lr[None].astype(np.float32) / 255).numpy()[0] * 255)
    return np.clip(levels, 0, 255).astype(np.uint8)


def distance(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_calibrated_ranges_keep_the_picture(generator: Any, crops: Picture) -> None:
    run = upscaler(export(qat.quantise(generator, crops), Format.INT8))
    for lr in crops:
        assert distance(run(lr), float_picture(generator, lr)) < 1.0


def test_fine_tuning_brings_it_closer_to_the_float_model(generator: Any, crops: Picture) -> None:
    def mean_distance(model: Any) -> float:
        run = upscaler(export(model, Format.INT8))
        return float(np.mean([distance(run(lr), float_picture(generator, lr)) for lr in crops[6:]]))

    model = qat.quantise(generator, crops[:6])
    before = mean_distance(model)
    qat.fine_tune(model, generator, (crops[:6] for _ in range(60)), steps=60)
    assert mean_distance(model) < before


def test_the_output_saturates_by_its_range(generator: Any, crops: Picture) -> None:
    """White stays white and black black: a range that is not tied to 0..1 would shift them."""
    run = upscaler(export(qat.quantise(generator, crops), Format.INT8))
    extremes = [np.full((20, 20, 3), level, np.uint8) for level in (0, 255)]
    for picture in extremes:
        assert distance(run(picture), float_picture(generator, picture)) < 1.5


def test_uint8_and_int8_files_give_the_same_bytes(generator: Any, crops: Picture) -> None:
    model = qat.quantise(generator, crops)
    signed, unsigned = (upscaler(export(model, Format.INT8, io)) for io in (Io.INT8, Io.UINT8))
    np.testing.assert_array_equal(signed(crops[0]), unsigned(crops[0]))


@pytest.mark.parametrize(
    ("number_format", "levels"),
    [(Format.FLOAT32, 0.02), (Format.FLOAT16, 0.1), (Format.DYNAMIC, 1)],
)
def test_float_files_give_the_float_models_picture(
    generator: Any, crops: Picture, number_format: Format, levels: float
) -> None:
    run = upscaler(export(generator, number_format))
    for lr in (crops[0], crops[1][:31, :17]):
        assert distance(run(lr), float_picture(generator, lr)) <= levels


def test_embedded_facts_are_read_back_and_replaced(generator: Any) -> None:
    from srgan_edge.facts import read_facts

    content = export(generator, Format.FLOAT32)
    once = embed(content, FACTS)
    assert read_facts(once, "once") == FACTS
    newer = replace(FACTS, name="ü newer", quality={"psnr": 30.5})
    twice = embed(once, newer)
    assert read_facts(twice, "twice") == newer
    assert embed(twice, newer) == twice  # nothing of the older facts is left inside
    picture = np.full((8, 8, 3), 99, np.uint8)
    np.testing.assert_array_equal(upscaler(content)(picture), upscaler(twice)(picture))
