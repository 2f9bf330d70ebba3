"""A picture as Pillow decoded it, given row by row as 8-bit BGR: for pictures of any size.

Pillow holds four bytes a pixel. What is made of them (turned upright, reduced to 8 bits, as BGR and
alpha) is made for the rows that are asked for and no others, so that nothing else of that size is
in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 100_000_000
MAX_SIDE = 65_536  # a strip has the whole width
# Pillow's names of the same: no other of its decoders is asked.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_MOST_SCANS = 200  # of a progressive JPEG: encoders make about ten
_LARGEST_PROFILE = 4 << 20  # bytes
logging.getLogger("PIL").addHandler(logging.NullHandler())  # it raises what it logs
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
_UPRIGHT, _SIDEWAYS = 1, (5, 6, 7, 8)


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
        InputError: it has more than `max_pixels` pixels, or more than `MAX_SIDE` a side.
    """
    if max(width, height) > MAX_SIDE:
        raise InputError(
            f"{path} has {width}x{height} pixels; accepted are up to {MAX_SIDE:,} a side"
        )
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
        self._path = path
        with self._refusing():
            if not path.is_file():
                raise InputError(f"{'not a' if path.exists() else 'no such'} file: {path}")
            with Image.open(path, formats=_FORMATS) as opened:
                check(*opened.size)
                self._image: Image.Image = opened
                _load(opened, path)
                self._orientation = _orientation(opened)
        size = self._image.size
        self.width, self.height = size[::-1] if self._orientation in _SIDEWAYS else size

    def rows(self, start: int, stop: int) -> ImageFile:
        """The rows from `start` up to `stop` of the upright picture.

        Raises:
            InputError: its pixels are of a kind that cannot be.
        """
        with self._refusing():
            return self._rows(start, stop)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Whatever Pillow says of a damaged file is bad input; it raises a dozen kinds."""
        path = self._path
        try:
            yield
        except InputError:
            raise
        except UnidentifiedImageError:
            kinds = " ".join(IMAGE_SUFFIXES)
            raise InputError(f"not an image: {path} (its content is none of {kinds})") from None
        except MemoryError:
            raise InputError(f"the image {path} needs more memory than there is") from None
        except Exception as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise InputError(f"cannot read the image {path}: {said}") from None

    def _rows(self, start: int, stop: int) -> ImageFile:
        part = self._stored(start, stop)
        mode, profile = self._image.mode, self._image.info.get("icc_profile")
        grey = mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")
        rgb = np.asarray(self._eight_bits(part).convert("RGB"))
        keep = profile if mode != "CMYK" and _is_profile(profile) else None
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
        inside = np.clip(values, 0, self._peak)
        return Image.fromarray((inside * (255 / self._peak) + 0.5).astype(np.uint8))

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


def _load(image: Image.Image, path: Path) -> None:
    """Decode the pixels."""
    if image.format == "JPEG":
        # A kilobyte can hold a pass over all pixels. Within one that byte pair does not occur.
        scans = path.read_bytes().count(b"\xff\xda")
        if scans > _MOST_SCANS:
            raise ValueError(f"it has {scans} scans, accepted are up to {_MOST_SCANS}")
    # libtiff prints what it thinks of a file.
    with native_messages_hidden() if image.format == "TIFF" else nullcontext():
        image.load()


def _orientation(image: Image.Image) -> int:
    """EXIF's; upright where it is damaged: the pixels count."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        return _UPRIGHT
    return found if isinstance(found, int) else _UPRIGHT


def _is_profile(profile: object) -> bool:
    """Whether it may be an ICC profile: what is none is not written again."""
    known = isinstance(profile, bytes) and profile[36:40] == b"acsp"
    return known and isinstance(profile, bytes) and len(profile) <= _LARGEST_PROFILE


def _alpha(image: Image.Image) -> Picture | None:
    if not image.has_transparency_data:
        return None
    return np.asarray(image.convert("RGBA").getchannel("A"))
