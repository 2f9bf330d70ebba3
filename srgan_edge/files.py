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
    part = final.with_name(f".{final.stem}.{os.getpid()}.part{final.suffix}")
    try:
        yield part
        _flush_to_disk(part)
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)


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
        raise InputError(f"not a folder: {folder} (it is a file)") from None
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from None
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass  # the only sure test: permission bits say little to root and on network drives
    except OSError as error:
        raise InputError(f"cannot write into the folder {folder}: {error.strerror}") from None


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
