"""What a `.keras` file says before anything in it is loaded: its version, and what it refers to."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge_train.weights_file import check_weights

# Where classes may come from. Keras imports any module that a configuration names.
_HOMES = ("keras", "tf_keras", "srgan_edge_train", "builtins")
_WEIGHTS = "model.weights.h5"
_LARGEST, _LARGEST_TEXT = 600 << 20, 16 << 20  # bytes
_MOST_PARTS = 50_000  # objects in a configuration; a layer has about ten
# What makes a layer large: far above what any generator for a small computer has.
_MOST = {
    "filters": 2048,
    "units": 2048,
    "kernel_size": 64,
    "dilation_rate": 64,
    "strides": 64,
    "size": 64,
    "scale": 4096,
    "depth_multiplier": 64,
    "padding": 4096,
    "batch_shape": 1024,
    "batch_input_shape": 1024,
    "input_dim": 16384,
    "output_dim": 16384,
}
_CODE = ("Lambda", "__lambda__", "__bytes__", "__typespec__", "function")


def check_keras_file(path: Path) -> str:
    """Look at a `.keras` file without loading it; returns the version of Keras that wrote it.

    Keras's safe mode refuses Lambda layers, but imports what a configuration names, builds layers
    of any size, and unpacks what an archive says that it has. So nothing but Keras's own classes
    and this package's may be named, all sizes are looked at, and the weights are read elsewhere
    first.

    Raises:
        InputError: no such file, damaged, too large, or it refers to code.
    """
    if not path.is_file():
        raise InputError(f"no generator at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive)
            version = str(json.loads(archive.read("metadata.json"))["keras_version"])
            config = json.loads(archive.read("config.json"))
            weights = archive.read(_WEIGHTS)
        _check_config(config)
    except Exception as error:  # zipfile raises a dozen kinds, and memory may not suffice
        raise InputError(
            f"cannot load {path} as a Keras generator: it is damaged or no .keras file "
            f"({first_line(error)})"
        ) from None
    for part in _parts(config):
        name, module = part.get("class_name"), part.get("module")
        home = str(module or "keras").split(".")[0]
        if name in _CODE or home not in _HOMES:
            raise InputError(
                f"cannot load {path}: it refers to code ({name} of {module}), which is not run; "
                "accepted are layers of Keras"
            )
    if reason := check_weights(path, weights):
        raise InputError(f"cannot load {path} as a Keras generator: {reason}")
    return version


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Raise ValueError for what no Keras wrote."""
    members = archive.infolist()
    if len({member.filename for member in members}) < len(members):
        raise ValueError("it has files of one name")
    total = sum(member.file_size for member in members)
    if total > _LARGEST:
        raise ValueError(f"it unpacks to {total} bytes, accepted are {_LARGEST}")
    for member in members:
        place = PurePosixPath(member.filename)
        if place.is_absolute() or ".." in place.parts:
            raise ValueError(f"it has a file at {member.filename[:60]!r}")
        if place.suffix == ".json" and member.file_size > _LARGEST_TEXT:
            raise ValueError(f"its {place.name} has {member.file_size} bytes")


def _check_config(config: Any) -> None:
    """Raise ValueError for layers of sizes that no generator has."""
    for count, part in enumerate(_parts(config)):
        if count > _MOST_PARTS:
            raise ValueError(f"its configuration has more than {_MOST_PARTS} parts")
        layers = part.get("layers")
        if isinstance(layers, list):
            names = [str(layer.get("name")) for layer in layers if isinstance(layer, dict)]
            if len(set(names) - {"None"}) < len([name for name in names if name != "None"]):
                raise ValueError("it has layers of one name")
        for key, most in _MOST.items():
            _check_size(key, part.get(key), most)


def _check_size(key: str, value: Any, most: int) -> None:
    """`value` is a number, or a list of numbers and None."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, (int, float)) and not abs(one) <= most:
            raise ValueError(f"{key} is {str(one)[:30]}, accepted are up to {most}")


def first_line(error: Exception) -> str:
    """What an error says, short."""
    said = str(error).strip()
    return said.splitlines()[0][:200] if said else repr(error)


def _parts(config: Any) -> Iterator[dict[str, Any]]:
    """Every object within a configuration."""
    ahead = [config]
    while ahead:
        part = ahead.pop()
        if isinstance(part, dict):
            yield part
            ahead += part.values()
        elif isinstance(part, list):
            ahead += part
