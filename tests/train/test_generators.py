from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from srgan_edge.errors import InputError
from srgan_edge_train.generators import (
    build_generator,
    generator_scale,
    load_generator,
    save_generator,
)
from srgan_edge_train.keras import keras
from srgan_edge_train.recipe import load_recipe

EDGE = load_recipe("edge")


def test_edge_has_the_size_that_is_promised() -> None:
    generator = build_generator(EDGE)
    trainable = sum(int(np.prod(weight.shape)) for weight in generator.trainable_weights)
    assert trainable == 61_824
    assert generator.count_params() == 61_824 + 3 * 48  # the fixed anchor


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("rank", [0, 16])
def test_an_untrained_generator_is_nearly_nearest_neighbour(scale: int, rank: int) -> None:
    generator = build_generator(replace(EDGE, scale=scale, rank=rank))
    picture = np.random.default_rng(0).random((2, 9, 7, 3), np.float32)
    output = generator(picture, training=False).numpy()
    np.testing.assert_allclose(output, picture.repeat(scale, 1).repeat(scale, 2), atol=0.2)
    assert generator_scale(generator) == scale


def test_a_rank_makes_the_last_convolution_two() -> None:
    full, ranked = (build_generator(replace(EDGE, convs=3, rank=rank)) for rank in (0, 8))
    assert full.get_layer("detail").kernel.shape == (3, 3, 32, 48)
    assert ranked.get_layer("squeezed").kernel.shape == (3, 3, 32, 8)
    assert ranked.get_layer("detail").kernel.shape == (1, 1, 8, 48)


def test_saved_and_loaded_it_computes_the_same(tmp_path: Path) -> None:
    generator = build_generator(replace(EDGE, channels=16, convs=3, scale=3))
    save_generator(generator, tmp_path / "generator.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["generator.keras"]
    loaded = load_generator(tmp_path / "generator.keras")
    picture = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    np.testing.assert_array_equal(loaded(picture), generator(picture))
    assert loaded.get_config() == generator.get_config()


def test_precisions_share_their_weights() -> None:
    single = build_generator(EDGE)
    mixed = build_generator(EDGE, "mixed_bfloat16")
    mixed.set_weights(single.get_weights())
    picture = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    np.testing.assert_allclose(mixed(picture), single(picture), atol=0.02)
    assert mixed(picture).dtype == "float32"


def test_a_lambda_is_refused_without_running_it(tmp_path: Path) -> None:
    picture = keras.Input((None, None, 3))
    marker = str(tmp_path / "ran")
    output = keras.layers.Lambda(lambda x: x + Path(marker).write_text("ran"))(picture)
    keras.Model(picture, output).save(tmp_path / "bad.keras")
    Path(marker).unlink(missing_ok=True)
    with pytest.raises(InputError, match="cannot load"):
        load_generator(tmp_path / "bad.keras")
    assert not Path(marker).exists()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "generator.keras").write_bytes(content)
    with pytest.raises(InputError, match="cannot load"):
        load_generator(tmp_path / "generator.keras")
    with pytest.raises(InputError, match="no generator at"):
        load_generator(tmp_path / "missing.keras")
