from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from srgan_edge.errors import InputError
from srgan_edge.tiles import tile_side, tiles

LENGTHS, SIDES, HALOS = st.integers(1, 120), st.integers(1, 140), st.integers(0, 20)


@given(LENGTHS, LENGTHS, SIDES)
@example(12, 24, 4)
@example(13, 25, 4)
def test_tiles_are_a_partition(height: int, width: int, side: int) -> None:
    covered = np.zeros((height, width), int)
    for tile in tiles(height, width, side, halo=7):
        block = covered[tile.rows, tile.columns]
        assert 0 < block.shape[0] <= side
        assert 0 < block.shape[1] <= side
        block += 1
    assert (covered == 1).all()


@given(LENGTHS, LENGTHS, SIDES, HALOS)
def test_the_halo_ends_only_at_the_border(height: int, width: int, side: int, halo: int) -> None:
    for tile in tiles(height, width, side, halo):
        for own, read, length in (
            (tile.rows, tile.read_rows, height),
            (tile.columns, tile.read_columns, width),
        ):
            assert read.start == max(0, own.start - halo)
            assert read.stop == min(length, own.stop + halo)


@given(LENGTHS, LENGTHS, SIDES, HALOS, st.integers(1, 8))
def test_stitching_gives_the_picture(
    height: int, width: int, side: int, halo: int, scale: int
) -> None:
    picture = np.arange(height * width).reshape(height, width)
    enlarged = picture.repeat(scale, 0).repeat(scale, 1)
    stitched = np.full_like(enlarged, -1)
    for tile in tiles(height, width, side, halo):
        block = picture[tile.read_rows, tile.read_columns].repeat(scale, 0).repeat(scale, 1)
        stitched[tile.place(scale)] = block[tile.kept(scale)]
    assert (stitched == enlarged).all()


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_auto_cuts_only_what_is_large(height: int, width: int) -> None:
    side = tile_side("auto", height, width)
    if height * width <= 512 * 512:
        assert side >= max(height, width)
    else:
        assert side < max(height, width)
    assert tile_side(None, height, width) >= max(height, width)


def test_a_number_is_taken_as_it_is() -> None:
    assert tile_side("48", 1000, 1000) == tile_side(48, 10, 10) == 48


@pytest.mark.parametrize("tile", ["0", 0, -1, "-1", "x", "", "1.5", "Auto"])
def test_refuses(tile: int | str) -> None:
    with pytest.raises(InputError, match=r"tile must be .*got"):
        tile_side(tile, 100, 100)
