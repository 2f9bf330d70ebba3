"""Which part of a frame is upscaled, and at which size."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture


@dataclass(frozen=True)
class Crop:
    """A part of every frame, in its pixels; in the middle unless it says where."""

    width: int
    height: int
    place: tuple[int, int] | None = None  # left, top

    def of(self, frame: Picture) -> Picture:
        """(h, w, 3) -> (height, width, 3).

        Raises:
            InputError: it reaches beyond the frame.
        """
        rows, columns = frame.shape[:2]
        middle = ((columns - self.width) // 2, (rows - self.height) // 2)
        left, top = self.place or middle
        if min(left, top) < 0 or left + self.width > columns or top + self.height > rows:
            raise InputError(f"--crop {self} does not lie within frames of {columns}x{rows}")
        return frame[top : top + self.height, left : left + self.width]

    def __str__(self) -> str:
        """As `parse_crop` takes it."""
        place = "" if self.place is None else f"+{self.place[0]}+{self.place[1]}"
        return f"{self.width}x{self.height}{place}"


def parse_crop(text: str) -> Crop:
    """`320x180`, from the middle, or `320x180+40+20`, from 40 right and 20 down of the top left.

    Raises:
        InputError: it is neither.
    """
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})(?:\+(\d{1,5})\+(\d{1,5}))?", text)
    if not match or not (int(match[1]) and int(match[2])):
        raise InputError(f"--crop must be WIDTHxHEIGHT or WIDTHxHEIGHT+LEFT+TOP, got {text!r}")
    place = None if match[3] is None else (int(match[3]), int(match[4]))
    return Crop(int(match[1]), int(match[2]), place)


@dataclass(frozen=True)
class Framing:
    """A part of every frame, then a size (width, height); None leaves frames as they are."""

    size: tuple[int, int] | None = None
    crop: Crop | None = None

    def __call__(self, frame: Picture) -> Picture:
        """(h, w, 3) uint8 -> (h', w', 3) uint8, contiguous.

        Raises:
            InputError: the crop reaches beyond the frame.
        """
        part = frame if self.crop is None else self.crop.of(frame)
        return np.ascontiguousarray(part if self.size is None else fit(part, self.size))


def fit(frame: Picture, size: tuple[int, int]) -> Picture:
    """Crop `frame` around its centre to the shape of `size` (width, height), and resize it."""
    width, height = size
    rows, columns = frame.shape[:2]
    if (columns, rows) == size:
        return frame
    keep_rows = min(rows, max(1, round(columns * height / width)))
    keep_columns = min(columns, max(1, round(rows * width / height)))
    top, left = (rows - keep_rows) // 2, (columns - keep_columns) // 2
    cropped = frame[top : top + keep_rows, left : left + keep_columns]
    smaller = keep_columns > width
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cropped, size, interpolation=method), dtype=np.uint8)
