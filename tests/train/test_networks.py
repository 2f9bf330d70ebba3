from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srgan_edge_train.generators import generator_scale, load_generator, save_generator
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.networks.edge import edge_generator
from srgan_edge_train.networks.layers import SpectralConv2D
from srgan_edge_train.networks.low_resolution import NearestConv, at_low_resolution
from srgan_edge_train.networks.patch import patch_discriminator
from srgan_edge_train.networks.srgan import srgan_discriminator, srgan_generator
from srgan_edge_train.networks.vgg import ImageNetInput, vgg19
from srgan_edge_train.recipe_check import CONTENT_LAYERS

Pixels = npt.NDArray[np.float32]


def noise(*shape: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).random(shape, np.float32)


def kinds(network: Any, kind: Any) -> list[Any]:
    return [layer for layer in network.layers if isinstance(layer, kind)]


def scatter(network: Any, seed: int = 0) -> None:
    """Every weight somewhere in its range: slopes and statistics have no effect at their start."""
    random = np.random.default_rng(seed)
    for weight in network.weights:
        spread = float(np.std(weight.numpy())) or 0.2
        values = weight.numpy() + random.normal(0, spread / 2, weight.shape)
        weight.assign(np.abs(values) if "variance" in weight.name else values)


@pytest.fixture(scope="module")
def srgan() -> Any:
    keras.utils.set_random_seed(0)
    network = srgan_generator(4, "float32")
    scatter(network)
    return network


@pytest.fixture(scope="module")
def judge() -> Any:
    """The SRGAN discriminator of small pictures."""
    keras.utils.set_random_seed(0)
    return srgan_discriminator(16, "float32")


def test_the_srgan_generator_has_the_size_that_is_promised(srgan: Any) -> None:
    assert srgan.count_params() == 2_044_291
    assert sum(int(np.prod(weight.shape)) for weight in srgan.trainable_weights) == 2_040_067


def test_the_srgan_generator_has_one_slope_a_channel_whatever_the_size(srgan: Any) -> None:
    shapes = [tuple(layer.alpha.shape) for layer in kinds(srgan, keras.layers.PReLU)]
    assert shapes == [(1, 1, 64)] * 17 + [(1, 1, 256)] * 2


def test_the_srgan_generator_normalises_with_momentum_one_half(srgan: Any) -> None:
    momenta = [layer.momentum for layer in kinds(srgan, keras.layers.BatchNormalization)]
    assert momenta == [0.5] * 33


def test_the_srgan_generator_is_the_paper_s_layer_by_layer(srgan: Any) -> None:
    picture = noise(2, 6, 5, 3)
    expected = _srresnet({w.name: w for w in srgan.weights}, tf.constant(picture))
    output = srgan(picture, training=False)
    np.testing.assert_allclose(output, expected, atol=1e-4 * float(tf.reduce_max(tf.abs(output))))


def _srresnet(weights: dict[str, Any], picture: Any) -> Any:
    """Ledig et al. 2017, figure 4, in plain operations; nearest neighbour enlarges."""

    def conv(features: Any, name: str) -> Any:
        summed = tf.nn.conv2d(features, weights[f"{name}/kernel:0"], 1, "SAME")
        return summed + weights[f"{name}/bias:0"]

    def norm(features: Any, name: str) -> Any:
        mean, variance, beta, gamma = (
            weights[f"{name}/{part}:0"]
            for part in ("moving_mean", "moving_variance", "beta", "gamma")
        )
        return (features - mean) / tf.sqrt(variance + 1e-3) * gamma + beta

    def prelu(features: Any, name: str) -> Any:
        return tf.where(features > 0, features, weights[f"{name}/alpha:0"] * features)

    first = features = prelu(conv(picture, "first"), "first_prelu")
    for block in (f"block_{number}" for number in range(1, 17)):
        inner = norm(conv(features, f"{block}_conv_1"), f"{block}_bn_1")
        inner = norm(conv(prelu(inner, f"{block}_prelu"), f"{block}_conv_2"), f"{block}_bn_2")
        features = features + inner
    features = first + norm(conv(features, "trunk"), "trunk_bn")
    for up in ("up_1", "up_2"):
        features = tf.repeat(tf.repeat(conv(features, up), 2, axis=1), 2, axis=2)
        features = prelu(features, f"{up}_prelu")
    return conv(features, "last")


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_the_srgan_generator_takes_any_size(scale: int) -> None:
    generator = srgan_generator(scale, "float32")
    assert generator(noise(1, 5, 9, 3)).shape == (1, 5 * scale, 9 * scale, 3)
    assert generator_scale(generator) == scale


