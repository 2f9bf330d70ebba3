from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from srgan_edge.errors import InputError, RunError
from srgan_edge.images import read_rgb
from srgan_edge_train.content import HUB, ContentSource, content_source, load_content, normalise
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.networks.vgg import vgg19
from srgan_edge_train.recipe_check import CONTENT_LAYERS

Pixels = npt.NDArray[np.float32]
HELD = CONTENT_LAYERS[:4]  # block1_conv1 to block2_conv2
DEAD = 5  # a channel of block1_conv2 that never speaks


def noise(*shape: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).random(shape, np.float32)


def convs(network: Any) -> list[Any]:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


def features(network: Any, pictures: Pixels) -> list[Pixels]:
    """Of every convolution."""
    outputs = [layer.output for layer in convs(network)]
    return [
        np.asarray(one) for one in tf.nest.flatten(keras.Model(network.input, outputs)(pictures))
    ]


@pytest.fixture(scope="module")
def original() -> Any:
    """Random weights of the needed layers."""
    keras.utils.set_random_seed(0)
    network = vgg19((HELD[-1],), "float32")
    random = np.random.default_rng(0)
    for layer in convs(network):
        layer.bias.assign(random.normal(0, 0.5, layer.bias.shape))
    kernel, bias = convs(network)[1].get_weights()
    kernel[..., DEAD], bias[DEAD] = 0, -1
    convs(network)[1].set_weights([kernel, bias])
    return network


@pytest.fixture(scope="module")
def held(original: Any) -> dict[str, Any]:
    return {
        f"{layer.name}/{part}": weight
        for layer in convs(original)
        for part, weight in zip(("kernel", "bias"), layer.get_weights(), strict=True)
    }


def save(path: Path, weights: dict[str, Any]) -> ContentSource:
    np.savez(path, **weights)
    return content_source(path)


def test_weights_come_from_a_file_as_they_are(
    tmp_path: Path, original: Any, held: dict[str, Any]
) -> None:
    source = save(tmp_path / "vgg.npz", held)
    network = load_content(source, ("block2_conv1", "block1_conv2"), None, "float32")
    pictures = noise(1, 12, 8, 3)
    expected = features(original, pictures)
    for found, index in zip(network(pictures), (2, 1), strict=True):
        np.testing.assert_allclose(found, expected[index], rtol=1e-4, atol=1e-4)
    assert network.trainable_weights == []


def test_a_layer_that_is_missing_is_named_with_those_that_are_there(
    tmp_path: Path, held: dict[str, Any]
) -> None:
    source = save(tmp_path / "vgg.npz", held)
    with pytest.raises(InputError) as raised:
        load_content(source, ("block1_conv2", "block3_conv4"), None, "float32")
    message = str(raised.value)
    assert "has no block3_conv1" in message
    assert "--content-layer among block1_conv1, block1_conv2, block2_conv1, block2_conv2" in message
    del held["block2_conv1/bias"]
    with pytest.raises(InputError, match="has no block2_conv1"):
        load_content(save(tmp_path / "cut.npz", held), ("block2_conv1",), None, "float32")


def test_a_file_of_something_else_is_told(tmp_path: Path) -> None:
    source = save(tmp_path / "other.npz", {"lr": noise(2, 2)})
    with pytest.raises(InputError, match=r"none.*no VGG19 layer"):
        load_content(source, ("block1_conv1",), None, "float32")


@pytest.mark.parametrize("key", ["block1_conv2/kernel", "block1_conv2/bias"])
def test_wrong_shapes_are_refused(tmp_path: Path, held: dict[str, Any], key: str) -> None:
    source = save(tmp_path / "vgg.npz", {**held, key: held[key][..., :-1]})
    with pytest.raises(InputError, match=r"block1_conv2 must have the shapes .*3, 3, 64, 64"):
        load_content(source, ("block1_conv2",), None, "float32")


# numpy leaves the file of a damaged zip open until it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["text", "empty", "cut", "array", "pickle"])
def test_damaged_files_are_refused(tmp_path: Path, held: dict[str, Any], kind: str) -> None:
    path = tmp_path / "vgg.npz"
    save(path, held)
    if kind == "text":
        path.write_text("no weights")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:-3000])
    elif kind == "array":
        with path.open("wb") as file:
            np.save(file, noise(3))
    else:
        save(path, {"block1_conv1/kernel": np.array([{}], object)})
    with pytest.raises(InputError, match=r"cannot read the content weights .*vgg\.npz"):
        load_content(content_source(path), ("block1_conv1",), None, "float32")


def test_no_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.npz: No such file"):
        content_source(tmp_path / "nowhere.npz")
    with pytest.raises(InputError, match="cannot read the content weights"):
        content_source(tmp_path)


def test_a_source_is_known_by_its_content_not_its_place(tmp_path: Path) -> None:
    one, copy, other = (tmp_path / name for name in ("one.npz", "copy.npz", "other.npz"))
    one.write_bytes(b"weights")
    copy.write_bytes(b"weights")
    other.write_bytes(b"others")
    source = content_source(one)
    recorded = {"weights": source.weights, "sha256": source.sha256, "layers": ["block1_conv2"]}
    assert content_source(copy).matches(recorded)
    assert not content_source(other).matches(recorded)
    other.replace(one)
    assert not content_source(one).matches(recorded)


