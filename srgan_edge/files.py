"""Files appear whole or not at all: write beside, fsync, rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from srgan_edge.errors import InputError


@contextmanager
def whole_file(final: Path) -> Iterator[Path]:
    """Yield a temporary path beside `final` that becomes `final` when the block succeeds.

    The temporary name keeps the suffix, because image and video writers choose their format by it.
    When the block raises, nothing is left behind and an older `final` is untouched.

    Raises:
        InputError: the folder cannot be made or written.
    """
    make_folder(final.parent)
    part = part_of(final)
    try:
        yield part
        put_in_place(part, final)
    finally:
        part.unlink(missing_ok=True)


def part_of(final: Path) -> Path:
    """Where `final` is written before it gets its name: hidden, with the same suffix."""
    return final.with_name(f".{final.stem}.{os.getpid()}.part{final.suffix}")


def put_in_place(part: Path, final: Path) -> None:
    """Flush `part` to the disk and give it its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(final)


def check_target(final: Path) -> None:
    """Check, before any work and leaving nothing behind, that the file `final` can be written.

    Raises:
        InputError: it is a folder, or its folder cannot be made or written.
    """
    if final.is_dir():
        raise InputError(f"{final} is a folder: give the name of a file")
    nearest = next(folder for folder in final.absolute().parents if folder.exists())
    make_folder(nearest)


def write_bytes(final: Path, content: bytes) -> None:
    """Write `content` to `final`, whole or not at all."""
    with whole_file(final) as part:
        part.write_bytes(content)


def write_text(final: Path, content: str) -> None:
    """Write `content` as UTF-8 to `final`, whole or not at all."""
    write_bytes(final, content.encode())


def make_folder(folder: Path) -> None:
    """Make `folder` with its parents and check that files can be written into it.

    Raises:
        InputError: it cannot be made, is a file, or is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{folder} is a file, not a folder") from None
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from None
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass  # the only sure test: permission bits say little to root and on network drives
    except OSError as error:
        raise InputError(f"cannot write into the folder {folder}: {error.strerror}") from None
