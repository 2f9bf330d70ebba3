"""A TIFF file, strip by strip (TIFF 6.0); as BigTIFF where four gigabytes are not enough."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import BinaryIO

from srgan_edge.decoded import ImageFile
from srgan_edge.rows.samples import interleaved

_ROWS = 64  # of a strip, but the last
_SHORT, _LONG, _UNDEFINED, _LONG8 = 3, 4, 7, 16
_LETTERS = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}
_SMALL = 4_000_000_000  # bytes of pixels that leave room for the rest


class TiffRows:
    """8 bits a sample, not compressed, as Pillow writes it."""

    def __init__(self, file: BinaryIO, width: int, height: int, kind: ImageFile) -> None:
        """Write what comes before the rows; the directory comes behind them."""
        self._file = file
        self._size = width, height
        self._samples = interleaved(kind).shape[2]
        self._has_alpha = kind.alpha is not None
        self._profile = kind.profile
        self._big = width * height * self._samples > _SMALL
        head = b"II" + (struct.pack("<HHHQ", 43, 8, 0, 0) if self._big else b"*\0\0\0\0\0")
        file.write(head)
        self._start = len(head)

    def write(self, rows: ImageFile) -> None:
        """The next rows."""
        self._file.write(interleaved(rows).data)

    def close(self) -> None:
        """The directory, and at the beginning where it is."""
        width, height = self._size
        line = width * self._samples
        counts = [line * min(_ROWS, height - row) for row in range(0, height, _ROWS)]
        offsets = [self._start + line * row for row in range(0, height, _ROWS)]
        place = _LONG8 if self._big else _LONG
        entries: list[tuple[int, int, Sequence[int] | bytes]] = [
            (256, _LONG, [width]),
            (257, _LONG, [height]),
            (258, _SHORT, [8] * self._samples),
            (259, _SHORT, [1]),  # no compression
            (262, _SHORT, [1 if self._samples < 3 else 2]),  # black is zero, or RGB
            (273, place, offsets),
            (277, _SHORT, [self._samples]),
            (278, _LONG, [_ROWS]),
            (279, place, counts),
            (284, _SHORT, [1]),  # the samples of a pixel are side by side
        ]
        if self._has_alpha:
            entries.append((338, _SHORT, [2]))  # not premultiplied
        if self._profile:
            entries.append((34675, _UNDEFINED, self._profile))
        self._directory(entries)

    def _directory(self, entries: list[tuple[int, int, Sequence[int] | bytes]]) -> None:
        end = self._start + self._size[0] * self._size[1] * self._samples
        self._file.write(b"\0" * (-end % 8))
        end += -end % 8
        count, field, room = ("<Q", "Q", 8) if self._big else ("<H", "I", 4)
        head = struct.calcsize(count) + len(entries) * (4 + 2 * room) + room
        table, beyond = struct.pack(count, len(entries)), b""
        for tag, kind, values in entries:
            content = _packed(kind, values)
            table += struct.pack(f"<HH{field}", tag, kind, len(values))
            if len(content) <= room:
                table += content.ljust(room, b"\0")
            else:
                table += struct.pack(f"<{field}", end + head + len(beyond))
                beyond += content + b"\0" * (-len(content) % 8)
        self._file.write(table + b"\0" * room + beyond)
        self._file.seek(8 if self._big else 4)
        self._file.write(struct.pack(f"<{field}", end))


def _packed(kind: int, values: Sequence[int] | bytes) -> bytes:
    if isinstance(values, bytes):
        return values
    return struct.pack(f"<{len(values)}{_LETTERS[kind]}", *values)
