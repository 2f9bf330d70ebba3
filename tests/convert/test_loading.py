"""Other people's generators: what is taken over, and what is refused and how."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from helpers import SAMPLES, assert_refused, run_cli
from networks import kinds, run, scattered

from srgan_edge import load_model
from srgan_edge.errors import InputError
from srgan_edge_convert.loading import load_network
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.edge import edge_generator

L = keras.layers


def saved(path: Path, body: Any, shape: tuple[int | None, ...] = (None, None, 3)) -> Path:
    picture = keras.Input(shape)
    scattered(keras.Model(picture, body(picture))).save(path, save_format="keras")
    return path


def keras3_model() -> Any:
    """As somebody with Keras 3 writes one: operators, operations, PReLU, two ways to enlarge."""
    import keras as keras3

    layers = keras3.layers
    picture = keras3.Input((None, None, 3))
    x = layers.Conv2D(8, 5, padding="same", activation="relu")(picture)
    y = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    y = layers.PReLU(shared_axes=[1, 2], alpha_initializer="glorot_uniform")(
        layers.BatchNormalization()(y)
    )
    y = layers.LeakyReLU(negative_slope=0.1)(layers.Dropout(0.5)(y))
    x = keras3.ops.relu(x + y)
    x = layers.Conv2D(8, 3, padding="same")(layers.UpSampling2D(2)(x))
    x = keras3.ops.depth_to_space(layers.Conv2D(12, 3, padding="same")(x), 2)
    return keras3.Model(picture, x)


def test_a_keras_3_file_gives_the_picture_that_keras_3_makes(tmp_path: Path) -> None:
    model = keras3_model()
    model.save(tmp_path / "theirs.keras")
    loaded = load_network(tmp_path / "theirs.keras")
    picture = np.random.default_rng(3).random((1, 9, 7, 3), np.float32)
    np.testing.assert_allclose(run(loaded.network, picture), model(picture), atol=1e-5)
    assert (loaded.scale, loaded.keras[0]) == (4, "3")


def test_a_keras_3_file_is_converted(tmp_path: Path) -> None:
    keras3_model().save(tmp_path / "theirs.keras")
    options = ("--data", SAMPLES / "photos", "--qat-steps", 2, "--max-drop", 99)
    ran = run_cli("convert", tmp_path / "theirs.keras", "--int8", *options)
    assert ran.code == 0, ran.err
    assert "XNNPACK takes all ops" in ran.out
    facts = load_model(tmp_path / "theirs.int8.tflite").facts
    assert (facts.name, facts.scale, facts.colour) == ("theirs", 4, "bgr")


def test_a_sequential_keras_3_model_of_fixed_size(tmp_path: Path) -> None:
    import keras as keras3

    model = keras3.Sequential(
        [
            keras3.Input((20, 24, 3)),
            keras3.layers.Conv2D(4, 3, padding="same", activation="relu", name="a b.c"),
            keras3.layers.UpSampling2D(3),
            keras3.layers.Conv2D(3, 3, padding="same", name="lr"),
        ]
    )
    model.save(tmp_path / "fixed.keras")
    loaded = load_network(tmp_path / "fixed.keras")
    names = [node.name for node in loaded.network.nodes]
    assert (names[0], names[2]) == ("a_b_c", "lr_")
    assert run(loaded.network, np.zeros((1, 5, 6, 3))).shape == (1, 15, 18, 3)


def test_tensorflow_operations_in_a_keras_2_file(tmp_path: Path) -> None:
    def body(x: Any) -> Any:
        y = tf.nn.depth_to_space(L.Conv2D(12, 3, padding="same")(x), 2)
        return tf.nn.relu(y + L.Conv2D(3, 3, padding="same")(y))

    path = saved(tmp_path / "tf.keras", body)
    assert kinds(load_network(path).network) == ["Conv2D", "DepthToSpace", "Conv2D", "Add", "ReLU"]


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (L.SeparableConv2D(3, 3, padding="same", name="odd"), "'odd' is a SeparableConv2D"),
        (L.Conv2D(3, 3, padding="valid", name="odd"), "padding 'same', got valid"),
        (L.Conv2D(3, 3, 2, padding="same", name="odd"), "stride 1"),
        (L.Conv2D(3, 3, padding="same", groups=3, name="odd"), "ungrouped, got 3"),
        (L.Conv2D(3, 3, padding="same", activation="tanh", name="odd"), "got tanh"),
        (L.Activation("sigmoid", name="odd"), "got sigmoid"),
        (L.ReLU(max_value=6, name="odd"), "max_value, got 6"),
        (L.UpSampling2D(2, interpolation="bilinear", name="odd"), "'nearest', got bilinear"),
        (L.UpSampling2D((2, 3), name="odd"), "alike each way"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_known_is_named(layer: Any, told: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.keras", layer)
    with pytest.raises(InputError, match=r"mine\.keras: layer 'odd'") as refused:
        load_network(path)
    assert told in str(refused.value)


def test_slopes_that_differ_over_space_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.keras", L.PReLU(name="odd"), (8, 8, 3))
    with pytest.raises(InputError, match=r"layer 'odd' .*shared_axes"):
        load_network(path)


def test_a_layer_that_is_called_twice_is_refused(tmp_path: Path) -> None:
    conv = L.Conv2D(3, 3, padding="same", name="again")
    path = saved(tmp_path / "mine.keras", lambda x: conv(conv(x)))
    with pytest.raises(InputError, match="layer 'again' is called 2 times"):
        load_network(path)


def test_other_pictures_are_refused(tmp_path: Path) -> None:
    grey = saved(tmp_path / "grey.keras", L.Conv2D(3, 3, padding="same"), (None, None, 1))
    with pytest.raises(InputError, match=r"takes \(None, None, None, 1\)"):
        load_network(grey)
    wide = saved(tmp_path / "wide.keras", L.Conv2D(4, 3, padding="same"))
    with pytest.raises(InputError, match="gives 4 channels"):
        load_network(wide)


def changed_config(source: Path, target: Path, change: Any) -> Path:
    """The same file with another configuration inside."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as result:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                content = json.dumps(change(json.loads(content))).encode()
            result.writestr(name, content)
    return target


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.keras"
    edge_generator(2, 4, 3, "float32").save(path, save_format="keras")
    return path