def test_the_hub_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "one.npz").write_bytes(b"weights")
    hub, file = content_source(None), content_source(tmp_path / "one.npz")
    assert hub == ContentSource(HUB)
    assert hub.matches({"weights": HUB, "sha256": None})
    assert not hub.matches({"weights": file.weights, "sha256": file.sha256})
    assert not file.matches({"weights": HUB, "sha256": None})


def normalised(original: Any, pictures: Pixels) -> Any:
    network = vgg19((HELD[-1],), "float32")
    network.set_weights(original.get_weights())
    normalise(network, pictures)
    return network


def test_normalised_every_live_channel_speaks_with_a_mean_of_one(original: Any) -> None:
    pictures = noise(3, 16, 12, 3)
    before = features(original, pictures)
    after = features(normalised(original, pictures), pictures)
    assert (before[1][..., DEAD] == 0).all()
    for old, new in zip(before, after, strict=True):
        live = old.max((0, 1, 2)) > 0
        assert live.sum() > 10
        np.testing.assert_allclose(new.mean((0, 1, 2))[live], 1, rtol=1e-3)
        assert (new[..., ~live] == 0).all()


def test_normalising_only_divides_each_channel(original: Any) -> None:
    """Whatever the picture: the network still sees the same, in other units."""
    pictures, others = noise(3, 16, 12, 3), noise(2, 24, 16, 3, seed=1)
    factors = [one.mean((0, 1, 2)) for one in features(original, pictures)]
    changed = features(normalised(original, pictures), others)
    for old, new, factor in zip(features(original, others), changed, factors, strict=True):
        expected = old / np.where(factor > 0, factor, 1)
        np.testing.assert_allclose(new, expected, rtol=1e-2, atol=1e-3 * expected.max())


def test_a_network_of_one_layer_is_normalised_too(original: Any) -> None:
    keras.utils.set_random_seed(0)
    network = vgg19(("block1_conv1",), "float32")
    pictures = noise(2, 8, 8, 3)
    normalise(network, pictures)
    means = features(network, pictures)[0].mean((0, 1, 2))
    np.testing.assert_allclose(means[means > 0], 1, rtol=1e-3)


def test_the_weights_at_hand_are_normalised(vgg_weights: Path, samples: Path) -> None:
    layers = ("block1_conv2", "block2_conv2", "block3_conv1")
    network = load_content(content_source(vgg_weights), layers, None, "float32")
    picture = read_rgb(samples / "harbour.png")[None, :128, :128].astype(np.float32) / 255
    for one in network(picture):
        assert 0.3 < float(tf.reduce_mean(one)) < 3
    with pytest.raises(InputError, match=r"has no block3_conv2.*block3_conv1$"):
        load_content(content_source(vgg_weights), ("block3_conv4",), None, "float32")


def test_without_the_hub_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: object) -> None:
        raise OSError("URL fetch failure: [Errno -2] Name or service not known\nand more")

    monkeypatch.setattr(keras.applications, "VGG19", unreachable)
    with pytest.raises(RunError) as raised:
        load_content(ContentSource(HUB), ("block1_conv2",), noise(1, 8, 8, 3), "float32")
    assert "--content-weights FILE.npz" in str(raised.value)
    assert "Name or service not known" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_hub_that_fails_without_a_word_is_answered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(**_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(keras.applications, "VGG19", silent)
    with pytest.raises(RunError, match="--content-weights"):
        load_content(ContentSource(HUB), ("block1_conv2",), noise(1, 8, 8, 3), "float32")


def test_weights_of_the_hub_are_normalised_on_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    keras.utils.set_random_seed(0)
    theirs = keras.applications.VGG19(weights=None, include_top=False)
    asked: list[dict[str, object]] = []

    def hub(**arguments: object) -> Any:
        asked.append(arguments)
        return theirs

    monkeypatch.setattr(keras.applications, "VGG19", hub)
    pictures, other = noise(2, 16, 16, 3), noise(1, 16, 16, 3, seed=1)
    names = ("block1_conv2", "block2_conv1")
    found = load_content(ContentSource(HUB), names, pictures, "float32")
    assert asked == [{"weights": "imagenet", "include_top": False}]

    def raw(shown: Pixels) -> list[Pixels]:
        outputs = [theirs.get_layer(name).output for name in names]
        seen = keras.applications.vgg19.preprocess_input(shown * 255)
        return [np.asarray(one) for one in keras.Model(theirs.input, outputs)(seen)]

    for one, on_other, on_pictures in zip(found(other), raw(other), raw(pictures), strict=True):
        means = on_pictures.mean((0, 1, 2))
        expected = on_other / np.where(means > 0, means, 1)
        np.testing.assert_allclose(one, expected, rtol=1e-2, atol=1e-3 * expected.max())
