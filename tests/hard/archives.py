"""Damaged and hostile `.keras` files: the archive, and what is in it."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import h5py
import numpy as np

from tests.hard.damage import EDGES, damaged

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_CLASSES = ("Lambda", "Dense", "TFOpLambda", "Functional", "Conv2D", "ReLU", "Add", "x" * 300, "")
_MODULES = ("os", "builtins", "keras.layers", "tf_keras.src.layers", "subprocess", "keras.saving")
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0.0, 1e308, float("nan"), "", "same", "valid", "relu", "float64", "mixed_x"),
    *([], {}, [1], [1, 1], [3, 3, 3], [None, None, None, 3], [None, 10**6, 10**6, 3]),
    {"class_name": "Lambda", "config": {}, "module": "keras.layers"},
    {"class_name": "__lambda__", "config": {"value": "x"}},
    {"class_name": "system", "module": "os", "config": "true"},
)


def parts_of(archive: bytes) -> dict[str, bytes]:
    """The files in an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(parts: dict[str, bytes], compressed: bool = False) -> bytes:
    """An archive of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if compressed else 0) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def mutants(chance: random.Random, generators: list[bytes]) -> Iterator[bytes]:
    """Without end."""
    unpacked = [parts_of(content) for content in generators]
    while True:
        number = chance.randrange(len(generators))
        parts, kind = dict(unpacked[number]), chance.random()
        if kind < 0.1:
            yield damaged(chance, generators[number], magic=4)
            continue
        if kind < 0.5:
            parts[CONFIG] = _other_json(chance, parts[CONFIG])
        elif kind < 0.85:
            parts[WEIGHTS] = damaged(chance, parts[WEIGHTS])
        elif kind < 0.92:
            name = chance.choice(list(parts))
            parts[name] = damaged(chance, parts[name], magic=0)
        else:
            for name in chance.sample(sorted(parts), 2):
                if name.endswith(".json"):
                    parts[name] = _other_json(chance, parts[name])
                elif chance.random() < 0.3:
                    del parts[name]
        yield packed(parts)


def _other_json(chance: random.Random, text: bytes) -> bytes:
    """Values, keys and lists that are others."""
    whole = json.loads(text)
    for _ in range(chance.choice((1, 1, 2, 3))):
        owner, key = chance.choice(list(_places(whole)))
        kind = chance.randrange(6)
        if kind == 0:
            del owner[key]
        elif kind == 1 and isinstance(owner, list):
            owner.insert(chance.randrange(len(owner) + 1), deepcopy(owner[key]))
        elif isinstance(owner[key], str) and kind < 4:
            owner[key] = chance.choice((*_CLASSES, *_MODULES, "lr", "conv2d"))
        elif isinstance(owner[key], (int, float)) and kind < 5:
            owner[key] = chance.choice((*EDGES, -1, 0.5))
        else:
            owner[key] = deepcopy(chance.choice(_VALUES))
    return json.dumps(whole).encode()


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(part) if isinstance(part, dict) else range(len(part))
    for key in keys:
        yield part, key
        if isinstance(part[key], (dict, list)):
            yield from _places(part[key])


def hostile(generator: bytes) -> dict[str, bytes]:
    """By what is wrong with it."""
    parts = parts_of(generator)
    config = json.loads(parts[CONFIG])
    traversal = {**parts, "../../escaped": b"x", "/escaped": b"x"}
    nested = b'{"a":' * 200_000 + b"1" + b"}" * 200_000
    return {
        "a config of 300 MB": packed({**parts, CONFIG: b" " * (300 << 20)}, compressed=True),
        "weights of 3 GB": _large_member(parts, 3 << 30),
        "a config without end": packed({**parts, CONFIG: nested}),
        "paths out of the archive": packed(traversal),
        "encrypted": _flagged(generator, 0x1),
        "another compression": _method(generator, 99),
        "weights that unfold": packed({**parts, WEIGHTS: _unfolding(parts[WEIGHTS], 1 << 40)}),
        "weights that are many": packed({**parts, WEIGHTS: _unfolding(parts[WEIGHTS], 1 << 31)}),
        "weights that go round": packed({**parts, WEIGHTS: _linked(parts[WEIGHTS])}),
        "weights elsewhere": packed({**parts, WEIGHTS: _elsewhere()}),
        "a layer that is huge": packed({**parts, CONFIG: _with_filters(config, 2**31 - 1)}),
        "a layer that is large": packed({**parts, CONFIG: _with_filters(config, 8_000)}),
        "an input that is large": packed({**parts, CONFIG: _with_input(config, 100_000)}),
        "many layers": packed({**parts, CONFIG: _repeated(config, 20_000)}),
        "nothing": packed({}),
        "empty": b"",
        "text": b"hello",
    }


def _large_member(parts: dict[str, bytes], size: int) -> bytes:
    """An archive of some MB, one file of which has so many bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            if name != WEIGHTS:
                archive.writestr(name, part)
        with archive.open(WEIGHTS, "w", force_zip64=True) as file:
            for _ in range(size >> 24):
                file.write(bytes(1 << 24))
    return content.getvalue()


def _flagged(archive: bytes, flag: int) -> bytes:
    """Every member marked with a flag of the format."""
    return _patched(archive, 6, 8, flag)


def _method(archive: bytes, method: int) -> bytes:
    """Every member of another way of compression."""
    return _patched(archive, 8, 10, method)


def _patched(archive: bytes, local: int, central: int, value: int) -> bytes:
    changed = bytearray(archive)
    for signature, field in ((b"PK\3\4", local), (b"PK\1\2", central)):
        place = changed.find(signature)
        while place >= 0:
            changed[place + field] = value
            place = changed.find(signature, place + 4)
    return bytes(changed)


def _h5(fill: Any) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        fill(file)
    return content.getvalue()


def _unfolding(weights: bytes, size: int) -> bytes:
    """A few kB in which every array says that it has so many numbers."""
    content, names = io.BytesIO(weights), list[str]()
    with h5py.File(content, "r+") as file:
        file.visititems(lambda name, part: names.append(name) if hasattr(part, "size") else None)
        for name in names:
            del file[name]
            file.create_dataset(name, (size,), np.float32, chunks=(1 << 20,), fillvalue=1)
    return content.getvalue()


def _linked(weights: bytes) -> bytes:
    """A group that contains itself."""
    content = io.BytesIO(weights)
    with h5py.File(content, "r+") as file:
        file["round"] = file["/"]
        file["soft"] = h5py.SoftLink("/soft")
    return content.getvalue()


def _elsewhere() -> bytes:
    """Weights that are in another file of the machine."""

    def fill(file: Any) -> None:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")
        file.create_dataset("x", (16,), "i1", external=[("/etc/passwd", 0, 16)])

    return _h5(fill)


def _with_filters(config: dict[str, Any], filters: int) -> bytes:
    config = deepcopy(config)
    for owner, key in _places(config):
        if key == "filters":
            owner[key] = filters
    return json.dumps(config).encode()


def _with_input(config: dict[str, Any], side: int) -> bytes:
    config = deepcopy(config)
    for owner, key in _places(config):
        if key in ("batch_shape", "batch_input_shape"):
            owner[key] = [None, side, side, 3]
    return json.dumps(config).encode()


def _repeated(config: dict[str, Any], times: int) -> bytes:
    config = deepcopy(config)
    layers = config["config"]["layers"]
    layers += [layers[1]] * times
    return json.dumps(config).encode()
