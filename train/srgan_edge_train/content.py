"""The content network: VGG19's weights from a file, or from keras.applications."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srgan_edge.errors import InputError, RunError
from srgan_edge.files import check_npz
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.networks.vgg import vgg19
from srgan_edge_train.recipe_check import CONTENT_LAYERS

HUB = "keras.applications"


@dataclass(frozen=True)
class ContentSource:
    """Where the content network's weights come from: `HUB`, or an `.npz` file and its hash."""

    weights: str
    sha256: str | None = None

    def matches(self, recorded: dict[str, Any]) -> bool:
        """Whether this is what a run's record says it was started with."""
        if self.sha256 is None:
            return recorded.get("weights") == self.weights
        return recorded.get("sha256") == self.sha256


def content_source(file: Path | None) -> ContentSource:
    """What `--content-weights` means; None is the hub.

    Raises:
        InputError: the file cannot be read.
    """
    if file is None:
        return ContentSource(HUB)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read the content weights {file}: {error.strerror}") from None
    return ContentSource(str(file), digest)


def load_content(source: ContentSource, layers: Sequence[str], pictures: Any, policy: str) -> Any:
    """VGG19 up to the deepest of `layers`, one output each, with its pretrained weights.

    Weights from keras.applications are normalised on `pictures`, as those in files are meant to
    be: so a recipe's weights mean the same with both.

    Args:
        source: where the weights come from.
        layers: names from `block1_conv1` to `block5_conv4`.
        pictures: (n, h, w, 3) float32 RGB in 0..1.
        policy: the Keras dtype policy to compute in.

    Raises:
        InputError: a file that is damaged or lacks a layer.
        RunError: the hub cannot be reached.
    """
    network = vgg19(tuple(layers), policy)
    if source.weights != HUB:
        _set_weights(network, _from_file(Path(source.weights), network))
    else:
        _set_weights(network, _from_hub())
        normalise(network, pictures)
    return network


def normalise(network: Any, pictures: Any) -> None:
    """Scale weights so that every channel's mean activation on `pictures` is 1.

    ReLU and pooling pass a positive factor on, so each map only changes by a factor a channel
    (Gatys et al. 2016, section 2).
    """
    convs = _convs(network)
    maps = keras.Model(network.input, [layer.output for layer in convs])(pictures)
    maps = tf.nest.flatten(maps)  # Keras returns a single one bare
    means = [np.asarray(tf.reduce_mean(tf.cast(one, tf.float32), (0, 1, 2))) for one in maps]
    before: npt.NDArray[np.float32] = np.ones(3, np.float32)
    for layer, mean in zip(convs, means, strict=True):
        factor = np.where(mean > 0, mean, 1.0).astype(np.float32)  # a dead channel stays as it is
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * before[:, None] / factor, bias / factor])
        before = factor


def _convs(network: Any) -> list[Any]:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


def _set_weights(network: Any, weights: dict[str, Any]) -> None:
    for layer in _convs(network):
        layer.set_weights(weights[layer.name])


def _from_file(path: Path, network: Any) -> dict[str, Any]:
    try:
        check_npz(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            held = {key: arrays[key] for key in arrays.files}
    except Exception as error:  # numpy raises many kinds for what is no npz
        raise InputError(f"cannot read the content weights {path}: {error}") from None
    weights = {}
    for layer in _convs(network):
        if f"{layer.name}/kernel" not in held or f"{layer.name}/bias" not in held:
            there = [name for name in CONTENT_LAYERS if f"{name}/kernel" in held]
            raise InputError(
                f"{path} has no {layer.name}: choose with --content-layer among "
                f"{', '.join(there) or 'none (it holds no VGG19 layer)'}"
            )
        pair = [held[f"{layer.name}/kernel"], held[f"{layer.name}/bias"]]
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if [one.shape for one in pair] != shapes:
            raise InputError(f"{path}: {layer.name} must have the shapes {shapes}")
        weights[layer.name] = pair
    return weights


def _from_hub() -> dict[str, Any]:
    try:
        with redirect_stdout(sys.stderr):  # where Keras shows its download
            whole = keras.applications.VGG19(weights="imagenet", include_top=False)
    except Exception as error:  # urllib's and Keras's own, none of them documented
        raise RunError(
            "cannot download VGG19's weights for the content loss: give a file of them with "
            "--content-weights FILE.npz, or train with the pixel loss alone, --set "
            f"discriminator=none ({(str(error) or repr(error)).splitlines()[0][:120]})"
        ) from None
    return {layer.name: layer.get_weights() for layer in _convs(whole)}
