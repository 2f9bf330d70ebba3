"""Exact tiles: with the model's halo around each, the stitched picture equals the untiled one.

A convolution pads the border of the picture with zeros. A tile that ends inside the picture takes
real pixels for `halo` more instead, and only what those cannot spoil is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from srgan_edge.errors import InputError

# Input pixels. Above the first, "auto" cuts tiles of the second: about 100 MB of working memory.
_AUTO_LIMIT = 512 * 512
_AUTO_TILE = 384


@dataclass(frozen=True)
class Tile:
    """Slices of rows and columns, all in input pixels.

    Attributes:
        rows, columns: of the picture that this tile answers for.
        read_rows, read_columns: the same with the halo, cut at the picture's border.
    """

    rows: slice
    columns: slice
    read_rows: slice
    read_columns: slice

    def kept(self, scale: int) -> tuple[slice, slice]:
        """What to keep of the upscaled block that was read, in output pixels."""
        rows = _scaled(self.rows, -self.read_rows.start, scale)
        return rows, _scaled(self.columns, -self.read_columns.start, scale)

    def place(self, scale: int) -> tuple[slice, slice]:
        """Where the kept part goes in the upscaled picture, in output pixels."""
        return _scaled(self.rows, 0, scale), _scaled(self.columns, 0, scale)


def tile_side(tile: int | str | None, height: int, width: int) -> int:
    """The side of a tile in input pixels for a picture: a number, "auto", or None for no tiles.

    Raises:
        InputError: anything else.
    """
    whole = max(height, width, 1)
    if tile is None:
        return whole
    if tile == "auto":
        return whole if height * width <= _AUTO_LIMIT else _AUTO_TILE
    if isinstance(tile, str):
        if not tile.isdecimal():
            raise InputError(f"tile must be auto or a number of pixels, got {tile!r}")
        tile = int(tile)
    if tile < 1:
        raise InputError(f"tile must be at least 1 pixel, got {tile}")
    return tile


def tiles(height: int, width: int, side: int, halo: int) -> Iterator[Tile]:
    """Cut a picture of `height` x `width` into tiles of at most `side`, row by row."""
    for rows in _spans(height, side):
        for columns in _spans(width, side):
            reads = _widened(rows, halo, height), _widened(columns, halo, width)
            yield Tile(rows, columns, *reads)


def _spans(length: int, side: int) -> Iterator[slice]:
    for start in range(0, length, side):
        yield slice(start, min(start + side, length))


def _widened(span: slice, halo: int, length: int) -> slice:
    return slice(max(0, span.start - halo), min(length, span.stop + halo))


def _scaled(span: slice, shift: int, scale: int) -> slice:
    return slice((span.start + shift) * scale, (span.stop + shift) * scale)