def test_code_in_a_file_is_refused_and_not_run(plain: Path, tmp_path: Path) -> None:
    """A Lambda of either Keras, and a class of a module that loading would import."""
    import keras as keras3

    (tmp_path / "payload.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")

    def foreign(config: Any) -> Any:
        config["config"]["layers"][1] |= {"module": "payload", "class_name": "Layer"}
        return config

    keras.Model(i := keras.Input((None, None, 3)), L.Lambda(lambda x: x * 2)(i)).save(
        tmp_path / "lambda2.keras", save_format="keras"
    )
    picture = keras3.Input((None, None, 3))
    doubled = keras3.layers.Lambda(lambda x: x * 2)(picture)
    keras3.Model(picture, doubled).save(tmp_path / "lambda3.keras")
    changed_config(plain, tmp_path / "foreign.keras", foreign)
    for name in ("lambda2", "lambda3", "foreign"):
        ran = run_cli("convert", f"{name}.keras", "--float32", cwd=tmp_path)
        assert_refused(ran, "refers to code", "not run")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_that_is_cut_off_is_refused(plain: Path, share: float) -> None:
    content = plain.read_bytes()
    plain.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match=r"cannot load .*plain\.keras"):
        load_network(plain)


def test_weights_that_are_damaged_are_refused(plain: Path, tmp_path: Path) -> None:
    def wider(config: Any) -> Any:
        config["config"]["layers"][1]["config"]["filters"] = 5
        return config

    path = changed_config(plain, tmp_path / "wider.keras", wider)
    with pytest.raises(InputError, match="cannot load"):
        load_network(path)
