from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from srgan_edge.quality import Picture, psnr_y, resize_bicubic
from srgan_edge_train.degradation import camera_versions
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.patches import centre_camera_pair, centre_pair
from srgan_edge_train.photographs import Photograph
from srgan_edge_train.recipe import load_recipe
from srgan_edge_train.validation import Validator, upscale_rgb

RECIPE = replace(load_recipe("edge"), scale=2, check_side=20, degradation="bicubic")


def photograph(height: int, width: int, seed: int = 0) -> Photograph:
    """HR is LR, each pixel four times: nearest neighbour is the perfect generator of it."""
    lr = np.random.default_rng(seed).integers(20, 200, (height, width, 3), np.uint8)
    return Photograph(str(seed), f"{seed:064x}", lr.repeat(2, 0).repeat(2, 1), lr)


def nearest(brighter: float = 0.0) -> Any:
    """Enlarges by nearest neighbour and adds so many levels, a weight that can be changed."""
    picture = keras.Input((None, None, 3))
    enlarged = keras.layers.UpSampling2D(2)(picture)
    bias = keras.layers.Conv2D(
        3,
        1,
        kernel_initializer=lambda shape, dtype=None: tf.reshape(tf.eye(3, dtype=dtype), shape),
        bias_initializer=keras.initializers.Constant(brighter / 255),
    )
    return keras.Model(picture, bias(enlarged))


def test_a_perfect_generator_is_perfect() -> None:
    assert Validator(nearest(), [photograph(24, 30)], RECIPE, None)().figures.psnr == float("inf")


@pytest.mark.parametrize("levels", [3, 10])
def test_psnr_is_the_one_of_the_picture(levels: int) -> None:
    """Y moves by 219 levels while RGB moves by 255."""
    found = Validator(nearest(levels), [photograph(24, 30)], RECIPE, None)()
    assert found.figures.psnr == pytest.approx(20 * np.log10(255 / (levels * 219 / 255)), abs=1e-3)
    assert found.figures.lpips is None


def test_the_figures_are_means_over_the_pictures() -> None:
    generator = nearest(3)
    pictures = [photograph(24, 30, 0), photograph(12, 40, 1)]
    pictures[1].hr[...] = np.random.default_rng(5).integers(0, 256, pictures[1].hr.shape, np.uint8)
    alone = [Validator(generator, [one], RECIPE, None)().figures.psnr for one in pictures]
    assert abs(alone[0] - alone[1]) > 5
    assert Validator(generator, pictures, RECIPE, None)().figures.psnr == pytest.approx(
        np.mean(alone)
    )


def test_the_middle_is_looked_at_and_no_more() -> None:
    whole, framed = photograph(40, 50), photograph(40, 50)
    framed.lr[:10], framed.lr[-10:], framed.lr[:, :15], framed.lr[:, -15:] = 0, 255, 0, 255
    found = [Validator(nearest(3), [one], RECIPE, None)() for one in (whole, framed)]
    assert found[0].figures.psnr == found[1].figures.psnr
    np.testing.assert_array_equal(found[0].panel, found[1].panel)


def test_a_validator_sees_the_weights_as_they_are_now() -> None:
    generator = nearest(20)
    validate = Validator(generator, [photograph(24, 30)], RECIPE, None)
    before = validate().figures.psnr
    generator.layers[-1].bias.assign([0, 0, 0])
    assert before < 30
    assert validate().figures.psnr == float("inf")


def test_the_judge_sees_what_was_made_and_the_original() -> None:
    seen: list[tuple[Picture, Picture]] = []

    def judge(result: Picture, original: Picture) -> float:
        seen.append((result, original))
        return 0.1 * len(seen)

    pictures = [photograph(24, 30, 0), photograph(24, 30, 1)]
    found = Validator(nearest(5), pictures, RECIPE, judge)()
    assert found.figures.lpips == pytest.approx(0.15)
    for (result, original), picture in zip(seen, pictures, strict=True):
        np.testing.assert_array_equal(original, centre_pair(picture, 20)[1])
        np.testing.assert_array_equal(result, original + np.uint8(5))
    assert found.figures.psnr == pytest.approx(
        np.mean([psnr_y(result, original, 2) for result, original in seen])
    )


