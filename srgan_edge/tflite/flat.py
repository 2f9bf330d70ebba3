"""A flatbuffer, of which nothing is read that is not inside it: what `.tflite` files are.

A table knows where its fields are by a list of 16-bit distances in front of it; what has no fixed
size is elsewhere, at a distance that stands in its field. All of these may lie in a damaged file.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt
from flatbuffers import packer


class DamagedError(ValueError):
    """What cannot be, and where; the message is for a person."""


@dataclass(frozen=True)
class Table:
    """One object of a file. Fields have the numbers of TFLite's schema.fbs."""

    content: bytes
    place: int

    @classmethod
    def root(cls, content: bytes) -> Table:
        """The object that a file begins with."""
        return cls(content, _follow(content, 0))

    def number(self, field: int, kind: Struct, default: int = 0) -> int:
        """A number, of one of `flatbuffers.packer`'s kinds."""
        place = self._field(field)
        return int(_get(self.content, kind, place)) if place else default

    def table(self, field: int) -> Table | None:
        """An object, or None when the field is empty."""
        place = self._field(field)
        return Table(self.content, _follow(self.content, place)) if place else None

    def tables(self, field: int) -> list[Table]:
        """The objects of a vector; none when the field is empty."""
        start, length = self._vector(field, 4)
        places = range(start, start + 4 * length, 4)
        return [Table(self.content, _follow(self.content, place)) for place in places]

    def numbers(self, field: int, kind: npt.DTypeLike) -> npt.NDArray[Any]:
        """The numbers of a vector; none when the field is empty."""
        dtype = np.dtype(kind).newbyteorder("<")
        start, length = self._vector(field, dtype.itemsize)
        return np.frombuffer(self.content, dtype, length, start if length else 0)

    def bytes_of(self, field: int) -> bytes:
        """The bytes of a vector or a text."""
        start, length = self._vector(field, 1)
        return self.content[start : start + length]

    def text(self, field: int) -> str:
        """A text; empty when the field is."""
        try:
            return self.bytes_of(field).decode()
        except UnicodeDecodeError:
            raise DamagedError("a name in it is no UTF-8") from None

    def has(self, field: int) -> bool:
        """Whether a field is there."""
        return self._field(field) > 0

    def _field(self, field: int) -> int:
        """Where a field is, or 0."""
        distances = self.place - _get(self.content, packer.soffset, self.place)
        if 4 + 2 * field >= _get(self.content, packer.voffset, distances):
            return 0
        distance = int(_get(self.content, packer.voffset, distances + 4 + 2 * field))
        return self.place + distance if distance else 0

    def _vector(self, field: int, width: int) -> tuple[int, int]:
        """Where the first of its elements is, and how many there are."""
        place = self._field(field)
        if not place:
            return 0, 0
        place = _follow(self.content, place)
        length = int(_get(self.content, packer.uoffset, place))
        if length > (len(self.content) - place - 4) // width:
            raise DamagedError(f"a list at byte {place} is longer than the file")
        return place + 4, length


def _follow(content: bytes, place: int) -> int:
    return place + int(_get(content, packer.uoffset, place))


def _get(content: bytes, kind: Struct, place: int) -> Any:
    # A negative place would be counted from the end.
    if not 0 <= place <= len(content) - kind.size:
        raise DamagedError(f"it points to byte {place} of {len(content)}")
    return kind.unpack_from(content, place)[0]
