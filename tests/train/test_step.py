from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from srgan_edge_train.distribution import distribution
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.losses import ADVERSARIAL, grid_loss
from srgan_edge_train.networks.vgg import vgg19
from srgan_edge_train.recipe import Recipe, load_recipe
from srgan_edge_train.step import TERMS, TrainingStep, build_discriminator
from srgan_edge_train.trainer import settle_tensorflow

Weights = list[npt.NDArray[np.float32]]
Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]

JOINT = replace(
    load_recipe("edge"),
    scale=2,
    channels=8,
    convs=3,
    patch=8,
    batch=2,
    adversarial_patch=0,
    adversarial_batch=0,
    content_layers=("block1_conv2",),
    content_weights=(1e-3,),
    content_distance="l1",
    pixel_luma=0.75,
    content_halvings=(0.5, 2.0),
    discriminator_channels=4,
    adversarial_weight=0.5,
    average=0.9,
)
FIDELITY_ONLY = replace(JOINT, discriminator="none")
# The real networks on pictures of 16x16; both losses weigh about the same.
SEPARATE = replace(
    load_recipe("srgan"),
    patch=4,
    batch=2,
    content_layers=("block1_conv2",),
    content_weights=(1e-3,),
    pixel_weight=0.3,
    adversarial_weight=0.5,
)


@pytest.fixture(scope="module")
def content() -> Any:
    keras.utils.set_random_seed(0)
    return vgg19(("block1_conv2",), "float32")


def batch(recipe: Recipe, seed: int = 0) -> Batch:
    random, side = np.random.default_rng(seed), recipe.patch
    lr = random.integers(0, 256, (recipe.batch, side, side, 3), np.uint8)
    large = side * recipe.scale
    return lr, random.integers(0, 256, (recipe.batch, large, large, 3), np.uint8)


def as_float(pictures: npt.NDArray[np.uint8]) -> Any:
    return pictures.astype(np.float32) / 255


def pixel_distance(sr: Any, hr: Any) -> Any:
    """Of JOINT."""
    luma = tf.reduce_sum((sr - hr) * [0.299, 0.587, 0.114], -1)
    return 0.75 * tf.reduce_mean(tf.abs(luma)) + 0.25 * tf.reduce_mean(tf.abs(sr - hr))


def means_of(block: int, pictures: Any) -> Any:
    """(2, 16, 16, 3), reduced by that factor."""
    side = 16 // block
    return tf.reduce_mean(tf.reshape(pictures, (2, side, block, side, block, 3)), (2, 4))


def descent(step: TrainingStep, generator: float, discriminator: float | None = None) -> None:
    """Plain gradient descent: a change is then the gradient, not its sign as at Adam's start."""
    step.optimizer = keras.optimizers.legacy.SGD(generator)
    if discriminator is not None:
        step.discriminator_optimizer = keras.optimizers.legacy.SGD(discriminator)


def changed(before: Weights, after: Weights) -> bool:
    return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def trained(network: Any) -> Weights:
    return [weight.numpy() for weight in network.trainable_weights]


def copy_of(network: Any) -> Any:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def assert_same_change(before: Weights, ours: Weights, theirs: Weights) -> None:
    """Within rounding, measured by how far the weights went.

    A unit at the kink of a ReLU may fall on either side: two weights in a hundred may differ more.
    """
    for old, one, other in zip(before, ours, theirs, strict=True):
        far = np.abs(other - old).max()
        away = np.abs(one - other)
        assert np.quantile(away, 0.98) <= 1e-3 * far + 1e-6
        assert away.max() <= 0.05 * far + 1e-6


def test_a_fidelity_step_goes_down_the_pixel_loss() -> None:
    step = TrainingStep(FIDELITY_ONLY, "float32")
    descent(step, 0.5)
    lr, hr = batch(FIDELITY_ONLY)
    before = trained(step.generator)
    with tf.GradientTape() as tape:
        expected = pixel_distance(step.generator(as_float(lr)), as_float(hr))
    gradients = tape.gradient(expected, step.generator.trainable_variables)
    terms = step.fidelity(lr, hr)
    assert terms.keys() == {"loss", "pixel"}
    assert float(terms["loss"]) == float(terms["pixel"]) == pytest.approx(float(expected), rel=1e-5)
    theirs = [
        old - np.float32(0.5) * np.asarray(g, np.float32)
        for old, g in zip(before, gradients, strict=True)
    ]
    assert_same_change(before, trained(step.generator), theirs)
    assert changed(before, trained(step.generator))


