"""Numbered pictures, as a video."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.images import IMAGE_SUFFIXES, find_files, read_rgb
from srgan_edge.quality import Picture
from srgan_edge.sources.address import Address
from srgan_edge.sources.framing import Framing

_RATE = 25.0


class Sequence:
    """Pictures of a folder, or of a pattern as `frame-%04d.png`, in the order of numbers."""

    is_live = False
    lost_since = None

    def __init__(self, address: Address, framing: Framing, rate: float | None = None) -> None:
        """Find them.

        Args:
            address: a folder, or a pattern of names.
            framing: what of each picture is given.
            rate: frames a second; 25 unless given.

        Raises:
            InputError: there are none.
        """
        self.name = address.name
        self.rate = rate or _RATE
        self._framing = framing
        self._paths = iter(_find(Path(str(address.target))))

    def read(self) -> Picture | None:
        """The next picture as a frame, or None when there are no more.

        Raises:
            InputError: it cannot be read.
        """
        path = next(self._paths, None)
        if path is None:
            return None
        return self._framing(np.ascontiguousarray(read_rgb(path)[..., ::-1]))

    def close(self) -> None:
        """Nothing is open between two pictures."""


def _find(target: Path) -> list[Path]:
    folder = target if target.is_dir() else target.parent
    if not folder.is_dir():
        raise InputError(f"no such folder of pictures: {folder}")
    paths = [path for path in find_files(folder, IMAGE_SUFFIXES) if path.parent == folder]
    if not target.is_dir():
        head, width, tail = re.split(r"%0?(\d*)d", target.name, maxsplit=1)
        digits = rf"\d{{{int(width)},}}" if width else r"\d+"
        name = re.compile(re.escape(head) + digits + re.escape(tail))
        paths = [path for path in paths if name.fullmatch(path.name)]
    if not paths:
        raise InputError(f"no pictures: {target}")
    return sorted(paths, key=_by_number)


def _by_number(path: Path) -> list[tuple[int, str]]:
    """`frame-9.png` comes before `frame-10.png`."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
