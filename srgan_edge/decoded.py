"""A picture as Pillow decoded it, given row by row as 8-bit BGR: for pictures of any size.

Pillow holds four bytes a pixel. What is made of them (turned upright, reduced to 8 bits, as BGR and
alpha) is made for the rows that are asked for and no others, so that nothing else of that size is
in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 100_000_000
# Pillow's names of the same: no other of its decoders is asked.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_LOOKED_AT = 256  # rows at a time, where all of them are looked at
_Turn = Image.Transpose
# By EXIF's orientation: how the picture is turned, and whether its first row is the last one (or
# the last column) of what is stored.
_TURNS = {
    2: (_Turn.FLIP_LEFT_RIGHT, False),
    3: (_Turn.ROTATE_180, True),
    4: (_Turn.FLIP_TOP_BOTTOM, True),
    5: (_Turn.TRANSPOSE, False),
    6: (_Turn.ROTATE_270, False),
    7: (_Turn.TRANSVERSE, True),
    8: (_Turn.ROTATE_90, True),
}
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class ImageFile:
    """A decoded picture: `bgr` (h, w, 3) uint8, `alpha` (h, w) uint8 or None.

    `grey` and `profile` (ICC) are how it is written again; `reduced` tells that it had more bits.
    """

    bgr: Picture
    alpha: Picture | None = None
    grey: bool = False
    profile: bytes | None = None
    reduced: bool = False

    def with_pixels(self, bgr: Picture, alpha: Picture | None) -> ImageFile:
        """The same kind of picture with other pixels."""
        return replace(self, bgr=bgr, alpha=alpha)


def check_input(path: Path, width: int, height: int, max_pixels: int) -> None:
    """Check how large a picture or a frame is.

    Raises:
        InputError: it has more than `max_pixels` pixels.
    """
    if width * height > max_pixels:
        raise InputError(
            f"{path} has {width}x{height} pixels, which are {width * height:,}; accepted are "
            f"{max_pixels:,}: --max-pixels changes that"
        )


class Decoded:
    """A picture in Pillow's memory; `width` and `height` are those of the upright one."""

    def __init__(self, path: Path, check: Callable[[int, int], None] = lambda *_: None) -> None:
        """Decode a file.

        Args:
            path: of the file.
            check: called with width and height before the pixels are looked at; may refuse.

        Raises:
            InputError: missing, unreadable, damaged, refused, or no image.
        """
        try:
            with Image.open(path, formats=_FORMATS) as opened:
                check(*opened.size)
                opened.load()
                self._image: Image.Image = opened
                self._orientation = opened.getexif().get(ExifTags.Base.Orientation)
        except FileNotFoundError:
            raise InputError(f"no such file: {path}") from None
        except UnidentifiedImageError:
            kinds = " ".join(IMAGE_SUFFIXES)
            raise InputError(f"not an image: {path} (its content is none of {kinds})") from None
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise InputError(f"cannot read the image {path}: {error}") from None
        size = self._image.size
        self.width, self.height = size[::-1] if self._orientation in _SIDEWAYS else size

    def rows(self, start: int, stop: int) -> ImageFile:
        """The rows from `start` up to `stop` of the upright picture."""
        part = self._stored(start, stop)
        mode, profile = self._image.mode, self._image.info.get("icc_profile")
        grey = mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")
        rgb = np.asarray(self._eight_bits(part).convert("RGB"))
        keep = profile if mode != "CMYK" else None
        return ImageFile(
            np.ascontiguousarray(rgb[..., ::-1]), _alpha(part), grey, keep, self._is_deep
        )

    @cached_property
    def even_alpha(self) -> int | None:
        """The value that the alpha of all pixels has; None where they differ or have none."""
        least, most = 255, 0
        for start in range(0, self.height, _LOOKED_AT):
            alpha = _alpha(self._stored(start, min(start + _LOOKED_AT, self.height)))
            if alpha is None:
                return None
            least, most = min(least, int(alpha.min())), max(most, int(alpha.max()))
            if least < most:
                return None
        return least

    def _stored(self, start: int, stop: int) -> Image.Image:
        """These rows, upright, in the file's own mode."""
        turn, backwards = _TURNS.get(self._orientation, (None, False))
        first, last = (self.height - stop, self.height - start) if backwards else (start, stop)
        width, height = self._image.size
        sideways = self._orientation in _SIDEWAYS
        box = (first, 0, last, height) if sideways else (0, first, width, last)
        part = self._image if box == (0, 0, width, height) else self._image.crop(box)
        return part if turn is None else part.transpose(turn)

    @property
    def _is_deep(self) -> bool:
        return self._image.mode == "F" or self._image.mode.startswith("I")

    def _eight_bits(self, part: Image.Image) -> Image.Image:
        """Reduce 16-bit, 32-bit and floating-point grey to 8 bits; other modes pass."""
        if isinstance(part.info.get("transparency"), bytes):  # else Pillow warns of what it drops
            return part.convert("RGBA")
        if not self._is_deep:
            return part
        values = np.nan_to_num(np.asarray(part).astype(np.float64))
        return Image.fromarray(np.clip(values * (255 / self._peak) + 0.5, 0, 255).astype(np.uint8))

    @cached_property
    def _peak(self) -> float:
        """Integers use 16 bits whatever their container; floats are 0..1 or already 0..255."""
        if self._image.mode != "F":
            return 65535.0
        return 1.0 if all(values.max(initial=0) <= 1 for values in self._floats()) else 255.0

    def _floats(self) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
        for start in range(0, self.height, _LOOKED_AT):
            part = self._stored(start, min(start + _LOOKED_AT, self.height))
            yield np.nan_to_num(np.asarray(part).astype(np.float64))


def _alpha(image: Image.Image) -> Picture | None:
    if not image.has_transparency_data:
        return None
    return np.asarray(image.convert("RGBA").getchannel("A"))