def test_a_fidelity_step_leaves_the_discriminator_alone(content: Any) -> None:
    step = TrainingStep(JOINT, "float32", content)
    generator, judge = step.generator.get_weights(), step.discriminator.get_weights()
    step.set_rate(1e-3)
    step.fidelity(*batch(JOINT))
    assert changed(generator, step.generator.get_weights())
    assert not changed(judge, step.discriminator.get_weights())


def test_a_recipe_without_a_discriminator_builds_none() -> None:
    step = TrainingStep(FIDELITY_ONLY, "float32")
    assert step.state.keys() == {"generator", "averaged", "optimizer", "updates"}
    assert not hasattr(step, "discriminator")
    step.set_rate(0.25)
    assert float(step.optimizer.learning_rate) == 0.25


@pytest.mark.parametrize("recipe", [JOINT, SEPARATE], ids=["joint", "separate"])
def test_each_half_of_an_adversarial_step_changes_its_own_network(
    recipe: Recipe, content: Any
) -> None:
    """What one half does is the same whether or not the other moves; the content stays."""
    step = TrainingStep(recipe, "float32", content)
    start, judge_start = step.generator.get_weights(), step.discriminator.get_weights()
    vgg_start = content.get_weights()
    lr, hr = batch(recipe)
    results = {}
    for rates in ((0.0, 0.1), (0.1, 0.0), (0.1, 0.1)):
        step.generator.set_weights(start)
        step.discriminator.set_weights(judge_start)
        descent(step, *rates)
        step.adversarial(lr, hr)
        results[rates] = trained(step.generator), trained(step.discriminator)
    step.generator.set_weights(start)
    step.discriminator.set_weights(judge_start)
    before, judge_before = trained(step.generator), trained(step.discriminator)

    still, judged = results[0.0, 0.1]
    assert not changed(before, still)
    assert changed(judge_before, judged)
    learned, judge_still = results[0.1, 0.0]
    assert changed(before, learned)
    assert not changed(judge_before, judge_still)
    assert_same_change(judge_before, results[0.1, 0.1][1], judged)
    assert not changed(vgg_start, content.get_weights())


def test_a_joint_step_is_the_plain_loop(content: Any) -> None:
    """The discriminator on both kinds at once, then the generator against the new one."""
    step = TrainingStep(JOINT, "float32", content)
    descent(step, 0.1, 0.2)
    lr, hr = batch(JOINT)
    generator, judge = copy_of(step.generator), copy_of(step.discriminator)
    before, judge_before = generator.get_weights(), judge.get_weights()
    terms = {name: float(value) for name, value in step.adversarial(lr, hr).items()}

    game, low, high = ADVERSARIAL["relativistic"], as_float(lr), as_float(hr)
    with tf.GradientTape() as tape:
        real = judge(high, training=True)
        fake = judge(generator(low, training=True), training=True)
        d_loss = game.discriminator(real, fake)
    _descend(tape, d_loss, judge, 0.2)
    with tf.GradientTape() as tape:
        sr = generator(low, training=True)
        pixel = pixel_distance(sr, high)
        distance = 1e-3 * tf.reduce_mean(tf.abs(content(sr) - content(high)))
        for block, weight in ((2, 0.5e-3), (4, 2e-3)):
            smaller = [content(means_of(block, pictures)) for pictures in (sr, high)]
            distance += weight * tf.reduce_mean(tf.abs(smaller[0] - smaller[1]))
        adversarial = game.generator(lambda: judge(high, training=False), judge(sr, training=False))
        grid = JOINT.grid_weight * grid_loss(sr, high, JOINT.scale)
        loss = pixel + distance + 0.5 * adversarial + grid
    _descend(tape, loss, generator, 0.1)

    assert JOINT.grid_weight > 0
    assert set(terms) == set(TERMS)
    expected = {"loss": loss, "pixel": pixel, "content": distance, "adversarial": adversarial}
    for name, value in {**expected, "d_loss": d_loss}.items():
        assert terms[name] == pytest.approx(float(value), rel=1e-4), name
    right = np.mean(real.numpy() > 0) / 2 + np.mean(fake.numpy() <= 0) / 2
    assert terms["d_accuracy"] == pytest.approx(right, abs=0.02)
    assert_same_change(before, step.generator.get_weights(), generator.get_weights())
    assert_same_change(judge_before, step.discriminator.get_weights(), judge.get_weights())


def _descend(tape: Any, loss: Any, network: Any, rate: float) -> None:
    variables = network.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(rate * gradient)


