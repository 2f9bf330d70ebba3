"""A JPEG file, strip by strip.

Every row of blocks is made independent of the others with a restart marker behind it (ITU T.81,
E.1.4). Strips of eight such rows can therefore be encoded one by one and put behind each other: the
markers count to eight and begin again. The header is the first strip's with the true height in it.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from PIL import Image

from srgan_edge.decoded import ImageFile
from srgan_edge.quality import Picture
from srgan_edge.rows.samples import interleaved

_QUALITY = 95
_STRIP = 128  # rows: eight of the largest blocks, of 16
_SOF0, _SOS, _LAST_RESTART, _EOI = b"\xff\xc0", b"\xff\xda", b"\xff\xd7", b"\xff\xd9"


class JpegRows:
    """Baseline JPEG, grey or colour; alpha is left out."""

    def __init__(self, file: BinaryIO, width: int, height: int, kind: ImageFile) -> None:
        """Get ready; the header comes with the first strip."""
        self._file = file
        self._height = height
        self._profile = kind.profile
        self._waiting: list[Picture] = []
        self._begun = False

    def write(self, rows: ImageFile) -> None:
        """The next rows."""
        self._waiting.append(interleaved(rows, keeps_alpha=False))
        pixels = np.concatenate(self._waiting)
        whole = len(pixels) // _STRIP * _STRIP
        for start in range(0, whole, _STRIP):
            self._strip(pixels[start : start + _STRIP])
        self._waiting = [pixels[whole:]]

    def close(self) -> None:
        """The last rows, and the end of the file."""
        left = np.concatenate(self._waiting)
        if len(left):
            self._strip(left)
        self._file.write(_EOI)

    def _strip(self, pixels: Picture) -> None:
        header, scan = self._encoded(pixels)
        self._file.write(_LAST_RESTART if self._begun else _with_height(header, self._height))
        self._file.write(scan)
        self._begun = True

    def _encoded(self, pixels: Picture) -> tuple[bytes, bytes]:
        memory = io.BytesIO()
        picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        profile = None if self._begun else self._profile
        picture.save(memory, "JPEG", quality=_QUALITY, icc_profile=profile, restart_marker_rows=1)
        content = memory.getvalue()
        (length,) = struct.unpack(">H", content[(at := _find(content, _SOS) + 2) : at + 2])
        return content[: at + length], content[at + length : -len(_EOI)]


def _find(content: bytes, wanted: bytes) -> int:
    """Where a marker is, from segment to segment: within them the same bytes mean nothing."""
    at = 2
    while content[at : at + 2] != wanted:
        at += 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])
    return at


def _with_height(header: bytes, height: int) -> bytes:
    at = _find(header, _SOF0) + 5  # behind the marker, its length and the bits of a sample
    return header[:at] + struct.pack(">H", height) + header[at + 2 :]
