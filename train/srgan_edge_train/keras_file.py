"""What a `.keras` file says before anything in it is loaded: its version, and what it refers to."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError

# Where classes may come from. Keras imports any module that a configuration names.
_HOMES = ("keras", "tf_keras", "srgan_edge_train", "builtins")
_CODE = ("Lambda", "__lambda__", "__bytes__", "__typespec__", "function")


def check_keras_file(path: Path) -> str:
    """Look at a `.keras` file without loading it; returns the version of Keras that wrote it.

    Keras's safe mode refuses Lambda layers, but imports what a configuration names. So nothing but
    Keras's own classes and this package's may be named.

    Raises:
        InputError: no such file, damaged, or it refers to code.
    """
    if not path.is_file():
        raise InputError(f"no generator at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            version = str(json.loads(archive.read("metadata.json"))["keras_version"])
            config = json.loads(archive.read("config.json"))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, RecursionError) as error:
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
    return version


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
