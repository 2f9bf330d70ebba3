"""A PNG file, row by row (PNG specification, third edition): zlib does the compression."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

import numpy as np

from srgan_edge.decoded import ImageFile
from srgan_edge.quality import Picture
from srgan_edge.rows.samples import interleaved

# Colour types by the number of samples of a pixel.
_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_AVERAGE = 3  # the filter: each sample as its difference to the mean of the left and the upper one


class PngRows:
    """8 bits a sample: grey or RGB, with or without alpha."""

    def __init__(self, file: BinaryIO, width: int, height: int, kind: ImageFile) -> None:
        """Write what comes before the rows."""
        samples = interleaved(kind).shape[2]
        self._file = file
        self._above = np.zeros((1, width, samples), np.uint8)
        # Of what the filter leaves of a photograph hardly anything repeats: Huffman's code alone is
        # as small as level 4, in a third of the time (measured).
        self._pack = zlib.compressobj(strategy=zlib.Z_RLE)
        file.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _TYPES[samples], 0, 0, 0))
        if kind.profile:
            self._chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(kind.profile))

    def write(self, rows: ImageFile) -> None:
        """The next rows."""
        pixels = interleaved(rows)
        above = np.concatenate([self._above, pixels[:-1]])
        self._above = pixels[-1:].copy()
        self._data(self._pack.compress(_filtered(pixels, above).data))

    def close(self) -> None:
        """The end of the file."""
        self._data(self._pack.flush())
        self._chunk(b"IEND", b"")

    def _data(self, packed: bytes) -> None:
        if packed:
            self._chunk(b"IDAT", packed)

    def _chunk(self, name: bytes, content: bytes) -> None:
        self._file.write(struct.pack(">I", len(content)) + name)
        self._file.write(content)
        self._file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))


def _filtered(pixels: Picture, above: Picture) -> Picture:
    """(h, w, samples) -> (h, 1 + w * samples): before each row the filter that it was made with."""
    height, width, samples = pixels.shape
    left = np.zeros_like(pixels)
    left[:, 1:] = pixels[:, :-1]
    mean = (left & above) + ((left ^ above) >> 1)  # rounded down, and without a ninth bit
    filtered = np.empty((height, 1 + width * samples), np.uint8)
    filtered[:, 0] = _AVERAGE
    filtered[:, 1:] = (pixels - mean).reshape(height, -1)  # uint8 wraps, as it must
    return filtered
