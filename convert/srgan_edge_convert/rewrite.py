"""From a generator to one that computes the same function, proved on random input."""

from __future__ import annotations

from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge_convert.graph import inputs_of, reads_picture
from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import DepthToSpace

# Float rounding of sums in another order, on values of about 1.
_TOLERANCE = 1e-5


def to_bgr(generator: Any) -> Any:
    """The same network for BGR pictures: channels swapped inside the first and last kernels.

    Raises:
        InputError: the result differs by more than float rounding.
    """
    swapped = keras.models.clone_model(generator)
    swapped.set_weights(generator.get_weights())
    first = [layer for layer in swapped.layers if reads_picture(layer)]
    last = _producers(swapped._output_layers[0])
    for layer in first:
        _replace_kernel(layer, lambda kernel: kernel[:, :, ::-1])
    for layer in last:
        order = np.arange(layer.filters).reshape(-1, 3)[:, ::-1].ravel()
        _replace_kernel(layer, lambda kernel, order=order: kernel[..., order])
        if layer.use_bias:
            layer.bias.assign(layer.bias.numpy()[order])
    _prove_equal(generator, swapped)
    return swapped


def _producers(layer: Any) -> list[Any]:
    """The convolutions whose channels become the picture's, through shuffles and sums."""
    if isinstance(layer, keras.layers.Conv2D):
        return [layer]
    if isinstance(layer, (DepthToSpace, keras.layers.Add)):
        return [producer for source in inputs_of(layer) for producer in _producers(source)]
    raise InputError(
        f"layer {layer.name!r} ({type(layer).__name__}) lies between the last convolution and the "
        "picture; accepted there are Add and DepthToSpace"
    )


def _replace_kernel(layer: Any, change: Any) -> None:
    if not isinstance(layer, keras.layers.Conv2D):
        raise InputError(f"layer {layer.name!r} reads the picture; accepted there is Conv2D")
    layer.kernel.assign(change(layer.kernel.numpy()))


def _prove_equal(original: Any, swapped: Any) -> None:
    picture = np.random.default_rng(0).random((2, 24, 20, 3), np.float32)
    expected = original(picture, training=False).numpy()
    actual = swapped(picture[..., ::-1], training=False).numpy()[..., ::-1]
    difference = float(np.abs(expected - actual).max())
    if not difference <= _TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise InputError(f"swapping the colour order changed the picture by {difference:.2g}")
