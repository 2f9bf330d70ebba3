"""The network in a `.tflite` file: tensors, and the operators between them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from flatbuffers import packer

from srgan_edge.tflite.flat import DamagedError, Table

# Of schema.fbs: what the numbers of tensor types are.
_TYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype(np.float32),
    1: np.dtype(np.float16),
    2: np.dtype(np.int32),
    3: np.dtype(np.uint8),
    4: np.dtype(np.int64),
    7: np.dtype(np.int16),
    9: np.dtype(np.int8),
}
_COUNTED = (np.dtype(np.int8), np.dtype(np.uint8), np.dtype(np.int16))
_SCALES = 1e-18, 1e6  # of a sum of products, and of anything that a picture can become
_MOST_AXES = 6
DEQUANTIZE = 6  # an operator, by TFLite's numbers


@dataclass(frozen=True)
class Tensor:
    """One tensor.

    Attributes:
        name: for messages.
        shape: as it is stored; what is only known when it runs is 1.
        free: the same with -1 there.
        dtype: of its elements.
        data: the values of a constant, else empty.
        scales, zero_points: how integers are meant, one for all or one for each of `axis`.
        axis: along which there are several.
        unpacked: whether an operator makes it of a constant, as of 16-bit weights.
    """

    name: str
    shape: tuple[int, ...]
    free: tuple[int, ...]
    dtype: np.dtype[Any]
    data: bytes
    scales: npt.NDArray[Any]
    zero_points: npt.NDArray[Any]
    axis: int
    unpacked: bool = False

    @property
    def is_stored(self) -> bool:
        """Whether its values are in the file."""
        return len(self.data) > 0

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every picture."""
        return self.is_stored or self.unpacked

    @property
    def channels(self) -> int:
        """The length of its last axis."""
        return self.shape[-1] if self.shape else 1

    def values(self) -> list[int]:
        """Of a constant of integers, in one row."""
        return [int(value) for value in np.frombuffer(self.data, self.dtype)]


@dataclass(frozen=True)
class Operator:
    """One operator: its number in TFLite's list, its options, and which tensors it is between."""

    kind: int
    options_type: int
    options: Table | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    custom: str


@dataclass(frozen=True)
class Graph:
    """A whole network."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_graph(content: bytes) -> Graph:
    """The network of a file, every number of which is inside its range.

    Raises:
        DamagedError: it is not, or there is something that no file of srgan-edge has.
    """
    model = Table.root(content)
    version = model.number(0, packer.uint32)
    _require(version == 3, f"its schema has the version {version}, not 3")
    graphs = model.tables(2)
    _require(len(graphs) == 1, f"it holds {len(graphs)} networks, not one")
    buffers = [_data(one) for one in model.tables(4)]
    codes = [_code(one) for one in model.tables(1)]
    graph = graphs[0]
    tensors = [_tensor(one, buffers) for one in graph.tables(0)]
    indices = [tuple(map(int, graph.numbers(field, np.int32))) for field in (1, 2)]
    operators = [_operator(one, codes) for one in graph.tables(3)]
    _check_rest(model, len(buffers), len(tensors))
    for operator in operators:
        if operator.kind == DEQUANTIZE and _all_stored(tensors, operator.inputs):
            for place in operator.outputs:
                if 0 <= place < len(tensors):
                    tensors[place] = replace(tensors[place], unpacked=True)
    return Graph(tensors, operators, indices[0], indices[1])


def _all_stored(tensors: list[Tensor], places: tuple[int, ...]) -> bool:
    return all(0 <= place < len(tensors) and tensors[place].is_stored for place in places)


def _data(buffer: Table) -> bytes:
    # Values behind the flatbuffer, for files above 2 GB.
    elsewhere = buffer.number(1, packer.uint64) > 1 or buffer.number(2, packer.uint64) > 1
    _require(not elsewhere, "values of it are outside of it")
    return buffer.bytes_of(0)


def _code(code: Table) -> tuple[int, str]:
    """The number of an operator, which older files have in eight bits, and a custom one's name."""
    number = max(code.number(0, packer.int8), code.number(3, packer.int32))
    return number, code.text(1)