def test_a_separate_step_is_the_plain_keras_way(content: Any) -> None:
    """Generated pictures, originals, then a combined model with the discriminator frozen."""
    recipe = replace(SEPARATE, pixel_weight=0.0)
    step = TrainingStep(recipe, "float32", content)
    descent(step, 0.1, 0.01)
    # Fresh, it makes grey pictures, of which batch normalisation would magnify the rounding.
    last = step.generator.get_layer("last")
    kernel, bias = last.get_weights()
    last.set_weights([10 * kernel, 0 * bias])
    lr, hr = batch(recipe)
    low, high = as_float(lr), as_float(hr)
    generator, judge = copy_of(step.generator), copy_of(step.discriminator)
    before, judge_before = generator.get_weights(), judge.get_weights()
    terms = {name: float(value) for name, value in step.adversarial(lr, hr).items()}

    ones, entropy = np.ones((2, 1)), keras.losses.BinaryCrossentropy(from_logits=True)
    sgd = keras.optimizers.legacy.SGD
    judge.compile(sgd(0.01), entropy, run_eagerly=True)
    fake_loss = judge.train_on_batch(generator(low, training=False), 0 * ones)
    real_loss = judge.train_on_batch(high, ones)
    judge.trainable = False
    picture = keras.Input((None, None, 3))
    upscaled = generator(picture)
    combined = keras.Model(picture, [content(upscaled), judge(upscaled)])
    combined.compile(sgd(0.1), ["mse", entropy], loss_weights=[1e-3, 0.5], run_eagerly=True)
    loss, distance, adversarial = combined.train_on_batch(low, [content(high), ones])

    assert terms["d_loss"] == pytest.approx((fake_loss + real_loss) / 2, rel=1e-4)
    assert terms["loss"] == pytest.approx(loss, rel=1e-4)
    assert terms["content"] == pytest.approx(1e-3 * distance, rel=1e-4)
    assert terms["adversarial"] == pytest.approx(adversarial, rel=1e-4)
    assert_same_change(before, step.generator.get_weights(), generator.get_weights())
    assert_same_change(judge_before, step.discriminator.get_weights(), judge.get_weights())


def test_both_networks_train_with_adam_as_keras_sets_it(content: Any) -> None:
    step = TrainingStep(JOINT, "float32", content)
    step.set_rate(3e-4)
    usual = keras.optimizers.legacy.Adam(3e-4).get_config()
    for optimizer in (step.optimizer, step.discriminator_optimizer):
        found = optimizer.get_config()
        assert found.pop("learning_rate") == pytest.approx(3e-4)
        assert found == {key: value for key, value in usual.items() if key != "learning_rate"}


def test_of_two_replicas_each_brings_half_of_the_gradient(content: Any) -> None:
    moves = []
    for replicas in (1, 2):
        step = TrainingStep(JOINT, "float32", content, replicas=replicas)
        step.discriminator.set_weights(build_discriminator_of(JOINT))
        descent(step, 0.1, 0.0)
        before = trained(step.generator)
        step.adversarial(*batch(JOINT))
        moves.append([a - b for a, b in zip(trained(step.generator), before, strict=True)])
    for whole, half in zip(*moves, strict=True):
        np.testing.assert_allclose(half, whole / 2, atol=1e-3 * np.abs(whole).max() + 1e-7)


def build_discriminator_of(recipe: Recipe) -> Weights:
    keras.utils.set_random_seed(7)
    weights: Weights = build_discriminator(recipe, "float32").get_weights()
    return weights


def test_discriminators_are_built_as_the_recipe_says() -> None:
    assert build_discriminator(SEPARATE, "float32").input_shape == (None, 16, 16, 3)
    larger = replace(SEPARATE, adversarial_patch=8)
    assert build_discriminator(larger, "float32").input_shape == (None, 32, 32, 3)
    assert build_discriminator(JOINT, "float32").get_layer("conv_1").filters == 4


def test_the_average_follows_faster_at_first() -> None:
    step = TrainingStep(FIDELITY_ONLY, "float32")
    expected = [weight.astype(np.float64) for weight in step.averaged.get_weights()]
    for update in range(1, 121):
        moved = [w + 0.01 * update for w in step.generator.get_weights()]
        step.generator.set_weights(moved)
        step.follow()
        decay = min(0.9, (1 + update) / (10 + update))
        expected = [decay * a + (1 - decay) * b for a, b in zip(expected, moved, strict=True)]
        assert int(step.updates) == update
    for weight, other in zip(step.averaged.get_weights(), expected, strict=True):
        np.testing.assert_allclose(weight, other, rtol=1e-4)
    assert min(0.9, 121 / 130) == 0.9  # both branches were there


