from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from srgan_edge.quality import luma
from srgan_edge_train.keras import tf
from srgan_edge_train.losses import (
    ADVERSARIAL,
    accuracy,
    content_loss,
    generated_loss,
    grid_loss,
    halved,
    originals_loss,
    pixel_loss,
)

Values = npt.NDArray[np.float32]

LOGITS = arrays.arrays(
    np.float32,
    st.sampled_from([(1, 1), (3, 1), (2, 2, 2, 1)]),
    elements=st.floats(-40, 40, width=32),
)
STANDARD, RELATIVISTIC = ADVERSARIAL["standard"], ADVERSARIAL["relativistic"]


def noise(seed: int, *shape: int) -> Values:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def log_sigmoid(x: Values) -> npt.NDArray[np.float64]:
    """In numbers large enough for its definition."""
    return np.asarray(np.log(1 / (1 + np.exp(-x.astype(np.longdouble)))), np.float64)


@pytest.mark.parametrize(("distance", "power"), [("l1", 1), ("l2", 2)])
def test_the_pixel_loss_is_the_mean_difference(distance: str, power: int) -> None:
    sr, hr = noise(0, 2, 5, 4, 3), noise(1, 2, 5, 4, 3)
    expected = (np.abs(sr - hr) ** power).mean()
    assert float(pixel_loss(sr, hr, distance)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("distance", "power"), [("l1", 1), ("l2", 2)])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_pixel_loss_takes_a_share_of_the_luma_that_psnr_is_made_of(
    distance: str, power: int, share: float
) -> None:
    random = np.random.default_rng(0)
    sr, hr = (random.integers(0, 256, (2, 8, 6, 3), np.uint8) for _ in range(2))
    generated, original = sr.astype(np.float32) / 255, hr.astype(np.float32) / 255
    colours = (np.abs(generated - original) ** power).mean()
    lumas = [np.stack([luma(picture) for picture in pictures]) for pictures in (sr, hr)]
    of_luma = (np.abs((lumas[0] - lumas[1]) / 219) ** power).mean()  # Y goes from 16 to 235
    expected = (1 - share) * colours + share * of_luma
    assert float(pixel_loss(generated, original, distance, share)) == pytest.approx(
        expected, rel=1e-4
    )


def test_the_luma_of_a_grey_difference_is_itself_and_of_a_tint_nothing() -> None:
    hr = noise(1, 1, 4, 4, 3)
    grey, tint = np.float32(0.1), np.array([0.587, -0.299, 0.0], np.float32)
    assert float(pixel_loss(hr + grey, hr, "l1", 1.0)) == pytest.approx(0.1, abs=1e-6)
    assert float(pixel_loss(hr + tint, hr, "l1", 1.0)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("distance", "power"), [("l1", 1), ("l2", 2)])
@pytest.mark.parametrize("weights", [(0.5,), (0.1, 3.0)])
def test_the_content_loss_weighs_the_layers_mean_distances(
    distance: str, power: int, weights: tuple[float, ...]
) -> None:
    shapes = [(2, 8, 8, 4), (2, 4, 4, 9)][: len(weights)]
    sr = [noise(number, *shape) for number, shape in enumerate(shapes)]
    hr = [noise(number + 9, *shape) for number, shape in enumerate(shapes)]
    expected = sum(
        w * np.mean(np.abs(a - b) ** power) for a, b, w in zip(sr, hr, weights, strict=True)
    )
    assert float(content_loss(sr, hr, weights, distance)) == pytest.approx(expected, rel=1e-6)


@given(seed=st.integers(0, 99), factor=st.floats(0.1, 10))
def test_directions_do_not_know_how_strong_features_are(seed: int, factor: float) -> None:
    sr, hr = noise(seed, 2, 3, 4, 5), noise(seed + 100, 2, 3, 4, 5)
    units = [f / np.linalg.norm(f, axis=-1, keepdims=True) for f in (sr, hr)]
    expected = np.mean(np.sum((units[0] - units[1]) ** 2, axis=-1))
    found = content_loss([sr * np.float32(factor)], [hr], [2.0], "directions")
    assert float(found) == pytest.approx(2 * expected, rel=1e-4)


def test_the_content_loss_is_reckoned_in_float32() -> None:
    """Features may come in bfloat16, which cannot hold their mean square."""
    sr = tf.cast(noise(0, 4, 16, 16, 32), tf.bfloat16)
    hr = tf.cast(noise(1, 4, 16, 16, 32), tf.bfloat16)
    loss = content_loss([sr], [hr], [1.0], "l2")
    exact = np.mean((tf.cast(sr, tf.float64).numpy() - tf.cast(hr, tf.float64).numpy()) ** 2)
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(exact, rel=1e-5)


def test_a_weight_too_few_is_no_silent_cut() -> None:
    with pytest.raises(ValueError, match="zip"):
        content_loss([noise(0, 2), noise(1, 2)], [noise(2, 2), noise(3, 2)], [1.0], "l1")