def test_pictures_come_out_as_float32_whatever_is_computed_in(srgan: Any) -> None:
    keras.utils.set_random_seed(0)
    single, mixed = (srgan_generator(4, policy) for policy in ("float32", "mixed_bfloat16"))
    assert {weight.dtype for weight in mixed.weights} == {tf.float32}
    mixed.set_weights(single.get_weights())
    picture = noise(1, 6, 6, 3)
    assert mixed(picture).dtype == "float32"
    rough, fine = mixed(picture).numpy(), single(picture).numpy()
    assert 0 < np.abs(rough - fine).max() < 0.1 * np.abs(fine).max()
    assert kinds(mixed, keras.layers.Conv2D)[5].compute_dtype == "bfloat16"


def test_the_srgan_generator_comes_back_from_its_file(srgan: Any, tmp_path: Path) -> None:
    save_generator(srgan, tmp_path / "generator.keras")
    loaded = load_generator(tmp_path / "generator.keras")
    picture = noise(1, 7, 5, 3)
    np.testing.assert_array_equal(loaded(picture), srgan(picture))
    assert loaded.get_config() == srgan.get_config()


@settings(max_examples=25)
@given(
    size=st.sampled_from([1, 3, 5, 7, 9]),
    height=st.integers(1, 8),
    width=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_a_convolution_after_enlargement_is_the_same_before_it(
    size: int, height: int, width: int, seed: int
) -> None:
    conv = keras.layers.Conv2D(2, size, padding="same")
    conv.build((None, None, None, 3))
    random = np.random.default_rng(seed)
    conv.set_weights([random.normal(size=weight.shape) for weight in conv.weights])
    picture = noise(2, height, width, 3, seed=seed)
    expected = conv(picture.repeat(2, 1).repeat(2, 2))
    np.testing.assert_allclose(NearestConv(conv)(picture), expected, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_the_generator_that_enlarges_late_is_the_same_function(scale: int) -> None:
    keras.utils.set_random_seed(0)
    generator = srgan_generator(scale, "float32")
    scatter(generator)
    fast = at_low_resolution(generator)
    assert not kinds(fast, keras.layers.UpSampling2D)
    picture = noise(2, 5, 6, 3)
    for training in (False, True):
        expected = generator(picture, training=training).numpy()
        found = fast(picture, training=training).numpy()
        assert found.shape == (2, 5 * scale, 6 * scale, 3)
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_the_generator_that_enlarges_late_trains_the_same_weights(srgan: Any) -> None:
    fast = at_low_resolution(srgan)
    assert {id(weight) for weight in fast.weights} <= {id(weight) for weight in srgan.weights}
    picture = noise(1, 5, 6, 3)
    gradients = []
    for network in (srgan, fast):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(network(picture, training=False) ** 2)
        gradients.append(tape.gradient(loss, srgan.trainable_variables))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-3 * float(tf.reduce_max(tf.abs(one))))


def test_a_generator_that_does_not_enlarge_so_is_left_as_it_is() -> None:
    edge = edge_generator(2, 8, 3, "float32")
    assert at_low_resolution(edge) is edge


def test_the_srgan_discriminator_has_the_size_that_is_promised() -> None:
    assert srgan_discriminator(128, "float32").count_params() == 38_249_281


def test_the_srgan_discriminator_is_the_paper_s(judge: Any) -> None:
    convs = kinds(judge, keras.layers.Conv2D)
    assert [layer.filters for layer in convs] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [layer.strides for layer in convs] == [(1, 1), (2, 2)] * 4
    assert {layer.kernel_size for layer in convs} == {(3, 3)}
    assert [layer.units for layer in kinds(judge, keras.layers.Dense)] == [1024, 1]


def test_all_but_the_first_convolution_are_normalised_with_momentum_0_8(judge: Any) -> None:
    norms = kinds(judge, keras.layers.BatchNormalization)
    assert [layer.momentum for layer in norms] == [0.8] * 7
    after = [
        judge.layers[judge.layers.index(conv) + 1] for conv in kinds(judge, keras.layers.Conv2D)
    ]
    assert after[1:] == norms
    assert isinstance(after[0], keras.layers.LeakyReLU)


def test_discriminators_let_a_fifth_of_what_is_negative_through(judge: Any) -> None:
    for network, count in ((judge, 9), (patch_discriminator(4, "float32"), 5)):
        leaks = kinds(network, keras.layers.LeakyReLU)
        assert len(leaks) == count
        for layer in leaks:
            np.testing.assert_allclose(layer(np.array([-10, 10], "f")), [-2, 10], rtol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_the_srgan_discriminator_gives_one_unbounded_number_a_picture(policy: str) -> None:
    network = srgan_discriminator(16, policy)
    network.layers[-1].bias.assign([-7.0])
    logits = network(noise(3, 16, 16, 3))
    assert logits.shape == (3, 1)
    assert logits.dtype == "float32"
    assert logits.numpy().max() < -5  # no sigmoid


@pytest.mark.parametrize(("height", "width"), [(16, 16), (32, 20), (128, 128)])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_the_patch_discriminator_takes_any_size(height: int, width: int, policy: str) -> None:
    logits = patch_discriminator(4, policy)(noise(2, height, width, 3))
    assert logits.shape == (2, height // 4, width // 4, 1)
    assert logits.dtype == "float32"


def test_the_patch_discriminator_judges_patch_by_patch() -> None:
    """A change in one corner leaves the other corner's logits as they were."""
    network = patch_discriminator(4, "float32")
    picture = noise(1, 64, 64, 3)
    changed = picture.copy()
    changed[:, :8, :8] = 1 - changed[:, :8, :8]
    before, after = network(picture).numpy(), network(changed).numpy()
    assert np.abs(before - after)[:, :2, :2].max() > 0
    np.testing.assert_array_equal(before[:, -4:, -4:], after[:, -4:, -4:])


def test_the_patch_discriminator_at_32_channels_is_light() -> None:
    trained = patch_discriminator(32, "float32").trainable_weights
    assert 150_000 < sum(int(np.prod(weight.shape)) for weight in trained) < 200_000


def spectral(policy: str = "float32") -> Any:
    keras.utils.set_random_seed(0)
    layer = SpectralConv2D(6, 3, padding="same", dtype=policy)
    layer.build((None, None, None, 4))
    layer.kernel.assign(3 * np.random.default_rng(0).normal(size=layer.kernel.shape))
    layer.bias.assign(np.arange(6))
    return layer


def effective_kernel(layer: Any) -> Pixels:
    """What the layer convolves with, read from how it answers a single bright pixel."""
    impulses = np.zeros((4, 5, 5, 4), np.float32)
    impulses[range(4), 2, 2, range(4)] = 1
    answer = layer(impulses, training=False).numpy() - np.arange(6, dtype=np.float32)
    return np.asarray(answer[:, 3:0:-1, 3:0:-1].transpose(1, 2, 0, 3))


def test_spectral_normalisation_divides_by_the_largest_singular_value() -> None:
    layer = spectral()
    for _ in range(100):
        layer(noise(1, 4, 4, 4), training=True)
    kernel = layer.kernel.numpy()
    largest = np.linalg.svd(kernel.reshape(-1, 6), compute_uv=False)[0]
    found = effective_kernel(layer)
    np.testing.assert_allclose(found, kernel / largest, atol=1e-4)
    top = np.linalg.svd(found.reshape(-1, 6), compute_uv=False)[0]
    assert top == pytest.approx(1.0, abs=1e-3)


def test_only_training_refines_the_estimate_of_the_singular_value() -> None:
    layer = spectral()
    start = layer.u.numpy()
    first = layer(noise(1, 4, 4, 4), training=False).numpy()
    again = layer(noise(1, 4, 4, 4), training=False).numpy()
    np.testing.assert_array_equal(layer.u, start)
    np.testing.assert_array_equal(first, again)
    layer(noise(1, 4, 4, 4), training=True)
    assert np.abs(layer.u.numpy() - start).max() > 0.01
    assert np.linalg.norm(layer.u.numpy()) == pytest.approx(1.0, abs=1e-5)


def test_u_is_kept_but_not_trained() -> None:
    layer = spectral("mixed_bfloat16")
    assert [weight.name.split("/")[-1] for weight in layer.trainable_weights] == [
        "kernel:0",
        "bias:0",
    ]
    assert len(layer.weights) == 3
    assert layer.u.dtype == tf.float32


def test_spectral_normalisation_leaves_a_kernel_s_scale_without_a_gradient() -> None:
    """The output does not change when the kernel grows, so the gradient is at right angles."""
    layer = spectral()
    for _ in range(100):
        layer(noise(1, 4, 4, 4), training=True)
    with tf.GradientTape() as tape:
        output = tf.reduce_sum(layer(noise(2, 6, 6, 4), training=False) ** 3)
    gradient = tape.gradient(output, layer.kernel).numpy()
    along = np.sum(gradient * layer.kernel.numpy()) / np.linalg.norm(layer.kernel)
    assert abs(along) < 1e-3 * np.linalg.norm(gradient)


def test_vgg_up_to_block3_conv4_has_the_size_that_is_promised() -> None:
    network = vgg19(("block3_conv4",), "float32")
    assert network.count_params() == 2_325_568
    assert network.trainable_weights == []


def test_vgg_names_all_its_layers() -> None:
    assert len(CONTENT_LAYERS) == 16
    assert (CONTENT_LAYERS[0], CONTENT_LAYERS[3], CONTENT_LAYERS[7], CONTENT_LAYERS[-1]) == (
        "block1_conv1",
        "block2_conv2",
        "block3_conv4",
        "block5_conv4",
    )
    network = vgg19(("block2_conv1",), "float32")
    assert [layer.name for layer in kinds(network, keras.layers.Conv2D)] == list(CONTENT_LAYERS[:3])


def test_vgg_sees_blue_first_without_the_mean_of_imagenet() -> None:
    picture = noise(2, 3, 4, 3)
    seen = ImageNetInput(dtype="float32")(picture).numpy()
    expected = picture[..., [2, 1, 0]] * 255 - np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_vgg_gives_features_behind_their_relu_in_the_order_asked_for() -> None:
    network = vgg19(("block3_conv1", "block1_conv2", "block2_conv2"), "mixed_bfloat16")
    maps = network(noise(1, 16, 24, 3))
    assert [tuple(one.shape) for one in maps] == [
        (1, 4, 6, 256),
        (1, 16, 24, 64),
        (1, 8, 12, 128),
    ]
    for one in maps:
        values = tf.cast(one, tf.float32).numpy()
        assert values.min() == 0
        assert values.max() > 0


def test_vgg_is_the_one_of_keras_applications() -> None:
    keras.utils.set_random_seed(0)
    theirs = keras.applications.VGG19(weights=None, include_top=False)
    names = ("block1_conv2", "block2_conv2", "block4_conv2")
    ours = vgg19(names, "float32")
    for layer in kinds(ours, keras.layers.Conv2D):
        layer.set_weights(theirs.get_layer(layer.name).get_weights())
    picture = noise(1, 32, 32, 3)
    seen = keras.applications.vgg19.preprocess_input(picture * 255)
    outputs = [theirs.get_layer(name).output for name in names]
    expected = keras.Model(theirs.input, outputs)(seen)
    for one, other in zip(ours(picture), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4 * float(tf.reduce_max(other)))