def test_what_is_equal_stays_so_when_averaged() -> None:
    """The fixed anchor too, to a rounding."""
    step = TrainingStep(replace(FIDELITY_ONLY, average=0.998), "float32")
    start = step.generator.get_weights()
    for _ in range(200):
        step.follow()
    for weight, other in zip(step.averaged.get_weights(), start, strict=True):
        np.testing.assert_allclose(weight, other, rtol=1e-6, atol=1e-9)


def test_without_an_average_nothing_follows_until_it_is_copied() -> None:
    step = TrainingStep(replace(FIDELITY_ONLY, average=0.0), "mixed_bfloat16")
    before = step.averaged.get_weights()
    step.set_rate(1e-2)
    step.fidelity(*batch(FIDELITY_ONLY))
    step.follow()
    assert int(step.updates) == 0
    assert not changed(before, step.averaged.get_weights())
    assert changed(before, step.generator.get_weights())
    step.copy_weights()
    assert not changed(step.generator.get_weights(), step.averaged.get_weights())
    picture = as_float(batch(FIDELITY_ONLY)[0])
    assert step.averaged.layers[1].compute_dtype == "float32"
    assert step.generator.layers[1].compute_dtype == "bfloat16"
    np.testing.assert_allclose(step.averaged(picture), step.generator(picture), atol=0.02)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_is_noticed_in_either_network(bad: float, content: Any) -> None:
    step = TrainingStep(JOINT, "float32", content)
    assert step.all_finite()
    for network in (step.generator, step.discriminator):
        weight = network.trainable_weights[-2]
        before = weight.numpy()
        weight.assign(np.full_like(before, bad))
        assert not step.all_finite()
        weight.assign(before)
        assert step.all_finite()


def test_a_batch_statistic_that_is_no_number_is_noticed(content: Any) -> None:
    step = TrainingStep(SEPARATE, "float32", content)
    step.generator.get_layer("block_1_bn_1").moving_mean.assign([np.nan] * 64)
    assert not step.all_finite()


def test_weights_start_from_the_recipe_s_seed(content: Any) -> None:
    one, same = (TrainingStep(JOINT, "float32", content) for _ in range(2))
    other = TrainingStep(replace(JOINT, seed=2), "float32", content)
    for network in ("generator", "discriminator"):
        weights = getattr(one, network).get_weights()
        assert not changed(weights, getattr(same, network).get_weights())
        assert changed(weights, getattr(other, network).get_weights())
    assert not changed(one.averaged.get_weights(), one.generator.get_weights())


@pytest.fixture
def settled() -> Iterator[None]:
    """As `train` runs: TensorFlow repeats itself to the bit."""
    from tensorflow.python.framework.config import disable_op_determinism

    options = tf.config.optimizer.get_experimental_options()
    settle_tensorflow()
    yield
    disable_op_determinism()
    tf.config.optimizer.set_experimental_options({"remapping": options.get("remapping", True)})


@pytest.mark.usefixtures("settled")
def test_the_same_run_twice_gives_the_same_bits(content: Any) -> None:
    """In one graph, as it is trained."""

    def run() -> tuple[Weights, list[float]]:
        step = TrainingStep(JOINT, "float32", content)
        compiled = distribution("none").compiled(step.adversarial, step.follow)
        step.set_rate(1e-3)
        losses = [
            float(compiled(*map(tf.constant, batch(JOINT, seed)))["loss"]) for seed in range(4)
        ]
        networks = (step.generator, step.averaged, step.discriminator)
        return [weight for network in networks for weight in network.get_weights()], losses

    first, losses = run()
    again, losses_again = run()
    assert losses == losses_again
    assert not changed(first, again)
    assert len(set(losses)) == 4


def test_a_network_learns_its_batch_by_heart(content: Any) -> None:
    """Pixel loss alone, one batch over and over: it falls."""
    step = TrainingStep(FIDELITY_ONLY, "float32")
    compiled = distribution("none").compiled(step.fidelity, step.follow)
    step.set_rate(1e-2)
    lr, hr = (tf.constant(part) for part in batch(FIDELITY_ONLY))
    losses = [float(compiled(lr, hr)["loss"]) for _ in range(60)]
    assert losses[-1] < 0.9 * losses[0]
