"""Damaged `.tflite` files: wrong bytes, and sound flatbuffers of networks that cannot be."""

from __future__ import annotations

import copy
import random
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from srgan_edge_convert.flatbuffer import pack, unpack
from tests.hard.damage import EDGES, damaged

_LARGEST_CONSTANT = 200  # bytes; what is larger are weights, which may be any
_NUMBERS = (-(2**31), -(2**16), -129, -2, -1, *EDGES)
_FLOATS = (0.0, -1.0, float("nan"), float("inf"), 1e30, 1e-30, 0.5)


def mutants(chance: random.Random, models: list[bytes]) -> Iterator[bytes]:
    """Without end."""
    places = {content: _structure(content) for content in models}
    objects = {content: unpack(content) for content in models}
    while True:
        content = chance.choice(models)
        kind = chance.random()
        if kind < 0.45:
            yield _wrong_structure(chance, content, places[content])
        elif kind < 0.9:
            found = _wrong_network(chance, copy.deepcopy(objects[content]))
            if found is not None:
                yield found
        else:
            yield damaged(chance, content)


def _structure(content: bytes) -> list[int]:
    """The places of all bytes that are not weights."""
    model, weights = schema.Model.GetRootAsModel(content, 0), set[int]()
    for number in range(model.BuffersLength()):
        buffer = model.Buffers(number)
        if buffer.DataLength() > _LARGEST_CONSTANT:
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            weights.update(range(start, start + buffer.DataLength()))
    return [place for place in range(8, len(content)) if place not in weights]


def _wrong_structure(chance: random.Random, content: bytes, places: list[int]) -> bytes:
    """Offsets, lengths and numbers of a flatbuffer that are others."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        at = min(chance.choice(places) & ~3, len(content) - 4)
        kind = chance.randrange(5)
        if kind == 0:
            changed[at + chance.randrange(4)] = chance.randrange(256)
        elif kind == 1:
            changed[at + chance.randrange(4)] ^= 1 << chance.randrange(8)
        elif kind == 2:
            struct.pack_into("<I", changed, at, chance.choice(_NUMBERS) % 2**32)
        elif kind == 3:
            struct.pack_into(
                "<H", changed, at + chance.choice((0, 2)), chance.choice(EDGES) % 2**16
            )
        else:
            value = struct.unpack_from("<I", changed, at)[0] + chance.choice((-8, -4, -1, 1, 4, 8))
            struct.pack_into("<I", changed, at, value % 2**32)
    return bytes(changed)


def _wrong_network(chance: random.Random, model: Any) -> bytes | None:
    """Fields of TFLite's schema that are others; None for what no flatbuffer can hold."""
    fields = list(_fields(model))
    for _ in range(chance.choice((1, 1, 2, 3))):
        owner, name = chance.choice(fields)
        setattr(owner, name, _other(chance, getattr(owner, name)))
    try:
        return pack(model)
    except (TypeError, struct.error, AttributeError, OverflowError):  # a number of no such kind
        return None


def _fields(part: Any) -> Iterator[tuple[Any, str]]:
    """Every number and every list within an object."""
    for name, value in vars(part).items():
        if isinstance(value, (list, np.ndarray)):
            if name != "data" or len(value) <= _LARGEST_CONSTANT:
                yield part, name
            for one in value:
                if hasattr(one, "__dict__"):
                    yield from _fields(one)
        elif isinstance(value, (int, float, np.number)):
            yield part, name
        elif hasattr(value, "__dict__"):
            yield from _fields(value)


def _other(chance: random.Random, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, np.integer)):
        far = chance.random() < 0.7
        return chance.choice(_NUMBERS) if far else int(value) + chance.choice((-1, 1, 2))
    if isinstance(value, (float, np.floating)):
        return chance.choice(_FLOATS)
    return (
        _other_row(chance, value) if isinstance(value, np.ndarray) else _other_list(chance, value)
    )


def _other_row(chance: random.Random, row: Any) -> Any:
    kind = chance.randrange(3)
    if kind == 0 and len(row):
        row = row.copy()
        edge = chance.choice(_FLOATS if row.dtype.kind == "f" else _NUMBERS)
        with np.errstate(all="ignore"):
            row[chance.randrange(len(row))] = np.array(edge).astype(row.dtype)
        return row
    return row[: chance.randrange(len(row) + 1)] if kind == 1 else np.concatenate([row, row])


def _other_list(chance: random.Random, values: list[Any]) -> list[Any]:
    kind = chance.randrange(4)
    if not values or kind == 0:
        return []
    one = chance.choice(values)
    if kind == 1:
        return [*values, copy.copy(one)]
    return chance.sample(values, len(values)) if kind == 2 else [v for v in values if v is not one]