def test_half_size_is_the_mean_of_four_pixels() -> None:
    pictures = noise(0, 2, 6, 5, 3)
    even = pictures[:, :, :4]  # an odd column is left out
    expected = even.reshape(2, 3, 2, 2, 2, 3).mean((2, 4))
    np.testing.assert_allclose(halved(pictures), expected, rtol=1e-5, atol=1e-6)


def test_the_grid_loss_sees_a_pattern_of_the_grid_and_nothing_else() -> None:
    hr = noise(0, 2, 24, 16, 3)
    rows, columns = np.mgrid[:24, :16]
    brighter = np.float32(0.3)
    pattern = np.where((rows % 4 == 1) & (columns % 4 == 2), np.float32(1.6), np.float32(0))
    assert float(grid_loss(hr, hr, 4)) == 0
    assert float(grid_loss(hr + brighter, hr, 4)) == pytest.approx(0, abs=1e-6)
    # One pixel in sixteen is 1.5 above the mean, the others 0.1 below it.
    expected = (1.5 + 15 * 0.1) / 16
    assert float(grid_loss(hr + pattern[..., None], hr, 4)) == pytest.approx(expected, rel=1e-4)


@given(LOGITS)
def test_cross_entropies_are_their_definition(logits: Values) -> None:
    assert float(originals_loss(logits)) == pytest.approx(
        -log_sigmoid(logits).mean(), rel=1e-5, abs=1e-7
    )
    assert float(generated_loss(logits)) == pytest.approx(
        -log_sigmoid(-logits).mean(), rel=1e-5, abs=1e-7
    )


@given(LOGITS)
def test_the_standard_game_is_the_paper_s(real: Values) -> None:
    fake = noise(0, *real.shape)
    expected = -(log_sigmoid(real).mean() + log_sigmoid(-fake).mean()) / 2
    assert float(STANDARD.discriminator(real, fake)) == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert float(STANDARD.generator(lambda: None, real)) == pytest.approx(
        -log_sigmoid(real).mean(), rel=1e-5, abs=1e-7
    )


def test_the_standard_generator_does_not_ask_for_the_originals_logits() -> None:
    def refuse() -> None:
        raise AssertionError

    STANDARD.generator(refuse, noise(0, 3, 1))


@given(LOGITS)
def test_the_relativistic_game_is_the_paper_s(real: Values) -> None:
    fake = noise(0, *real.shape)
    ours = log_sigmoid(real - fake.mean()).mean()
    theirs = log_sigmoid(-(fake - real.mean())).mean()
    assert float(RELATIVISTIC.discriminator(real, fake)) == pytest.approx(
        -(ours + theirs) / 2, rel=1e-4, abs=1e-5
    )


@given(LOGITS)
def test_the_relativistic_generator_plays_the_discriminator_s_game_with_sides_swapped(
    real: Values,
) -> None:
    fake = noise(0, *real.shape)
    assert float(RELATIVISTIC.generator(lambda: real, fake)) == float(
        RELATIVISTIC.discriminator(fake, real)
    )


@given(LOGITS, st.floats(-20, 20, width=32))
def test_the_relativistic_game_knows_differences_only(real: Values, shift: float) -> None:
    fake, moved = noise(0, *real.shape), np.float32(shift)
    assert float(RELATIVISTIC.discriminator(real + moved, fake + moved)) == pytest.approx(
        float(RELATIVISTIC.discriminator(real, fake)), rel=1e-3, abs=1e-3
    )


@pytest.mark.parametrize("size", [1e3, -1e3])
@pytest.mark.parametrize("kind", ["standard", "relativistic"])
def test_large_logits_neither_overflow_nor_lose_their_gradient(kind: str, size: float) -> None:
    real, fake = tf.fill((2, 1), size), tf.fill((2, 1), -size)
    game = ADVERSARIAL[kind]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        losses = [game.discriminator(real, fake), game.generator(lambda: real, fake)]
    for loss in losses:
        assert np.isfinite(loss)
    # Whoever is wrong loses as much as the logits are wrong, and is told which way to go.
    discriminator, generator = (float(loss) for loss in losses)
    wrong = abs(size) if kind == "standard" else 2 * abs(size)
    assert discriminator == pytest.approx(0 if size > 0 else wrong, abs=1e-6)
    assert generator == pytest.approx(wrong if size > 0 else 0, abs=1e-6)
    loser, logits = (losses[1], fake) if size > 0 else (losses[0], real)
    gradient = tape.gradient(loser, logits).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient < -0.2).all()


def test_accuracy_counts_both_kinds_alike() -> None:
    real, fake = np.array([[1.0], [2], [-1], [3]], "f"), np.array([[-1.0], [5]], "f")
    assert float(accuracy(real, fake)) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert float(accuracy(real, -real)) == pytest.approx(3 / 4)
    assert float(accuracy(np.ones((2, 1), "f"), -np.ones((2, 1), "f"))) == 1.0


def test_a_discriminator_that_always_says_the_same_is_right_half_of_the_time() -> None:
    for level in (-1.0, 0.0, 1.0):
        same = np.full((3, 1), level, "f")
        assert float(accuracy(same, same)) == 0.5
