"""Makes an environment smaller, and does nothing else to it: python3 slim.py ENVIRONMENT.

Removed are packages' tests, examples, manuals, headers and type stubs. In shared libraries what
only debuggers read becomes a hole, and so does what is zero anyway, between segments: everything
else stays at its place, and the disk has a third back.
"""

from __future__ import annotations

import ctypes
import itertools
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

# Of packages where it is known what those are; elsewhere a program may read them.
_PACKAGES = ("PIL", "aiohttp", "av", "cv2", "multidict", "numpy", "pygame")
_FOLDERS = {"tests", "examples", "docs", "include"}
_SUFFIXES = {".pyi", ".pxd", ".pyx", ".h", ".a", ".c", ".cpp"}
_ELF = b"\x7fELF\x02\x01"  # 64 bits, little-endian
_LOADED = 2  # a section's flag: it is in memory while the program runs
_EMPTY = (0, 8)  # kinds of sections that take nothing in the file
_PAGE = 4096
_NOTHING = bytes(_PAGE)
_PUNCH_AND_KEEP_SIZE = 3  # fallocate's mode
_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Make it smaller, and say by how much."""
    home = next(Path(sys.argv[1]).glob("lib/python3*/site-packages"))
    before = _taken(home)
    for package in _PACKAGES:
        _remove_unread(home / package)
    for library in home.rglob("*.so*"):
        if library.is_file() and not library.is_symlink():
            _make_holes(library)
    print(f"{(before - _taken(home)) / 1e6:.0f} MB of tests, manuals and debug information removed")


def _taken(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def _remove_unread(package: Path) -> None:
    for path in [*package.rglob("*")]:
        if path.name in _FOLDERS and path.is_dir():
            shutil.rmtree(path)
        elif path.suffix in _SUFFIXES and path.is_file():
            path.unlink()


def _make_holes(library: Path) -> None:
    data = bytearray(library.read_bytes())
    if not data.startswith(_ELF):
        return
    for start, end in _sections_for_debuggers(data):
        data[start:end] = bytes(end - start)
    starts = range(0, len(data) - _PAGE + 1, _PAGE)
    empty = ((start, data[start : start + _PAGE] == _NOTHING) for start in starts)
    with library.open("r+b") as file:
        for is_empty, pages in itertools.groupby(empty, key=lambda page: page[1]):
            places = [start for start, _ in pages]
            if is_empty and not _punch(file.fileno(), places[0], places[-1] + _PAGE):
                return  # a disk without holes: it works as it is


def _sections_for_debuggers(data: bytearray) -> Iterator[tuple[int, int]]:
    """Sections that are not loaded; their names stay, so that tools can list them."""
    (table,) = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    for number in range(count):
        at = table + number * size
        _, kind, flags, _, start, length = struct.unpack_from("<IIQQQQ", data, at)
        if kind not in _EMPTY and not flags & _LOADED and number != names:
            yield start, min(start + length, len(data))


def _punch(file: int, start: int, end: int) -> bool:
    at, length = ctypes.c_int64(start), ctypes.c_int64(end - start)
    return bool(_LIBC.fallocate(file, _PUNCH_AND_KEEP_SIZE, at, length) == 0)


if __name__ == "__main__":
    main()
