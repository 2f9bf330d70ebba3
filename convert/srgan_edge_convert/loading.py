"""A generator's file as a network: Keras 2 and Keras 3, safe mode, known layers only."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge_convert import graph
from srgan_edge_convert.layers import LayerCall, node_of
from srgan_edge_convert.network import PICTURE, Network, Node
from srgan_edge_train.generators import load_generator
from srgan_edge_train.keras_file import check_keras_file

# For a side that the file leaves free: odd and even, small and not square.
_HEIGHT, _WIDTH = 13, 18
_LARGEST_SCALE = 16  # that a model file can have
# Sums in another order through a hundred layers; and what 16-bit layers round away.
_TOLERANCE, _TOLERANCE_16_BIT = 1e-4, 3e-2


@dataclass(frozen=True)
class Loaded:
    """A generator as a network.

    Attributes:
        network: RGB in 0..1, (n, h, w, 3) -> (n, s*h, s*w, 3).
        scale: s.
        keras: the version of Keras that wrote the file.
    """

    network: Network
    scale: int
    keras: str


def load_network(path: Path) -> Loaded:
    """Read a `.keras` file, take over its layers, and prove that they give the same picture.

    Nothing in the file is run before all of its layers are known.

    Raises:
        InputError: no such file, damaged, or a layer that is not known; names the layer and what
            is accepted.
    """
    version = check_keras_file(path)
    if version.startswith("3"):
        from srgan_edge_convert import keras3

        model = keras3.load_keras3(path)
        calls = keras3.calls_of(model, path)
    else:
        model = load_generator(path)
        calls = calls_of(model, path)
    network = _network(calls, path)
    scale = graph.scale(network)
    if scale > _LARGEST_SCALE:
        raise InputError(f"{path} makes pictures {scale} times larger; accepted are up to 16")
    if network.channels(network.output) != 3:
        raise InputError(
            f"{path} gives {network.channels(network.output)} channels; accepted is an RGB picture"
        )
    _prove_same(model, network, path)
    return Loaded(network, scale, version)


def blend(loaded: Loaded, other: Loaded, share: float) -> Loaded:
    """Network interpolation (Wang et al. 2018, ESRGAN, eq. 9): `loaded` moved towards `other`.

    Both must be one architecture, one of them trained from the other's weights; two that were
    trained apart have nothing in common between them.

    Args:
        loaded: what a share of 0 gives.
        other: what a share of 1 gives.
        share: 0 to 1.

    Raises:
        InputError: the two have different layers.
    """
    pairs = list(zip_longest(loaded.network.nodes, other.network.nodes))
    if not all(a and b and _alike(a, b) for a, b in pairs):
        raise InputError("generators to blend must be of one architecture, these have other layers")
    nodes = tuple(
        replace(
            a,
            weights=tuple(
                (1 - share) * x + share * y for x, y in zip(a.weights, b.weights, strict=True)
            ),
        )
        for a, b in pairs
    )
    return replace(loaded, network=replace(loaded.network, nodes=nodes))


def _alike(one: Node, other: Node) -> bool:
    shapes = [[weight.shape for weight in node.weights] for node in (one, other)]
    return one.kind == other.kind and shapes[0] == shapes[1]


def _network(calls: list[LayerCall], path: Path) -> Network:
    """The layers that compute something, in the order in which they are called."""
    renamed: dict[str, str] = {}
    network = Network((), PICTURE)
    calls = _named_plainly(calls)
    for call in calls:
        inputs = tuple(renamed[name] for name in call.inputs)
        if call.kind == "InputLayer":
            if PICTURE in renamed.values() or call.shape[-1:] != (3,) or len(call.shape) != 4:
                raise InputError(
                    f"{path} takes {call.shape}; accepted is one RGB input (None, None, None, 3)"
                )
            renamed[call.name] = PICTURE
            continue
        channels = [network.channels(name) for name in inputs]
        node = node_of(call, inputs, channels, str(path))
        renamed[call.name] = node.name if node else inputs[0]
        if node:
            network = Network((*network.nodes, node), node.name)
    if not network.nodes:
        raise InputError(f"{path} holds no layer that computes anything")
    return Network(network.nodes, renamed[calls[-1].name])


def _named_plainly(calls: list[LayerCall]) -> list[LayerCall]:
    """Names of letters and digits that are no name of the picture's, each once."""
    names: dict[str, str] = {}
    for call in calls:
        plain = re.sub(r"\W", "_", call.name)
        while plain in (PICTURE, *names.values()):
            plain += "_"
        names[call.name] = plain
    return [
        replace(call, name=names[call.name], inputs=tuple(names[one] for one in call.inputs))
        for call in calls
    ]


def calls_of(model: Any, path: Path) -> list[LayerCall]:
    """The layers of a Keras 2 model, inputs first, the one that gives the picture last."""
    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1:
        raise InputError(f"{path} has {len(outputs)} outputs; accepted is one")
    calls: list[LayerCall] = []
    nodes = [
        node
        for depth in sorted(model._nodes_by_depth, reverse=True)
        for node in model._nodes_by_depth[depth]
    ]
    for node in nodes:
        layer = node.layer
        sources = [one.layer.name for one in node.parent_nodes]
        calls.append(
            LayerCall(
                name=layer.name,
                kind=type(layer).__name__,
                inputs=tuple(sources),
                config={**layer.get_config(), **node.call_kwargs},
                weights=_weights(layer),
                shape=() if sources else tuple(layer.output.shape),
                trainable=layer.trainable,
            )
        )
    return in_order(calls, outputs[0].node.layer.name, path)


def _weights(layer: Any) -> tuple[Any, ...]:
    """Float64. Damaged ones may be no numbers: `_prove_same` refuses them in a line."""
    with np.errstate(invalid="ignore"):
        return tuple(np.asarray(w, np.float64) for w in layer.get_weights())


def in_order(calls: list[LayerCall], output: str, path: Path) -> list[LayerCall]:
    """What leads to `output`, which comes last. A layer that is called twice is refused."""
    names = [call.name for call in calls]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(
            f"{path}: layer {twice!r} is called {names.count(twice)} times; accepted is once"
        )
    by_name = {call.name: call for call in calls}
    needed: set[str] = set()
    ahead = [output]
    while ahead:
        name = ahead.pop()
        if name not in needed:
            needed.add(name)
            ahead += by_name[name].inputs
    kept = [call for call in calls if call.name in needed and call.name != output]
    return [*kept, by_name[output]]


def _prove_same(model: Any, network: Network, path: Path) -> None:
    """Run both on random input, of the file's own size where it is fixed."""
    height, width = (a or b for a, b in zip(model.input_shape[1:3], (_HEIGHT, _WIDTH), strict=True))
    picture = np.random.default_rng(0).random((1, height, width, 3), np.float32)
    expected = np.asarray(model(picture, training=False), np.float32)
    actual = network.model()(picture, training=False).numpy()
    if actual.shape != expected.shape:
        raise InputError(f"{path} makes {expected.shape} of {picture.shape}, no larger picture")
    exact = all(layer.compute_dtype == "float32" for layer in model.layers)
    allowed = (_TOLERANCE if exact else _TOLERANCE_16_BIT) * max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(actual - expected).max())
    if not difference <= allowed:
        raise InputError(
            f"{path}: its layers, taken over one by one, give another picture "
            f"(by {difference:.2g}, allowed is {allowed:.2g})"
        )