def test_a_camera_s_recipe_is_checked_on_what_a_camera_sees() -> None:
    picture = photograph(40, 50)
    picture = replace(picture, camera=camera_versions(picture.hr, 2, picture.sha256, 2))
    recipe = replace(RECIPE, degradation="camera")
    lr, hr = centre_camera_pair(picture, 20)
    expected = psnr_y(lr.repeat(2, 0).repeat(2, 1), hr, 2)
    validate = Validator(nearest(), [picture], recipe, None)
    assert validate().figures.psnr == validate().figures.psnr == pytest.approx(expected)
    assert expected < 40


LABEL = 5  # 40 rows at a width of 320 pixels, fewer on narrower pictures


def test_a_panel_shows_lr_bicubic_sr_and_hr_below_their_labels() -> None:
    picture = photograph(24, 30)
    panel = Validator(nearest(7), [picture], RECIPE, None)().panel
    assert panel.shape == (LABEL + 40, 4 * 40, 3)
    assert panel.dtype == np.uint8
    lr, hr = centre_pair(picture, 20)
    shown = [hr, resize_bicubic(lr, 40, 40), hr + np.uint8(7), hr]
    for column, expected in enumerate(shown):
        tile = panel[LABEL:, 40 * column : 40 * (column + 1)]
        np.testing.assert_array_equal(tile, expected)
        strip = panel[:LABEL, 40 * column : 40 * (column + 1)]
        assert np.median(strip) == 245
        assert strip.min() < 230  # a name


def test_a_panel_has_at_most_three_rows_padded_to_one_width() -> None:
    pictures = [photograph(24, 30, 0), photograph(12, 16, 1), photograph(24, 30, 2)]
    pictures.append(photograph(24, 30, 3))
    validate = Validator(nearest(), pictures, RECIPE, None)
    panel = validate().panel
    narrow = round(40 * 32 / 320)
    assert panel.shape == ((LABEL + 40) + (narrow + 24) + (LABEL + 40), 160, 3)
    assert (panel[LABEL + 40 : LABEL + 40 + narrow + 24, 4 * 32 :] == 255).all()
    np.testing.assert_array_equal(panel[-40:, -40:], centre_pair(pictures[2], 20)[1])


def test_a_panel_of_large_pictures_shows_their_middle_one_to_one() -> None:
    picture = photograph(160, 140)
    panel = Validator(nearest(), [picture], replace(RECIPE, check_side=150), None)().panel
    assert panel.shape == (32 + 256, 4 * 256, 3)
    middle = picture.hr[32:-32, 12:-12]  # of the 300x280 in the middle that are looked at
    np.testing.assert_array_equal(panel[32:, -256:], middle)


def test_pictures_are_rounded_and_clipped() -> None:
    values = np.array([-0.5, 0.4, 0.6, 254.4, 300], np.float32) / np.float32(255)
    lr = np.zeros((1, 5, 3), np.uint8)
    made = upscale_rgb(lambda _: values[None, None, :, None].repeat(3, -1), lr)
    np.testing.assert_array_equal(made[0, :, 0], [0, 0, 1, 254, 255])
    assert made.dtype == np.uint8


def test_a_generator_is_given_floats_from_0_to_1() -> None:
    given: list[Any] = []

    def generator(batch: Any) -> Any:
        given.append(batch)
        return batch

    lr = np.array([[[0, 51, 255]]], np.uint8)
    np.testing.assert_array_equal(upscale_rgb(generator, lr), lr)
    assert given[0].shape == (1, 1, 1, 3)
    assert given[0].dtype == np.float32
    np.testing.assert_allclose(given[0][0, 0, 0], [0, 0.2, 1])
