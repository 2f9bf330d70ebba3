"""Pictures of any size: strip after strip from what was decoded to the file.

A strip is upscaled with the model's halo above and below it, as tiles are, so that the whole is the
same to the bit. In memory are the picture that came in (four bytes a pixel) and one strip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from srgan_edge.decoded import Decoded, ImageFile
from srgan_edge.files import whole_file
from srgan_edge.quality import Picture
from srgan_edge.rows import row_writer
from srgan_edge.upscaler import Upscaler

_STRIP = 10_000_000  # pixels of the output, about: 30 MB
_FEWEST_ROWS = 32  # of the input: else most of the work would be the halo's
_PIECE = 64  # rows of the output that a writer takes at once: it makes several copies of them


def write_upscaled(
    target: Path,
    image: Decoded,
    upscaler: Upscaler,
    progress: Callable[[int], object] = lambda _: None,
) -> None:
    """Upscale `image` into the file `target`, which appears whole or not at all.

    Args:
        target: its suffix is one of `rows.ROW_SUFFIXES`.
        image: what is upscaled.
        upscaler: what it goes through.
        progress: called with the rows of the input that are done.

    Raises:
        InputError: the folder cannot be written.
        RunError: writing failed, or the model did.
    """
    width, height = image.width * upscaler.scale, image.height * upscaler.scale
    with whole_file(target) as part, part.open("wb") as file:
        writer = row_writer(target, file, width, height, image.rows(0, 1))
        done = 0
        for strip in upscaled_strips(image, upscaler):
            for start in range(0, len(strip.bgr), _PIECE):
                writer.write(_part(strip, slice(start, start + _PIECE)))
            done += len(strip.bgr) // upscaler.scale
            progress(done)
        writer.close()


def _part(strip: ImageFile, rows: slice) -> ImageFile:
    return strip.with_pixels(strip.bgr[rows], None if strip.alpha is None else strip.alpha[rows])


def upscaled_strips(
    image: Decoded, upscaler: Upscaler, rows: int | None = None
) -> Iterator[ImageFile]:
    """The upscaled picture from top to bottom, in strips of so many rows of the input."""
    rows = rows or max(_FEWEST_ROWS, _STRIP // (image.width * upscaler.scale**2))
    for start in range(0, image.height, rows):
        stop = min(start + rows, image.height)
        halo = upscaler.model.facts.halo
        first, last = max(0, start - halo), min(image.height, stop + halo)
        read = image.rows(first, last)
        kept = slice((start - first) * upscaler.scale, (stop - first) * upscaler.scale)
        alpha = None
        if read.alpha is not None:
            alpha = upscaled_alpha(read.alpha, image.even_alpha, upscaler)[kept]
        yield read.with_pixels(upscaler(read.bgr)[kept], alpha)


def upscaled_alpha(alpha: Picture, even: int | None, upscaler: Upscaler) -> Picture:
    """Transparency through the model, but what is the same all over stays so, to the level.

    Args:
        alpha: (h, w) uint8.
        even: the value that all of the picture has, if it has one.
        upscaler: what it goes through.
    """
    if even is None:
        return upscaler.grey(alpha)
    height, width = alpha.shape
    return np.full((height * upscaler.scale, width * upscaler.scale), even, np.uint8)
