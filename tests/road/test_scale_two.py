"""The whole road at another scale: nothing on it assumes 4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from helpers import run_cli, write_tiny_recipe
from PIL import Image

from srgan_edge import Upscaler


def test_train_convert_and_upscale_at_x2(samples: Path, tmp_path: Path) -> None:
    recipe = write_tiny_recipe(tmp_path, scale=2)
    run, model = tmp_path / "run", tmp_path / "x2.tflite"
    picture, clip = samples / "harbour.png", samples / "clip.mp4"
    steps = (
        ("train", samples / "photos", "-o", run, "--recipe", recipe),
        ("convert", run, "-o", model, "--int8", "--qat-steps", 5),
        ("upscale", picture, clip, "-o", tmp_path, "--model", model),
        ("webcam", "--source", clip, "--model", model, "--show", "none"),
        ("eval", model, samples / "photos"),
        ("info", model),
        ("bench", model, "--runs", 2),
    )
    for step in steps:
        ran = run_cli(*step)
        assert ran.code == 0, (step, ran.err)
    with Image.open(tmp_path / "harbour.png") as picture:
        assert picture.size == (640, 360)
    frame = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    whole, tiled = (Upscaler(model, tile=tile)(frame) for tile in (None, 13))
    assert whole.shape == (80, 60, 3)
    np.testing.assert_array_equal(whole, tiled)