def _tensor(table: Table, buffers: list[bytes]) -> Tensor:
    name = table.text(3)
    shape = tuple(int(side) for side in table.numbers(0, np.int32))
    free = tuple(int(side) for side in table.numbers(7, np.int32)) or shape
    buffer, number = table.number(2, packer.uint32), table.number(1, packer.int8)
    told = f"tensor {name[:40]!r}"
    _require(number in _TYPES, f"{told} is of the type {number}")
    _require(buffer < len(buffers), f"{told} has values in buffer {buffer} of {len(buffers)}")
    _require(not (table.number(5, packer.uint8) or table.has(6)), f"{told} is a variable or sparse")
    _require(not table.has(9), f"{told} is made of others")
    _require(len(shape) <= _MOST_AXES, f"{told} has {len(shape)} axes")
    fits = len(free) == len(shape) and all(b in (a, -1) for a, b in zip(shape, free, strict=True))
    _require(fits and all(1 <= side < 2**20 for side in shape), f"{told} has the shape {shape}")
    scales, points, axis = _quantisation(table.table(4), told)
    tensor = Tensor(name, shape, free, _TYPES[number], buffers[buffer], scales, points, axis)
    _check_values(tensor, told)
    return tensor


def _quantisation(table: Table | None, told: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
    if table is None:
        return np.empty(0, np.float32), np.empty(0, np.int64), 0
    _require(table.number(4, packer.uint8) == 0, f"{told} has a quantisation of its own kind")
    axis = table.number(6, packer.int32)
    return table.numbers(2, np.float32), table.numbers(3, np.int64), axis


def _check_values(tensor: Tensor, told: str) -> None:
    if tensor.is_stored:
        wanted = math.prod(tensor.shape) * tensor.dtype.itemsize
        size = len(tensor.data)
        _require(size == wanted, f"{told} has {size} bytes of values, its shape asks for {wanted}")
        _require(tensor.free == tensor.shape, f"{told} is a constant without a shape")
    scales, points = tensor.scales, tensor.zero_points
    # And no NaN.
    fine = bool(np.all((scales >= _SCALES[0]) & (scales <= _SCALES[1])))
    _require(fine, f"{told} has impossible scales")
    # What is counted in steps, and not an index or a sum of them.
    counted = tensor.dtype in _COUNTED
    _require(len(scales) > 0 or not counted, f"{told} has integers without a scale")
    if len(scales) > 1:
        along = tensor.shape[tensor.axis] if 0 <= tensor.axis < len(tensor.shape) else 0
        _require(len(scales) == along, f"{told} has {len(scales)} scales for {along} channels")
    _require(
        len(points) in ((len(scales),) if counted else (0, len(scales))),
        f"{told} has {len(points)} zero points",
    )
    if tensor.dtype.kind in "iu" and len(points):
        limits = np.iinfo(tensor.dtype)
        inside = bool(np.all((points >= limits.min) & (points <= limits.max)))
        _require(inside, f"{told} has impossible zero points")


def _operator(table: Table, codes: list[tuple[int, str]]) -> Operator:
    code = table.number(0, packer.uint32)
    _require(code < len(codes), f"an operator is of kind {code} of {len(codes)}")
    inputs, outputs = (tuple(map(int, table.numbers(field, np.int32))) for field in (1, 2))
    unknown = any(table.has(field) for field in (7, 8, 11, 12)) or table.number(9, packer.uint64)
    _require(not unknown, "an operator has what none of srgan-edge's has")
    kind, custom = codes[code]
    options_type = table.number(3, packer.uint8)
    return Operator(kind, options_type, table.table(4), inputs, outputs, custom)


def _check_rest(model: Table, buffers: int, tensors: int) -> None:
    """What LiteRT also reads: metadata, and names for the input and the output."""
    for entry in model.tables(6):
        entry.text(0)
        _require(entry.number(1, packer.uint32) < buffers, "metadata is in a buffer that is none")
    for signature in model.tables(7):
        _require(signature.number(4, packer.uint32) == 0, "a signature is of another network")
        _require(bool(signature.text(2)), "a signature has no name")
        for entry in _entries(signature):
            _require(entry.number(1, packer.uint32) < tensors, "a signature names no tensor")
            _require(bool(entry.text(0)), "a tensor of a signature has no name")


def _entries(signature: Table) -> Iterator[Table]:
    yield from signature.tables(0)
    yield from signature.tables(1)


def _require(fine: bool, otherwise: str) -> None:
    if not fine:
        raise DamagedError(otherwise)
