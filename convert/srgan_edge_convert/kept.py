"""`NAME.qat.keras`: what an 8-bit file was made from, kept so that it can be made again.

A plain Keras model, whose layers compute in float, with one more file in its archive: the ranges
of the tensors and the facts of the file that was made. The same bytes come out of it on any x86-64.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge.facts import ModelFacts
from srgan_edge.files import write_bytes
from srgan_edge.leftovers import scratch_folder
from srgan_edge_convert.layers import LayerCall
from srgan_edge_convert.loading import calls_of
from srgan_edge_convert.network import Network, Node
from srgan_edge_convert.qat import Quantised
from srgan_edge_train.generators import load_generator
from srgan_edge_train.keras_file import check_keras_file, first_line

SUFFIX = ".qat.keras"
_MEMBER = "srgan_edge.json"
_VERSION = 1
_DAY_ONE = (1980, 1, 1, 0, 0, 0)  # of every part of the archive: no date makes two files differ
_CONFIG = {
    "Conv2D": ("filters", "kernel_size", "padding", "dilation_rate", "activation"),
    "DepthwiseConv2D": ("kernel_size", "padding", "dilation_rate", "activation"),
    "DepthToSpace": ("scale",),
    "LeakyReLU": ("alpha",),
    "ZeroPadding2D": ("padding",),
}


def kept_beside(model: Path) -> Path:
    """Where what a `.tflite` file was made from is kept."""
    return model.with_name(f"{model.stem}{SUFFIX}")


def write_kept(path: Path, quantised: Quantised, facts: ModelFacts) -> None:
    """Keep what `facts` are the facts of, whole or not at all."""
    told = {"version": _VERSION, "ranges": quantised.ranges, "facts": json.loads(facts.to_json())}
    with scratch_folder() as folder:
        plain = folder / "model.keras"
        quantised.network.model().save(plain, save_format="keras")
        content = _without_dates(plain, {_MEMBER: json.dumps(told, sort_keys=True)})
    write_bytes(path, content)


def read_kept(path: Path) -> tuple[Quantised, ModelFacts]:
    """What was kept.

    Raises:
        InputError: it is damaged, or of a newer version.
    """
    check_keras_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read(_MEMBER))
        if told["version"] > _VERSION:
            raise InputError(f"{path} is of version {told['version']}: upgrade srgan-edge-convert")
        facts = ModelFacts.from_json(json.dumps(told["facts"]).encode(), str(path))
        network = _network(calls_of(load_generator(path), path))
        ranges = {
            name: (float(least), float(most)) for name, (least, most) in told["ranges"].items()
        }
        if unknown := ranges.keys() - network.by_name.keys():
            raise KeyError(f"no layer {min(unknown)!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: {first_line(error)}") from None
    return Quantised(network, ranges), facts


def _network(calls: list[LayerCall]) -> Network:
    nodes = tuple(_node(call) for call in calls if call.kind != "InputLayer")
    return Network(nodes, nodes[-1].name)


def _node(call: LayerCall) -> Node:
    config = {key: _plain(call.config[key]) for key in _CONFIG.get(call.kind, ())}
    fixed = not call.trainable
    return Node(call.name, call.kind, call.inputs, config, call.weights, fixed=fixed)


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else value


def _without_dates(path: Path, more: dict[str, str]) -> bytes:
    """The archive with every date set to one day, and with more parts."""
    result = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(result, "w") as target:
        parts = {name: source.read(name) for name in source.namelist()}
        metadata = json.loads(parts["metadata.json"])
        parts["metadata.json"] = json.dumps(
            {**metadata, "date_saved": "1980-01-01@00:00:00"}
        ).encode()
        parts |= {name: text.encode() for name, text in more.items()}
        for name, content in parts.items():
            target.writestr(zipfile.ZipInfo(name, _DAY_ONE), content)
    return result.getvalue()
