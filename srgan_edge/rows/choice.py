"""Which format takes how large a picture, and who writes it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol

from srgan_edge.decoded import ImageFile
from srgan_edge.errors import InputError
from srgan_edge.rows.jpeg import JpegRows
from srgan_edge.rows.png import PngRows
from srgan_edge.rows.tiff import TiffRows

ROW_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
# The longest side that a format can have.
_SIDES = {".webp": 16_383, ".jpg": 65_535, ".jpeg": 65_535}
# Pixels of those that are written whole: some 1.5 GB of memory.
_MOST_WHOLE = 100_000_000


class RowWriter(Protocol):
    """Takes a picture from top to bottom."""

    def write(self, rows: ImageFile) -> None:
        """The next rows, all of them as wide as the picture."""

    def close(self) -> None:
        """No rows follow. The file is its owner's."""


def check_output(path: Path, width: int, height: int) -> None:
    """Check, before any work, that a picture of this size can be written to `path`.

    Raises:
        InputError: it cannot, and what can be.
    """
    suffix = path.suffix.lower()
    size = f"{path} would have {width}x{height} pixels"
    longest = _SIDES.get(suffix)
    if longest is not None and max(width, height) > longest:
        raise InputError(
            f"{size}: {suffix} files have at most {longest:,} a side; .png and .tif take them"
        )
    if suffix not in ROW_SUFFIXES and width * height > _MOST_WHOLE:
        raise InputError(
            f"{size}: {suffix} files are written whole, with at most {_MOST_WHOLE:,}; "
            f"accepted for larger ones are {' '.join(ROW_SUFFIXES)}"
        )


def row_writer(path: Path, file: BinaryIO, width: int, height: int, kind: ImageFile) -> RowWriter:
    """What writes a picture of `width` x `height` into `file`.

    Args:
        path: its suffix says the format, one of `ROW_SUFFIXES`.
        file: open for writing, and empty.
        width: in pixels.
        height: in pixels.
        kind: any rows of the picture; whether it is grey and has alpha, and its colour profile.
    """
    suffix = path.suffix.lower()
    if suffix in (".jpg", ".jpeg"):
        return JpegRows(file, width, height, kind)
    return (PngRows if suffix == ".png" else TiffRows)(file, width, height, kind)
