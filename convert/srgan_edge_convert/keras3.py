"""Keras 3 files, which tf-keras refuses: read by Keras 3, which TensorFlow brings along."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.quiet import native_messages_hidden
from srgan_edge_convert.layers import LayerCall
from srgan_edge_train.keras_file import first_line


def load_keras3(path: Path) -> Any:
    """The Keras 3 model in a file. Raises InputError when it cannot be read in safe mode."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with native_messages_hidden():
        import keras
    try:
        with warnings.catch_warnings():  # what is said here is said once, as an error or not at all
            warnings.simplefilter("ignore")
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises a dozen kinds for damaged and foreign files
        raise InputError(f"cannot load {path} as a Keras 3 model: {first_line(error)}") from None


def calls_of(model: Any, path: Path) -> list[LayerCall]:
    """The layers and operations of a Keras 3 model, inputs first, the picture's last."""
    from srgan_edge_convert.loading import in_order

    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1:
        raise InputError(f"{path} has {len(outputs)} outputs; accepted is one")
    graph = getattr(model, "_functional", None) or model  # Sequential holds its graph
    calls = []
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            calls.append(_call(node))
    return in_order(calls, outputs[0]._keras_history.operation.name, path)


def _call(node: Any) -> LayerCall:
    operation = node.operation
    sources = tuple(parent.operation.name for parent in node.parent_nodes)
    config = operation.get_config() if hasattr(operation, "get_config") else {}
    held: list[Any] = getattr(operation, "get_weights", list)()
    return LayerCall(
        name=operation.name,
        kind=type(operation).__name__,
        inputs=sources,
        config={**_arguments(operation), **config},
        weights=tuple(np.asarray(weight, np.float64) for weight in held),
        shape=tuple(node.outputs[0].shape) if not sources else (),
        trainable=getattr(operation, "trainable", True),
    )


def _arguments(operation: Any) -> dict[str, Any]:
    """What an operation that is no layer (`keras.ops.depth_to_space`) was given."""
    return {key: value for key, value in vars(operation).items() if isinstance(value, (int, str))}
